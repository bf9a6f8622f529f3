"""Who gets what from the interface for programmes: the same table of actions as the pages', narrowed by scopes.

tests/api/operations.csv lists, for each operation, what it answers each role about an object of its own site, of
another one, and about one that does not exist ("-": an address without an object). What is sent about the own object is
empty, so that an operation that writes answers 422 to those whom it lets in; about the others it is whole. A change of
a right is a change of that table, to be reviewed as such.
"""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest

from tests.api.asking import METHODS, ask, operations, token_for
from tests.trial.addresses import Addresses, has_object, patterns, people
from tests.trial.test_permissions import ACCOUNTS
from trial.audit.context import audited
from trial.audit.models import AuditEntry
from trial.permissions import ACTIONS, Role
from trial.tokens.registry import offered_actions
from trial.users.models import User

TABLE = Path(__file__).with_name("operations.csv")
OPERATIONS = sorted((method, name) for method, name, _ in operations())
pytestmark = pytest.mark.db_engine


ROWS = [
    (method, name, kind)
    for method, name in OPERATIONS
    for kind in (("own", "other", "missing") if has_object(name) else ("-",))
]


def table() -> dict[tuple[str, str, str], dict[Role, int]]:
    """The reviewed table: method, URL name, whose object; role, status."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        (row["method"], row["operation"], row["object"]): {role: int(row[role.value]) for role in Role} for row in rows
    }


@pytest.fixture(scope="module")
def own(demo: Addresses) -> dict[Role, str]:
    """A token for each role at the demo site, with every scope."""
    return {role: token_for(User.objects.get(username=name)) for role, name in ACCOUNTS.items()}


@pytest.fixture(scope="module")
def foreign(demo: Addresses) -> dict[Role, str]:
    """A token for each role at another site, with every scope."""
    return {role: token_for(user) for role, user in people("FAR").items()}


def test_the_table_lists_every_operation_and_object_once_and_nothing_else() -> None:
    assert list(table()) == ROWS


def test_every_operation_asks_for_an_action_that_a_token_can_be_given() -> None:
    asked = {action for _, _, action in operations()}
    assert asked == offered_actions() <= set(ACTIONS)


@pytest.mark.parametrize(("method", "name"), OPERATIONS)
def test_each_role_gets_what_the_table_says(demo: Addresses, own: dict[Role, str], method: str, name: str) -> None:
    body: dict[str, object] | None = {} if method in ("POST", "PUT") else None
    answers = {role: ask(token, method, demo.own(name), body).status_code for role, token in own.items()}
    assert answers == table()[method, name, "own" if has_object(name) else "-"]


@pytest.mark.parametrize(("method", "name"), [one for one in OPERATIONS if has_object(one[1])])
def test_another_sites_object_and_a_missing_one_answer_alike(
    demo: Addresses, foreign: dict[Role, str], method: str, name: str
) -> None:
    body = BODIES.get((method, name))
    written = AuditEntry.objects.count()
    answers = {}
    for role, token in foreign.items():
        there, nowhere = (ask(token, method, address, body) for address in (demo.own(name), demo.missing(name)))
        assert (there.status_code, there.content) == (nowhere.status_code, nowhere.content)
        answers[role] = there.status_code
    assert answers == table()[method, name, "other"] == table()[method, name, "missing"]
    assert 404 in answers.values()
    assert set(answers.values()) <= {403, 404}
    assert AuditEntry.objects.count() == written


RATING = {"scores": {"item_1": 1}, "mode": "in_person", "occurred_at": "2026-03-10T15:00:00Z"}
BODIES = {
    ("POST", "api:assessment"): RATING,
    ("PUT", "api:assessment"): {**RATING, "version": 1, "reason": "read again"},
    ("POST", "api:vitals"): {"systolic": 120, "diastolic": 80, "heart_rate": 60, "occurred_at": "2026-03-10T15:00:00Z"},
}


@pytest.mark.parametrize(("method", "name"), OPERATIONS)
def test_without_a_token_in_force_nothing_is_answered(demo: Addresses, method: str, name: str) -> None:
    pi = User.objects.get(username="pi")
    ended, expired = token_for(pi), token_for(pi, lifetime=timedelta(seconds=-1))
    with audited("system:tests", "ended"):
        pi.access_tokens.order_by("-created_at").exclude(expires_at__lt=demo.patient.entered_at).update(
            ended_at=demo.patient.entered_at
        )
    answers = [ask(token, method, demo.own(name)) for token in ("", "k96_wrong", ended, expired)]
    assert {(one.status_code, one.content) for one in answers} == {(401, b'{"detail": "Unauthorized"}')}


@pytest.mark.parametrize(("method", "name"), OPERATIONS)
def test_a_token_without_the_scope_is_refused_whatever_the_account_may_do(
    demo: Addresses, method: str, name: str
) -> None:
    wanted = {action for m, n, action in operations() if (m, n) == (method, name)}
    token = token_for(User.objects.get(username="pi"), *(set(ACTIONS) - wanted))
    assert ask(token, method, demo.own(name), {}).status_code == 403


def test_a_closed_account_opens_nothing(demo: Addresses) -> None:
    (person,) = [user for role, user in people("SHUT").items() if role is Role.PI]
    token = token_for(person)
    assert ask(token, "GET", demo.own("api:participants")).status_code == 200
    with audited("system:tests", "closed"):
        person.is_active = False
        person.save()
    assert ask(token, "GET", demo.own("api:participants")).status_code == 401


@pytest.mark.parametrize("name", sorted({name for _, name in OPERATIONS}))
def test_a_method_that_no_operation_has_is_not_allowed(demo: Addresses, own: dict[Role, str], name: str) -> None:
    absent = set(METHODS) - {method for method, other in OPERATIONS if other == name}
    assert {ask(own[Role.PI], method, demo.own(name), {}).status_code for method in absent} == {405}


def test_a_session_is_no_token(demo: Addresses) -> None:
    from django.test import Client

    client = Client()
    client.force_login(User.objects.get(username="pi"))
    assert client.get(demo.own("api:participants")).status_code == 401


def test_the_description_is_read_by_whoever_is_signed_in(demo: Addresses) -> None:
    from django.test import Client

    client = Client()
    address = demo.own("api:openapi-json")
    assert client.get(address).status_code == 302
    client.force_login(User.objects.get(username="admin"))
    described = client.get(address).json()
    assert "/api/v1/participants/{study_id}/vitals" in described["paths"]
    assert set(patterns()) >= {name for _, name in OPERATIONS}
