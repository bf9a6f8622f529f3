"""Back-up, wipe, restore: every row and file is back, or the site is as it was."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections

from tests.trial.backup.conftest import KEY, PHONE, Clinic
from tests.trial.backup.databases import assert_is_back, content, forget_replaced, rows, wipe
from trial.audit.context import audited
from trial.audit.verification import verify
from trial.backup.places import connected
from trial.users.models import Site


@pytest.fixture
def backed_up(clinic: Clinic, cloned_orm: str) -> Iterator[Path]:
    """The clinic's only back-up."""
    call_command("backup", out=clinic.out)
    yield clinic.only_backup()
    forget_replaced(cloned_orm)


def test_after_the_loss_of_everything_every_row_and_file_is_back(
    clinic: Clinic, backed_up: Path, cloned_orm: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(cloned_orm)
    wipe(cloned_orm)
    for name in clinic.files:
        (clinic.var_dir / name).unlink()
    call_command("restore", backed_up)
    assert_is_back(cloned_orm, before)
    assert sum(map(len, before.values())) > 2 * len(clinic.files)
    assert clinic.files_now() == clinic.files
    said = capsys.readouterr().out
    assert "the audit trail is whole" in said
    assert verify().ok
    with audited("system:tests", "goes on"):
        Site.objects.create(code="NEW", name="After", timezone="UTC")
    assert verify().ok


def test_data_are_replaced_only_when_their_site_is_named(clinic: Clinic, backed_up: Path, cloned_orm: str) -> None:
    with audited("system:tests", "entered after the back-up"):
        Site.objects.create(code="LATER", name="Later", timezone="UTC")
    before = content(cloned_orm)
    for name in ("", "ELSEWHERE"):
        with pytest.raises(CommandError, match=r"name the site.*Nothing of the site was changed"):
            call_command("restore", backed_up, replace=name)
    assert content(cloned_orm) == before
    connections.close_all()
    call_command("restore", backed_up, replace="BK")
    assert not Site.objects.filter(code="LATER").exists()
    assert Site.objects.filter(code="BK").exists()


def test_a_database_in_use_stays(clinic: Clinic, backed_up: Path, cloned_orm: str) -> None:
    before = content(cloned_orm)
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM users_site")
            with pytest.raises(CommandError, match="Stop it"):
                call_command("restore", backed_up, replace="BK")
    finally:
        other.close()
    assert content(cloned_orm) == before


def test_a_damaged_back_up_changes_nothing(clinic: Clinic, backed_up: Path, cloned_orm: str) -> None:
    before, data = content(cloned_orm), bytearray(backed_up.read_bytes())
    data[len(data) // 2] ^= 1
    backed_up.write_bytes(data)
    connections.close_all()
    with pytest.raises(CommandError, match=r"damaged.*Nothing of the site was changed"):
        call_command("restore", backed_up, replace="BK")
    assert content(cloned_orm) == before
    assert clinic.files_now() == clinic.files


def test_a_rehearsal_proves_a_back_up_and_touches_nothing(clinic: Clinic, backed_up: Path, cloned_orm: str) -> None:
    with audited("system:tests", "entered after the back-up"):
        Site.objects.create(code="LATER", name="Later", timezone="UTC")
    before = content(cloned_orm)
    call_command("restore", clinic.out, rehearse=True)
    assert content(cloned_orm) == before
    assert not list(Path(clinic.var_dir).glob(".back-up-*"))


def test_a_back_up_of_a_forged_row_is_not_restored(clinic: Clinic, cloned_orm: str) -> None:
    connections.close_all()
    forge = (
        "ALTER TABLE users_site DISABLE TRIGGER USER; UPDATE users_site SET name = 'forged' WHERE code = 'BK'; "
        "ALTER TABLE users_site ENABLE ALWAYS TRIGGER audit_row; "
        "ALTER TABLE users_site ENABLE ALWAYS TRIGGER audit_no_truncate"
    )
    if connection.vendor == "sqlite":
        ((trigger, made),) = rows(
            cloned_orm,
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'users_site' "
            "AND sql LIKE '%UPDATE%' AND name LIKE '%_u%' LIMIT 1",
        )
        rows(cloned_orm, f'DROP TRIGGER "{trigger}"')
        rows(cloned_orm, "UPDATE users_site SET name = 'forged' WHERE code = 'BK'")
        rows(cloned_orm, made)
    else:
        rows(cloned_orm, forge)
    call_command("backup", out=clinic.out)
    with pytest.raises(CommandError, match=r"audit trail is not whole.*users_site"):
        call_command("restore", clinic.out, rehearse=True)


def test_a_back_up_is_one_state_while_others_write(clinic: Clinic, cloned_orm: str) -> None:
    over, written = threading.Event(), list[int]()

    def write() -> None:
        while not over.is_set():
            with audited("system:tests", "busy"):
                Site.objects.create(code=f"W{len(written)}", name="Busy", timezone="UTC")
            written.append(1)
        connections.close_all()

    busy = threading.Thread(target=write)
    busy.start()
    try:
        for _ in range(3):
            call_command("backup", out=clinic.out, keep=1)
            call_command("restore", clinic.out, rehearse=True)
    finally:
        over.set()
        busy.join()
    assert len(written) > 3


def test_the_telephone_number_can_be_read_in_the_database_and_not_in_the_back_up(
    clinic: Clinic, backed_up: Path, cloned_orm: str
) -> None:
    assert PHONE in repr(content(cloned_orm)["users_site"])
    data = backed_up.read_bytes()
    for told in (PHONE, PHONE.replace(" ", ""), "314 555", "users_site", "BK"):
        assert told.encode() not in data[:-1] or told == "BK"
    assert backed_up.stat().st_mode & 0o777 == 0o600
    assert KEY not in data.decode("latin-1")


def test_a_restored_database_is_reached_under_a_name_of_its_own_and_forgotten(clinic: Clinic, settings: Any) -> None:
    with connected(connection.settings_dict["NAME"]) as alias:
        assert Site.objects.using(alias).filter(code="BK").exists()
    assert alias not in connections.settings
