"""The back-up's file: every flipped byte, cut and wrong key is found and named; it is there whole or not at all."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.engines.clones import ROOT
from tests.trial.backup.conftest import Clinic
from trial.backup import keys
from trial.backup.checking import check
from trial.backup.container import CHUNK, TAG, Damaged, NoBackup, Reader, read_header
from trial.backup.keys import NotTheKey

FLIPS, CUTS = 150, 40


def silent(_words: str) -> None:
    """Say nothing."""


@pytest.fixture
def backup(clinic: Clinic) -> Path:
    """A back-up with two files of random bytes, so that it has many chunks."""
    noise = random.Random(7)
    for name in ("big-one", "big-two"):
        (clinic.var_dir / "uploads" / name).write_bytes(noise.randbytes(5 * CHUNK))
    call_command("backup", out=clinic.out)
    return clinic.only_backup()


def told(path: Path) -> str:
    """What a check says is damaged; empty for nothing."""
    try:
        return "; ".join(check(path, silent).damages)
    except (Damaged, NoBackup) as wrong:
        return str(wrong)


def test_a_whole_back_up_has_no_damage_and_many_chunks(backup: Path) -> None:
    assert told(backup) == ""
    assert Reader(backup, keys.configured).chunks > 10


def test_one_flipped_byte_is_found_wherever_it_is(backup: Path) -> None:
    whole, chance = backup.read_bytes(), random.Random(11)
    _, start, _ = read_header(backup)
    places = [*range(0, start, 5), start, len(whole) - 1, *chance.sample(range(start, len(whole)), FLIPS)]
    unnoticed = []
    for place in places:
        flipped = bytearray(whole)
        flipped[place] ^= 1 << chance.randrange(8)
        backup.write_bytes(flipped)
        if not told(backup):
            unnoticed.append(place)
    assert unnoticed == []


@pytest.mark.parametrize("name", ["uploads/big-one", "uploads/big-two"])
def test_the_damaged_part_is_named(backup: Path, name: str) -> None:
    reader = Reader(backup, keys.configured)
    part = next(part for part in reader.index()["parts"] if part.name == name)
    number = (part.offset + part.length // 2) // CHUNK
    data = bytearray(backup.read_bytes())
    data[reader.start + number * (CHUNK + TAG) + 100] ^= 1
    backup.write_bytes(data)
    assert told(backup).startswith(f"{name} (bytes ")


def test_chunks_that_change_places_are_found(backup: Path) -> None:
    reader, data = Reader(backup, keys.configured), backup.read_bytes()
    size = CHUNK + TAG
    one, two = reader.start + 2 * size, reader.start + 3 * size
    backup.write_bytes(data[:one] + data[two : two + size] + data[one:two] + data[two + size :])
    assert told(backup).count("bytes") == 2


def test_a_cut_is_found_wherever_it_is(backup: Path) -> None:
    whole, reader = backup.read_bytes(), Reader(backup, keys.configured)
    ends = [reader.start + number * (CHUNK + TAG) for number in range(reader.chunks)]
    cuts = [0, 1, 12, *ends, len(whole) - 1, *random.Random(13).sample(range(len(whole)), CUTS)]
    unnoticed = []
    for cut in cuts:
        backup.write_bytes(whole[:cut])
        if not told(backup):
            unnoticed.append(cut)
    assert unnoticed == []
    backup.write_bytes(whole[: ends[-1]])
    assert "cut off" in told(backup)


def test_bytes_added_at_the_end_are_found(backup: Path) -> None:
    backup.write_bytes(backup.read_bytes() + b"\0")
    assert told(backup)


def test_a_wrong_key_says_so_and_is_not_called_damage(backup: Path, settings: Any) -> None:
    settings.BACKUP_KEY = "cd" * 32
    with pytest.raises(NotTheKey, match="not the one that this back-up was made with"):
        check(backup, silent)
    with pytest.raises(CommandError, match="key is not the one"):
        call_command("check_backup", backup)


def test_another_file_is_no_back_up(tmp_path: Path) -> None:
    other = tmp_path / "letter.pdf"
    other.write_bytes(b"%PDF-1.7 " * 1000)
    with pytest.raises(NoBackup, match="is no back-up"):
        check(other, silent)


def test_a_passphrase_opens_what_it_closed(clinic: Clinic, settings: Any, tmp_path: Path) -> None:
    words = tmp_path / "words"
    words.write_text("a long enough passphrase\n")
    settings.BACKUP_PASSPHRASE_FILE = str(words)
    call_command("backup", out=clinic.out)
    assert check(clinic.only_backup(), silent).damages == []
    words.write_text("another long passphrase\n")
    with pytest.raises(NotTheKey):
        check(clinic.only_backup(), silent)


def test_a_production_site_without_a_key_of_its_own_makes_no_back_up(clinic: Clinic, settings: Any) -> None:
    settings.BACKUP_KEY = ""
    with pytest.raises(CommandError, match="Set BACKUP_KEY"):
        call_command("backup", out=clinic.out)
    assert not list(clinic.out.glob("*"))


@pytest.mark.parametrize("text", ["", "zz", "ab" * 16])
def test_a_key_that_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="64 hex digits"):
        keys.key_of(text)


def small_files(size: int) -> Callable[[], None]:
    """For a child process: no file grows above a size, as on a disk that is full."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def test_a_disk_that_fills_leaves_no_half_file_and_the_older_back_up(
    backup: Path, clinic: Clinic, cloned_orm: str
) -> None:
    # Above the database, which SQLite copies first, and below the back-up, which holds a million bytes of noise more.
    (clinic.var_dir / "uploads" / "noise").write_bytes(random.Random(17).randbytes(8_000_000))
    done = subprocess.run(
        [sys.executable, "manage.py", "backup", "--out", str(clinic.out), "--keep", "1"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": cloned_orm, "VAR_DIR": str(clinic.var_dir), "BACKUP_KEY": "ab" * 32},
        preexec_fn=small_files(6_000_000),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "No back-up was made, and no half file is left: File too large" in done.stderr
    assert [path.name for path in clinic.out.iterdir()] == [backup.name]
    assert not list(clinic.var_dir.glob(".back-up-*"))
    assert told(backup) == ""


def test_only_the_newest_are_kept_and_nothing_else_is_touched(clinic: Clinic) -> None:
    clinic.out.mkdir()
    older = [clinic.out / f"trial-2026010{day}T000000Z.backup" for day in range(1, 6)]
    for path in [*older, clinic.out / "notes.txt"]:
        path.write_bytes(b"old")
    (left := clinic.out / ".trial-20260101T000000Z.backup.0.part").write_bytes(b"half")
    call_command("backup", out=clinic.out, keep=3)
    names = sorted(path.name for path in clinic.out.iterdir())
    assert names[:3] == ["notes.txt", older[3].name, older[4].name]
    assert len(names) == 4
    assert not left.exists()


def test_the_keys_are_in_their_envelope_and_not_in_the_back_up(clinic: Clinic, tmp_path: Path) -> None:
    words, envelope, opened = tmp_path / "words", tmp_path / "keys.sealed", tmp_path / "opened"
    words.write_text("a long enough passphrase\n")
    call_command("backup", out=clinic.out, keys=envelope, keys_passphrase=words)
    names = [part.name for part in Reader(clinic.only_backup(), keys.configured).index()["parts"]]
    assert not [name for name in names if "key" in name]
    assert b"5e5e" not in envelope.read_bytes()
    call_command("open_keys", envelope, passphrase=words, out=opened)
    assert (opened / "audit_seal.key").read_text() == "5e" * 32
    assert (opened / "audit_seal.key").stat().st_mode & 0o777 == 0o600
    words.write_text("another long passphrase\n")
    with pytest.raises(CommandError, match="not opened"):
        call_command("open_keys", envelope, passphrase=words, out=opened)
