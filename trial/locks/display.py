"""Lock states as the pages show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse

from trial import protocol
from trial.blinding import blinded_to
from trial.locks import queries
from trial.locks.models import LockState, ParticipantLock, UnlockDecision, UnlockRequest, VisitLock
from trial.locks.wording import subject_of
from trial.permissions import may
from trial.records.events import ask
from trial.signatures.queries import Standing, signatures_of
from trial.users.models import User

STATES = {"planned": "to come", "done": "open", "missed": "missed"}
LOCK = {"visit": "locks:lock_visit", "participant": "locks:lock", "trial": "locks:freeze"}
UNLOCK = {"visit": "locks:unlock_visit", "participant": "locks:unlock", "trial": "locks:lift"}
NAMES = {"visit": "This visit", "participant": "This participant", "trial": "The whole trial"}
LOCKING = {"visit": "locks.lock", "participant": "locks.lock", "trial": "locks.freeze"}


@dataclass(frozen=True)
class Line:
    """A state on a page: its name, itself, the request that waits, and where what the account may do leads."""

    name: str
    state: LockState
    waiting: UnlockRequest | None
    lock: str = ""
    unlock: str = ""

    @property
    def locked_word(self) -> str:
        """The word for a lock of this kind."""
        return "frozen" if queries.kind_of(self.state) == "trial" else "locked"


@dataclass(frozen=True)
class Cell:
    """A visit in the matrix: its code and name, whether it is locked, and how it stands."""

    code: str
    label: str
    is_locked: bool
    word: str


@dataclass(frozen=True)
class Row:
    """A participant in the matrix, with a cell for each column; None where there is no such visit."""

    study_id: str
    is_locked: bool
    cells: list[Cell | None]
    locked: int
    closable: int


@dataclass(frozen=True)
class Matrix:
    """Participants by visits: the columns as code and name."""

    columns: list[tuple[str, str]]
    rows: list[Row]


def participant_of(state: LockState) -> Any:
    """The participant of a visit's or a participant's state; None for the trial."""
    if isinstance(state, VisitLock):
        return state.visit.participant
    return state.participant if isinstance(state, ParticipantLock) else None


def site_id_of(state: LockState) -> UUID | None:
    """The site of a state; None for the trial."""
    participant = participant_of(state)
    return None if participant is None else participant.site_id


def zone_of(state: LockState) -> ZoneInfo | None:
    """The time zone in which a state's page is shown; None for the site's own default."""
    participant = participant_of(state)
    return None if participant is None else participant.site.zone


def place_of(state: LockState) -> list[str]:
    """The parts of an address that name a state."""
    participant = participant_of(state)
    if participant is None:
        return []
    return [participant.study_id, state.visit.code] if isinstance(state, VisitLock) else [participant.study_id]


def page_of(state: LockState) -> str:
    """The page of what a state is about."""
    place = place_of(state)
    return reverse(("locks:matrix", "participants:detail", "participants:visit")[len(place)], args=place)


def line_of(state: LockState, user: User) -> Line:
    """A state with what the account may do about it."""
    kind, site = queries.kind_of(state), site_id_of(state)
    waiting = queries.waiting_request(state) if state.is_locked else None
    may_lock = not state.is_locked and may(user, LOCKING[kind], site)
    may_ask = state.is_locked and waiting is None and may(user, "locks.request", site)
    place = place_of(state)
    return Line(
        NAMES[kind],
        state,
        waiting,
        lock=reverse(LOCK[kind], args=place) if may_lock else "",
        unlock=reverse(UNLOCK[kind], args=place) if may_ask else "",
    )


def requests(found: Iterable[UnlockRequest]) -> list[tuple[str, UnlockRequest]]:
    """Requests with the names of what they are about."""
    return [(subject_of(asked.state), asked) for asked in found]


def signatures_on(asked: UnlockRequest, decision: UnlockDecision | None) -> list[Standing]:
    """The signatures of a request and of its decision."""
    return [*signatures_of(asked), *(signatures_of(decision) if decision is not None else [])]


def late_events(user: User, sites: Iterable[UUID]) -> list[Any]:
    """What was recorded about safety behind the freeze that stands, but for what the account is kept from."""
    freeze = queries.freeze_in_force()
    if freeze is None:
        return []
    hidden = {about.study_id for about in blinded_to(user).values()}
    found = ask("safety.recorded_since", at=freeze.at, sites=frozenset(sites))
    return [event for event in found if event.study_id not in hidden]


def matrix(found: Iterable[LockState]) -> Matrix:
    """Participants by visits, each visit under the name that its protocol gives it."""
    rows = [(state, {visit.code: visit for visit in state.participant.visits.all()}) for state in _persons(found)]
    columns: dict[str, str] = {}
    for state, visits in rows:
        plan = protocol.for_version(state.participant.protocol_version).visits
        columns |= {code: visit.label for code, visit in plan.items() if code in visits and code not in columns}
    return Matrix(list(columns.items()), [_row(state, visits, columns) for state, visits in rows])


def _persons(found: Iterable[LockState]) -> list[ParticipantLock]:
    return [state for state in found if isinstance(state, ParticipantLock)]


def _row(state: ParticipantLock, visits: dict[str, Any], columns: dict[str, str]) -> Row:
    cells = [_cell(visits[code], label) if code in visits else None for code, label in columns.items()]
    there = [cell for cell in cells if cell is not None]
    return Row(
        state.participant.study_id,
        state.is_locked,
        cells,
        sum(cell.is_locked for cell in there),
        sum(visit.state != "planned" for visit in visits.values()),
    )


def _cell(visit: Any, label: str) -> Cell:
    return Cell(visit.code, label, visit.lock.is_locked, "locked" if visit.lock.is_locked else STATES[visit.state])
