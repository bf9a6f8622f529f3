"""The bytes under an entry's hash, and the link that seals it. Pure: the triggers compute the same."""

from __future__ import annotations

import hashlib
import hmac

GENESIS = "0" * 64


def canonical(values: tuple[str | None, ...]) -> bytes:
    """Join values so that no two different tuples give the same bytes: `-` for null, else length:text."""
    parts = [b"-" if value is None else _framed(value.encode()) for value in values]
    return b",".join(parts)


def _framed(raw: bytes) -> bytes:
    return str(len(raw)).encode() + b":" + raw


def entry_hash(*values: str | None) -> str:
    """SHA-256 (hex) of table, row, op, at, actor, reason, old, new, transaction id, in this order."""
    return hashlib.sha256(canonical(values)).hexdigest()


def link_mac(key: bytes, seq: int, previous: str, entry_id: int, hashed: str) -> str:
    """HMAC-SHA256 (hex) that ties an entry to its predecessor in the chain."""
    return hmac.digest(key, f"{seq}|{previous}|{entry_id}|{hashed}".encode(), "sha256").hex()
