"""Who may sign what with which meaning, and what a meaning says. No database, no clock."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum
from uuid import UUID

from trial.permissions import ACTIONS, EVERYONE, Role


class Kind(StrEnum):
    """What can be signed, as far as the right to sign goes."""

    RECORD = "record"
    VISIT = "visit"
    PARTICIPANT = "participant"
    PROTOCOL = "protocol"
    ALERT = "alert"
    # A step that its own service admits people to, such as an unlocking or a review of the trail.
    STEP = "step"


ENTERED, REVIEWED, APPROVED = "entered", "reviewed", "approved"

KINDS = {
    "participants.visit": Kind.VISIT,
    "participants.participant": Kind.PARTICIPANT,
    "records.protocolversion": Kind.PROTOCOL,
    "safety.alert": Kind.ALERT,
}
# Who may record in an app may sign to have entered its records.
RECORDING = {
    "participants": "participants.screen",
    "assessments": "assessments.record",
    "infusion": "infusion.record",
    "imaging": "imaging.record",
    "safety": "safety.record",
}
REVIEWERS = frozenset({Role.PSYCHIATRIST, Role.PI, Role.MONITOR, Role.DATA_MANAGER})
APPROVERS = frozenset({Role.PI})
SCREENERS = ACTIONS["participants.screen"]

# The table of rights. A pair that is not in it can be signed by nobody. Who may sign to have entered a record
# depends on the app that keeps it (RECORDING).
SIGNERS: dict[tuple[Kind, str], frozenset[Role]] = {
    (Kind.RECORD, REVIEWED): REVIEWERS,
    (Kind.RECORD, APPROVED): APPROVERS,
    (Kind.VISIT, ENTERED): SCREENERS,
    (Kind.VISIT, REVIEWED): REVIEWERS,
    (Kind.VISIT, APPROVED): APPROVERS,
    (Kind.PARTICIPANT, REVIEWED): REVIEWERS,
    (Kind.PARTICIPANT, APPROVED): APPROVERS,
    (Kind.PROTOCOL, APPROVED): frozenset({Role.PI, Role.PSYCHIATRIST}),
    (Kind.ALERT, REVIEWED): ACTIONS["safety.acknowledge"],
    (Kind.STEP, ENTERED): EVERYONE,
    (Kind.STEP, REVIEWED): EVERYONE,
    (Kind.STEP, APPROVED): EVERYONE,
}
# Open data queries block "approved" of these, and nothing else.
QUERIED = frozenset({Kind.RECORD, Kind.VISIT, Kind.PARTICIPANT})

SENTENCES = {
    ENTERED: "I entered this or saw it entered, and it is what was observed.",
    REVIEWED: "I have read all of this and found it complete and plausible.",
    APPROVED: "I approve this and take responsibility for it.",
}
BINDING = "My electronic signature is legally binding and equals my handwritten signature (21 CFR 11)."


def kind_of(table: str) -> Kind:
    """The kind of a row, from its model's label in lower case."""
    if table in KINDS:
        return KINDS[table]
    return Kind.RECORD if table.partition(".")[0] in RECORDING else Kind.STEP


def signers_of(table: str, meaning: str) -> frozenset[Role]:
    """The roles that may sign a row of *table* (a label in lower case) with *meaning*; empty for nobody."""
    kind = kind_of(table)
    if kind is Kind.RECORD and meaning == ENTERED:
        return ACTIONS[RECORDING[table.partition(".")[0]]]
    return SIGNERS.get((kind, meaning), frozenset())


def meanings_for(table: str, roles: Collection[str]) -> list[str]:
    """The meanings with which somebody holding *roles* may sign a row of *table*."""
    return [meaning for meaning in SENTENCES if signers_of(table, meaning) & frozenset(roles)]


def blocks_open_queries(table: str, meaning: str) -> bool:
    """Whether open data queries about a row of *table* stand against signing it with *meaning*."""
    return meaning == APPROVED and kind_of(table) in QUERIED


def is_sign_off_demanded(mode: str, *, is_practice: bool) -> bool:
    """Whether a site treats people only by a signed protocol: a real site does, in production."""
    return mode == "production" and not is_practice


def unsigned_by(approvals: Iterable[tuple[UUID, Collection[str]]]) -> tuple[str, ...]:
    """Whose approval of the protocol is missing, in words: the PI's and that of another person, a site physician.

    approvals: the account and the roles at signing of each approval that stands.
    """
    given = list(approvals)
    investigators = {who for who, roles in given if Role.PI in roles}
    physicians = {who for who, roles in given if Role.PSYCHIATRIST in roles}
    missing = []
    if not investigators:
        missing.append("the PI")
    if not physicians or (len(investigators | physicians) == 1 and investigators):
        missing.append("a site physician (psychiatrist) other than the PI" if investigators else "a site physician")
    return tuple(missing)
