"""aseg.stats is read by its own declarations. FreeSurfer 6 wrote the real file (see data/README.md)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from imaging.formats import FileRefused
from imaging.formats.freesurfer_aseg import read, stripped
from imaging.volumes import measured, per_mille
from tests.imaging.scans import ASEG
from trial import protocol

STRUCTURES = protocol.for_version(protocol.FIRST).imaging.structures


def test_the_real_file_gives_its_printed_numbers() -> None:
    stats = read(ASEG)
    assert stats.etiv == Decimal("1393321.646630")
    assert stats.volumes["Right-Hippocampus"] == Decimal("3981.4")
    assert stats.volumes["Left-Lateral-Ventricle"] == Decimal("5804.0")
    assert (len(stats.volumes), stats.subject) == (45, "sub-0020")


def test_its_right_hippocampus_is_2_857_per_mille() -> None:
    stats = read(ASEG)
    assert round(per_mille(stats.volumes["Right-Hippocampus"], stats.etiv), 3) == Decimal("2.857")


def test_the_thalamus_of_version_6_has_the_name_of_version_7() -> None:
    renamed = ASEG.replace(b"-Thalamus-Proper", b"-Thalamus")
    assert read(ASEG).volumes["Left-Thalamus"] == read(renamed).volumes["Left-Thalamus"] == Decimal("6937.8")
    assert "Left-Thalamus-Proper" not in read(ASEG).volumes


def test_columns_go_by_their_declared_names() -> None:
    text = ASEG.decode().replace("Volume_mm3 StructName normMean", "normMean StructName Volume_mm3")
    assert read(text.encode()).volumes["Left-Lateral-Ventricle"] == Decimal("25.8040")


def test_stripping_drops_user_machine_folders_subject_and_times() -> None:
    kept = stripped(ASEG).decode()
    for trace in (
        "lukas",
        "uva",
        "/media",
        "/usr/local",
        "sub-0020",
        "SUBJECTS_DIR",
        "cmdline",
        "2017/",
        "hostname",
    ):
        assert trace in ASEG.decode()
        assert trace not in kept


def test_stripping_keeps_every_number() -> None:
    before, after = read(ASEG), read(stripped(ASEG))
    assert (after.volumes, after.etiv, after.subject) == (before.volumes, before.etiv, "")
    assert stripped(stripped(ASEG)) == stripped(ASEG)


def test_all_structures_of_the_protocol_are_found() -> None:
    found = measured(read(ASEG), STRUCTURES)
    assert set(found) == {*STRUCTURES, "etiv"}
    assert found["right_hippocampus"] == Decimal("3981.4")


def test_a_structure_that_is_gone_or_empty_is_named() -> None:
    lines = [line for line in ASEG.splitlines(keepends=True) if b"Left-Amygdala" not in line]
    with pytest.raises(FileRefused, match="Left-Amygdala"):
        measured(read(b"".join(lines)), STRUCTURES)
    with pytest.raises(FileRefused, match="Right-Hippocampus"):
        measured(read(ASEG.replace(b"3981.4", b"0.0")), STRUCTURES)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"3981.4", b"NaN", "line [0-9]+, Volume_mm3: 'NaN'"),
        (b"3981.4", b"3981,4", "'3981,4' is not a volume"),
        (b"3981.4", b"-3981.4", "is not a volume"),
        (b"Right-Hippocampus", b"Left-Hippocampus", "Left-Hippocampus stands twice"),
        (b"Right-Hippocampus", b"<script>", "'<script>' is not the name"),
        (b"Right-Hippocampus", b"Right Hippocampus", "cells where # ColHeaders has 10"),
        (b"# ColHeaders", b"# Headers", "before # ColHeaders"),
        (b"Volume_mm3 StructName", b"Volume StructName", "Volume_mm3: must stand once"),
        (b"1393321.646630, mm^3", b"1393.321, cm^3", "not given in mm\\^3"),
        (b"1393321.646630", b"1393.32", "not an adult's intracranial volume"),
        (b"EstimatedTotalIntraCranialVol", b"ICV", "--etiv"),
    ],
)
def test_a_faulty_file_is_refused_where_it_is_wrong(old: bytes, new: bytes, message: str) -> None:
    assert old in ASEG
    with pytest.raises(FileRefused, match=message):
        read(ASEG.replace(old, new))


@pytest.mark.parametrize("content", [b"", b"hello", b"# Title\n", b"\x00" * 9, ASEG.decode().encode("utf-16")])
def test_another_file_is_refused(content: bytes) -> None:
    with pytest.raises(FileRefused):
        read(content)


def test_a_share_of_no_head_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        per_mille(Decimal(1), Decimal(0))
