"""The bytes under a hash differ whenever the content does."""

from __future__ import annotations

import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st

from trial.audit.canonical import canonical, entry_hash, link_mac

VALUES = st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=4), min_size=3, max_size=3).map(tuple)


@given(VALUES, VALUES)
def test_different_content_gives_different_bytes(one: tuple[str | None, ...], other: tuple[str | None, ...]) -> None:
    assert (canonical(one) == canonical(other)) == (one == other)


def test_the_form_is_length_colon_text_and_a_dash_for_null() -> None:
    assert canonical(("ä", None, "")) == b"2:\xc3\xa4,-,0:"
    assert entry_hash("a", None) == hashlib.sha256(b"1:a,-").hexdigest()


def test_a_link_is_a_keyed_hash_over_number_predecessor_entry_and_hash() -> None:
    assert link_mac(b"key", 2, "aa", 7, "bb") == hmac.new(b"key", b"2|aa|7|bb", hashlib.sha256).hexdigest()
