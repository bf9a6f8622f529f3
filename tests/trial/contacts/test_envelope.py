"""Encryption of contact details, held against the primitives' own definitions.

AES-256-GCM and HKDF as RFC 5116 and RFC 5869 define them, computed here by `cryptography` 50 from the raw parts.
"""

from __future__ import annotations

import hashlib
import hmac
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import LazySettings

from trial.contacts import envelope
from trial.contacts.envelope import KeyMissing

OLD, NEW = b"\x01" * 32, b"\x02" * 32
SITE, PARTICIPANT = uuid4(), uuid4()
PLAIN = b'{"phone": "314 555 0100"}'


def hkdf(master: bytes, info: bytes) -> bytes:
    """RFC 5869 by hand for one block: extract with an empty salt, expand once."""
    extracted = hmac.new(b"\0" * 32, master, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()


@pytest.fixture(autouse=True)
def keys(settings: LazySettings) -> None:
    settings.CONTACT_KEYS = [OLD]


def test_a_data_key_is_wrapped_under_the_key_of_its_site() -> None:
    data_key = envelope.new_data_key()
    wrapped = envelope.wrap(data_key, site=SITE, participant=PARTICIPANT)
    site_key = hkdf(OLD, f"contact details, site {SITE}".encode())
    assert AESGCM(site_key).decrypt(wrapped[:12], wrapped[12:], PARTICIPANT.bytes) == data_key
    assert envelope.unwrap(wrapped, site=SITE, participant=PARTICIPANT) == data_key


@pytest.mark.parametrize(("site", "participant"), [(uuid4(), PARTICIPANT), (SITE, uuid4())])
def test_a_row_copied_to_another_site_or_participant_does_not_open(site: object, participant: object) -> None:
    wrapped = envelope.wrap(envelope.new_data_key(), site=SITE, participant=PARTICIPANT)
    with pytest.raises(KeyMissing, match="CONTACT_KEYS"):
        envelope.unwrap(wrapped, site=site, participant=participant)  # type: ignore[arg-type]


def test_one_flipped_bit_is_found() -> None:
    key = envelope.new_data_key()
    sealed = envelope.encrypt(PLAIN, key, participant=PARTICIPANT)
    assert envelope.decrypt(sealed, key, participant=PARTICIPANT) == PLAIN
    for place in range(len(sealed)):
        broken = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(KeyMissing):
            envelope.decrypt(broken, key, participant=PARTICIPANT)


def test_the_same_details_are_never_encrypted_alike() -> None:
    key = envelope.new_data_key()
    assert len({envelope.encrypt(PLAIN, key, participant=PARTICIPANT) for _ in range(50)}) == 50


def test_an_older_key_opens_and_the_first_one_wraps(settings: LazySettings) -> None:
    data_key, before = envelope.new_data_key(), envelope.key_id()
    wrapped = envelope.wrap(data_key, site=SITE, participant=PARTICIPANT)
    settings.CONTACT_KEYS = [NEW, OLD]
    assert envelope.unwrap(wrapped, site=SITE, participant=PARTICIPANT) == data_key
    assert envelope.key_id() != before
    again = envelope.wrap(data_key, site=SITE, participant=PARTICIPANT)
    settings.CONTACT_KEYS = [NEW]
    assert envelope.unwrap(again, site=SITE, participant=PARTICIPANT) == data_key
    with pytest.raises(KeyMissing):
        envelope.unwrap(wrapped, site=SITE, participant=PARTICIPANT)


def test_the_keys_of_search_and_digest_are_keys_of_their_own() -> None:
    assert envelope.digest(PLAIN) == hmac.new(hkdf(OLD, b"contact details, digest"), PLAIN, hashlib.sha256).hexdigest()
    expected = hmac.new(hkdf(OLD, b"contact details, index"), b"phone:145550100", hashlib.sha256).hexdigest()
    assert envelope.blind_index("phone", "145550100") == expected
    assert envelope.blind_index("name", "145550100") != expected


def test_djangos_own_key_opens_nothing(settings: LazySettings) -> None:
    wrapped = envelope.wrap(envelope.new_data_key(), site=SITE, participant=PARTICIPANT)
    settings.CONTACT_KEYS = [hashlib.sha256(settings.SECRET_KEY.encode()).digest()]
    with pytest.raises(KeyMissing):
        envelope.unwrap(wrapped, site=SITE, participant=PARTICIPANT)
