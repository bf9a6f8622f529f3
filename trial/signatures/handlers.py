"""What signatures tell the apps below."""

from __future__ import annotations

from collections.abc import Iterable

from trial.records.events import provides
from trial.signatures.sign_off import is_signed_at
from trial.users.models import Site


@provides("protocol.is_signed")
def is_protocol_signed(version: str, sites: Iterable[Site]) -> bool:
    """Whether a protocol version is signed at each of the sites."""
    return is_signed_at(version, sites)
