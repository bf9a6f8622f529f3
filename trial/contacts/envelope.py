"""Envelope encryption: details under a data key of the participant's, the data key under a key of the site's.

Both are AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D) before the ciphertext, bound to the participant's
id as associated data, so that a row copied to another participant does not open. The site's key, the key of the
search index and that of the digests are derived from settings.CONTACT_KEYS by HKDF-SHA256 (RFC 5869); none of them
is Django's SECRET_KEY. The first of CONTACT_KEYS is in use, later ones only open what was wrapped before.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterator
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

NONCE_BYTES, KEY_BYTES = 12, 32


class KeyMissing(RuntimeError):
    """None of the keys opens what is stored: a key was lost or exchanged, or the row belongs to another participant."""


def new_data_key() -> bytes:
    """A key for one participant's details."""
    return os.urandom(KEY_BYTES)


def key_id() -> str:
    """Which key wraps now: the first characters of its hash, to tell rows wrapped by an older one."""
    return hashlib.sha256(b"key id" + _master()).hexdigest()[:12]


def wrap(data_key: bytes, *, site: UUID, participant: UUID) -> bytes:
    """The data key, encrypted with the site's key in use."""
    return _encrypt(_derived(_master(), f"site {site}"), data_key, participant)


def unwrap(wrapped: bytes, *, site: UUID, participant: UUID) -> bytes:
    """The data key; raises KeyMissing when no site key opens it."""
    for key in (_derived(master, f"site {site}") for master in settings.CONTACT_KEYS):
        for opened in _opened(key, wrapped, participant):
            return opened
    raise KeyMissing(f"No key in CONTACT_KEYS opens the contact details of {participant}. Put the right key back.")


def encrypt(plain: bytes, data_key: bytes, *, participant: UUID) -> bytes:
    """The details, encrypted with the participant's key."""
    return _encrypt(data_key, plain, participant)


def decrypt(sealed: bytes, data_key: bytes, *, participant: UUID) -> bytes:
    """The details; raises KeyMissing when they were changed or are another participant's."""
    for opened in _opened(data_key, sealed, participant):
        return opened
    raise KeyMissing(f"The contact details of {participant} do not open: they were changed, or are somebody else's.")


def digest(plain: bytes) -> str:
    """Keyed digest of the details: tells the audit trail that they changed, and nothing else."""
    return hmac.new(_derived(_master(), "digest"), plain, hashlib.sha256).hexdigest()


def blind_index(kind: str, term: str) -> str:
    """What a search term is looked up by: a keyed digest, the same for the same term."""
    return hmac.new(_derived(_master(), "index"), f"{kind}:{term}".encode(), hashlib.sha256).hexdigest()


def _master() -> bytes:
    first: bytes = settings.CONTACT_KEYS[0]
    return first


def _derived(master: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"contact details, {purpose}".encode()).derive(master)


def _encrypt(key: bytes, plain: bytes, participant: UUID) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, participant.bytes)


def _opened(key: bytes, stored: bytes, participant: UUID) -> Iterator[bytes]:
    """The plaintext, or nothing where the key does not fit."""
    try:
        yield AESGCM(key).decrypt(stored[:NONCE_BYTES], stored[NONCE_BYTES:], participant.bytes)
    except InvalidTag:
        return
