"""The key of a back-up: from BACKUP_KEY, from a passphrase, or made once beside the site's other keys."""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

# Scrypt as RFC 7914 describes it, with 128 MiB of memory for each guess.
SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**17, 8, 1
SHORTEST_PASSPHRASE = 12


class NotTheKey(ValueError):
    """A back-up was made with another key."""


@dataclass(frozen=True)
class Lock:
    """A master key, the key of one file derived from it, and what the file's header says of them."""

    master: bytes
    key: bytes
    public: dict[str, Any]

    @classmethod
    def new(cls, master: bytes, public: dict[str, Any]) -> Lock:
        """A new file's key under a master key; `public` tells how the master key is found."""
        salt = os.urandom(32)
        key, check = derived(master, salt)
        return cls(master, key, {**public, "salt": salt.hex(), "check": check.hex()})

    @classmethod
    def from_key(cls, master: bytes) -> Lock:
        """A new file's key under a key of 32 bytes."""
        return cls.new(master, {"key": "raw"})

    @classmethod
    def from_passphrase(cls, passphrase: bytes, header: dict[str, Any] | None = None) -> Lock:
        """The key under a passphrase, as a header describes it or with a new salt."""
        if header is not None and header.get("key") != "scrypt":
            raise NotTheKey("This back-up was made with BACKUP_KEY, not with a passphrase.")
        stretched: dict[str, Any] = header["scrypt"] if header else {"salt": os.urandom(16).hex(), "n": SCRYPT_N}
        kdf = Scrypt(bytes.fromhex(stretched["salt"]), 32, int(stretched["n"]), SCRYPT_R, SCRYPT_P)
        return cls.new(kdf.derive(passphrase), {"key": "scrypt", "scrypt": stretched})

    def opened(self, header: dict[str, Any]) -> Lock:
        """The key of the file with this header; raises NotTheKey."""
        key, check = derived(self.master, bytes.fromhex(header["salt"]))
        if not hmac.compare_digest(check.hex(), header["check"]):
            raise NotTheKey(
                "The key is not the one that this back-up was made with. Give the key of that day (BACKUP_KEY or "
                "BACKUP_PASSPHRASE_FILE)."
            )
        return Lock(self.master, key, {**self.public, "salt": header["salt"], "check": header["check"]})


def derived(master: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """The key of one file, and a value that tells whether a master key is the right one (HKDF, RFC 5869)."""
    out = HKDF(SHA256(), 48, salt, b"ketamine-trial back-up 1").derive(master)
    return out[:32], out[32:]


def passphrase_in(path: Path) -> bytes:
    """The passphrase in a file's first line; raises ImproperlyConfigured for a short or absent one."""
    try:
        words = path.read_text(encoding="utf-8").split("\n", 1)[0].strip()
    except OSError as absent:
        raise ImproperlyConfigured(f"The passphrase file {path} cannot be read ({absent.strerror}).") from absent
    if len(words) < SHORTEST_PASSPHRASE:
        raise ImproperlyConfigured(f"The passphrase in {path} is shorter than {SHORTEST_PASSPHRASE} characters.")
    return words.encode()


def configured(header: dict[str, Any] | None = None) -> Lock:
    """The lock that the settings name; for the file with this header when one is given.

    Raises ImproperlyConfigured where no key stands outside VAR_DIR on a production site: a key that burns with the
    disk opens no back-up.
    """
    if settings.BACKUP_PASSPHRASE_FILE:
        return Lock.from_passphrase(passphrase_in(Path(settings.BACKUP_PASSPHRASE_FILE)), header)
    if not settings.BACKUP_KEY:
        raise ImproperlyConfigured(
            "Set BACKUP_KEY (make one with openssl rand -hex 32) or BACKUP_PASSPHRASE_FILE, and keep a copy on "
            "another machine: without it no back-up can be opened."
        )
    return Lock.from_key(key_of(settings.BACKUP_KEY))


def key_of(text: str) -> bytes:
    """A key of 32 bytes in hex; raises ImproperlyConfigured for anything else."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ImproperlyConfigured("BACKUP_KEY must be 64 hex digits; make one with openssl rand -hex 32.")
    return key
