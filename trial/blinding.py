"""Who is kept from the treatment: the raters of a participant, where the participant's protocol version says so.

`blinded_to` is the one ground. Where raters are assigned says what it answers (`grounded_on`), for that lies above;
and it stands below the trail, which has to ask it too. What is hidden stands in `trial/permissions.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied

from trial import protocol
from trial.protocol.values import Switch

HIDDEN = "hidden while you rate this participant"
_REMEMBERED = "_blinded_to"


@dataclass(frozen=True)
class Blinded:
    """A participant from whose treatment an account is kept: by which protocol version, and the last day of rating."""

    participant_id: UUID
    study_id: str
    site_id: UUID
    version: str
    ends_on: date | None

    @property
    def switch(self) -> Switch:
        """The value of the protocol that asks for it."""
        return _switch_of(self.version)  # type: ignore[return-value]


class Hidden(PermissionDenied):
    """Something that the account may not see while it rates a participant."""

    def __init__(self, about: Blinded) -> None:
        until = f"until {about.ends_on:%Y-%m-%d}" if about.ends_on else "until the assignment ends"
        super().__init__(f"Doses, levels and side effects of {about.study_id} are {HIDDEN}, {until}.")
        self.about = about


Ground = Callable[[Any, Collection[str]], Iterable[Blinded]]
_grounds: list[Ground] = []


def grounded_on(ground: Ground) -> Ground:
    """Register what answers, for an account and the ids of the versions that ask for it, from whom it is kept now."""
    _grounds[:] = [ground]
    return ground


def blinding_versions() -> frozenset[str]:
    """Ids of the protocol versions that keep raters from the treatment."""
    return frozenset(version for version in protocol.versions() if (on := _switch_of(version)) and on.is_on)


def _switch_of(version: str) -> Switch | None:
    blinding = protocol.for_version(version).blinding
    return blinding.raters if blinding else None


def blinded_to(user: Any) -> Mapping[UUID, Blinded]:
    """The participants from whose treatment an account is kept now, by primary key.

    Asked once for each reading of the account, that is once a request; never while no protocol asks for it.
    """
    versions = blinding_versions()
    if not versions:
        return {}
    found: dict[UUID, Blinded] | None = getattr(user, _REMEMBERED, None)
    if found is None:
        found = {one.participant_id: one for ground in _grounds for one in ground(user, versions)}
        setattr(user, _REMEMBERED, found)
    return found


def is_blinded(user: Any, participant_id: UUID) -> bool:
    """Whether an account is kept from the treatment of a participant now."""
    return participant_id in blinded_to(user)


def keep_from(user: Any, participant_id: UUID | None) -> None:
    """Raise Hidden where the account is kept from the treatment of a participant."""
    about = None if participant_id is None else blinded_to(user).get(participant_id)
    if about is not None:
        raise Hidden(about)


def keep_from_sites(user: Any, sites: Collection[UUID]) -> None:
    """Raise Hidden where the account is kept from somebody at one of the sites: a sum over all would tell of one."""
    for about in blinded_to(user).values():
        if about.site_id in sites:
            raise Hidden(about)
