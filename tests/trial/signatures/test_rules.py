"""Who may sign what: the table of docs/signatures.md, written out again by hand."""

from __future__ import annotations

import pytest

from trial.permissions import Role
from trial.signatures.models import Signature
from trial.signatures.rules import SENTENCES, Kind, blocks_open_queries, kind_of, meanings_for, signers_of

C, P, N, I, D, M, PI, A = (  # noqa: E741 - one letter a role keeps the table readable
    Role.COORDINATOR,
    Role.PSYCHIATRIST,
    Role.NURSE,
    Role.IMAGING_ANALYST,
    Role.DATA_MANAGER,
    Role.MONITOR,
    Role.PI,
    Role.ADMINISTRATOR,
)
TABLE = [
    ("participants.visit", "entered", {C, P, N, PI}),
    ("participants.visit", "reviewed", {P, PI, M, D}),
    ("participants.visit", "approved", {PI}),
    ("participants.participant", "entered", set()),
    ("participants.participant", "reviewed", {P, PI, M, D}),
    ("participants.participant", "approved", {PI}),
    ("participants.consent", "entered", {C, P, N, PI}),
    ("assessments.assessment", "entered", {C, P, N, PI}),
    ("infusion.vitals", "entered", {C, P, N, PI}),
    ("imaging.imagingsession", "entered", {I, C, PI}),
    ("imaging.imagingsession", "approved", {PI}),
    ("records.protocolversion", "entered", set()),
    ("records.protocolversion", "reviewed", set()),
    ("records.protocolversion", "approved", {PI, P}),
    ("safety.alert", "reviewed", {P, PI}),
    ("safety.alert", "approved", set()),
    ("safety.adverseevent", "reviewed", {P, PI, M, D}),
    ("locks.unlocking", "approved", {C, P, N, I, D, M, PI, A}),
    ("participants.visit", "witnessed", set()),
]


@pytest.mark.parametrize(("table", "meaning", "roles"), TABLE)
def test_the_table_of_rights_is_as_reviewed(table: str, meaning: str, roles: set[Role]) -> None:
    assert signers_of(table, meaning) == roles
    for role in Role:
        assert (meaning in meanings_for(table, [role])) is (role in roles)


def test_each_meaning_of_a_signature_has_its_sentence() -> None:
    assert list(SENTENCES) == Signature.Meaning.values


@pytest.mark.parametrize(
    ("table", "meaning", "blocked"),
    [
        ("participants.visit", "approved", True),
        ("participants.participant", "approved", True),
        ("assessments.assessment", "approved", True),
        ("assessments.assessment", "entered", False),
        ("participants.visit", "reviewed", False),
        ("safety.alert", "reviewed", False),
        ("safety.alert", "approved", False),
        ("records.protocolversion", "approved", False),
        ("locks.unlocking", "approved", False),
    ],
)
def test_open_queries_block_only_the_approval_of_records(table: str, meaning: str, blocked: bool) -> None:
    """A finished interview and an acknowledged alert are never held up by a query."""
    assert blocks_open_queries(table, meaning) is blocked


def test_what_no_clinical_app_keeps_is_a_step() -> None:
    assert kind_of("locks.unlocking") is Kind.STEP
    assert kind_of("infusion.bag") is Kind.RECORD
