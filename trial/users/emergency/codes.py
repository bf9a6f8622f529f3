"""Codes of a sealed envelope: made at random, kept as digests. Pure."""

from __future__ import annotations

import hashlib
import secrets

# Without letters and digits that handwriting or a poor lamp confuses; 16 of 32 make 80 bits.
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
GROUPS, LENGTH = 4, 4


def new_code() -> str:
    """Return a random code in groups, as it is printed."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(GROUPS))
    return "-".join(groups)


def digest(typed: str) -> str:
    """Return the SHA-256 (hex) of a code, whatever its case, spaces and dashes."""
    plain = "".join(character for character in typed.upper() if character.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()
