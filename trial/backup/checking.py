"""Proving a back-up file without restoring it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trial.backup import keys
from trial.backup.container import Damaged, Part, Reader
from trial.backup.progress import Say, told

INDEX = "its index"


@dataclass
class Checked:
    """What a check found: the back-up's manifest, and what is damaged, each in words."""

    index: dict[str, Any]
    damages: list[str] = field(default_factory=list)


def check(path: Path, say: Say) -> Checked:
    """Read a whole back-up and compare it with what it says of itself.

    Raises NoBackup, NotTheKey, or Damaged where nothing after the header or index can be told.
    """
    reader = Reader(path, keys.configured)
    try:
        index = reader.index()
    except Damaged as wrong:
        raise Damaged(f"{wrong}; what else is damaged cannot be told") from wrong
    damages = []
    for place, words in reader.damaged_chunks():
        names = [part.name for part in index["parts"] if _meets(part, place)] or [INDEX]
        damages.append(f"{', '.join(names)} ({words})")
    if not damages:
        for part in index["parts"]:
            for _ in told(reader.content(part), say, f"{part.name} read"):
                pass
    return Checked(index, damages)


def _meets(part: Part, place: range) -> bool:
    """Whether a part has a byte in a stretch of the plaintext."""
    return part.offset < place.stop and part.offset + part.length > place.start
