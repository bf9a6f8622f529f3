"""The site's keys in one encrypted file, for a safe place: a back-up never holds them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings

from trial.backup.container import Reader, Writer
from trial.backup.keys import Lock
from trial.records.files import whole_file, write_whole


def keys_here() -> dict[str, bytes]:
    """Every key file of VAR_DIR/keys, and the keys that the environment gives, by name."""
    found = {
        path.name: path.read_bytes() for path in sorted(settings.KEYS_DIR.iterdir()) if not path.name.startswith(".")
    }
    given = {f"{name}.environment": os.environ.get(name, "") for name in settings.ENVIRONMENT if "KEY" in name}
    return found | {name: value.encode() for name, value in given.items() if value}


def seal(path: Path, passphrase: bytes) -> list[str]:
    """Write the keys under a passphrase; their names."""
    keys = keys_here()
    with whole_file(path) as file:
        writer = Writer(file, Lock.from_passphrase(passphrase), {"holds": "keys"})
        for name, value in keys.items():
            writer.add(name, [value])
        writer.close({})
    return list(keys)


def unseal(path: Path, passphrase: bytes, folder: Path) -> list[str]:
    """Write the keys into a folder, each in a file; their names. Raises Damaged, NotTheKey, NoBackup."""

    def lock(header: dict[str, Any]) -> Lock:
        return Lock.from_passphrase(passphrase, header)

    reader = Reader(path, lock)
    parts = reader.index()["parts"]
    for part in parts:
        write_whole(folder / Path(part.name).name, b"".join(reader.content(part)))
    return [part.name for part in parts]
