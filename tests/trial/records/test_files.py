"""A file that records point to is whole, or is not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trial.records.files import write_whole


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole(tmp_path / "a.pdf", b"old")

    def full(_handle: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_whole(tmp_path / "a.pdf", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.pdf"]
    assert (tmp_path / "a.pdf").read_bytes() == b"old"


def test_a_file_is_read_by_its_owner_only(tmp_path: Path) -> None:
    write_whole(tmp_path / "below" / "a.pdf", b"new")
    assert (tmp_path / "below" / "a.pdf").stat().st_mode & 0o777 == 0o600
