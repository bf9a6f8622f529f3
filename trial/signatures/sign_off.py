"""The protocol version is signed by the PI and a physician of the site before anybody is treated by it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from trial.records.models import ProtocolVersion
from trial.records.services import RecordError
from trial.signatures.queries import Standing, signatures_on
from trial.signatures.rules import APPROVED, is_sign_off_demanded, unsigned_by
from trial.users.models import Site

TABLE = ProtocolVersion._meta.label_lower


class ProtocolUnsigned(RecordError):
    """A step waits for the signatures of the protocol; the message says who must sign what, and where."""


@dataclass(frozen=True)
class SignOff:
    """How a protocol version stands at a site: the signatures given there, and whose are missing, in words."""

    site: Site
    version: str
    signatures: tuple[Standing, ...]
    missing: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether the PI and a site physician have signed exactly the file in use."""
        return not self.missing


def sign_offs(sites: Iterable[Site], version: str) -> list[SignOff]:
    """How a protocol version stands at each site."""
    found = signatures_on(TABLE, version)
    return [_at(site, version, [one for one in found if one.signature.site_id == site.pk]) for site in sites]


def _at(site: Site, version: str, given: list[Standing]) -> SignOff:
    valid = [one.signature for one in given if one.is_valid and one.signature.meaning == APPROVED]
    return SignOff(site, version, tuple(given), unsigned_by([(one.signer_id, one.held_roles) for one in valid]))


def require_signed_protocol(site: Site, version: str, step: str) -> None:
    """Refuse *step* (as a sentence begins) where the protocol must be signed and is not; raises ProtocolUnsigned."""
    if not is_sign_off_demanded(settings.SITE_MODE, is_practice=site.is_practice):
        return
    [found] = sign_offs([site], version)
    if found.missing:
        raise ProtocolUnsigned(
            f"{step} waits for signatures. Still to sign protocol {version} for {site.name}: "
            f"{' and '.join(found.missing)}. They sign on the page Protocol, by Sign this protocol."
        )


def is_signed_at(version: str, sites: Iterable[Site]) -> bool:
    """Whether a protocol version is signed at each of the sites, of which there is one at least."""
    found = sign_offs(sites, version)
    return bool(found) and all(one.is_complete for one in found)
