"""T11: who gets which page. Every address is gated, and the table of roles and answers has been read by a person.

tests/trial/permission_matrix.csv lists, for each URL name, what GET answers to each role at the object's own
site. A change of a right is a change of that table, to be reviewed as such.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django.plugin import DjangoDbBlocker

from tests.conftest import _Redirected
from tests.engines.clones import Template, Templates
from tests.trial.addresses import Addresses, has_object, patterns, people
from trial.audit.models import AuditEntry
from trial.permissions import ACTIONS, Role, may, requires
from trial.users.models import User

OPEN_TO_ANYBODY = {"users:sign_in", "users:code", "users:emergency", "records:health"}
OPEN_TO_ANY_ACCOUNT = {"users:sign_out"}
MATRIX = Path(__file__).with_name("permission_matrix.csv")
ACCOUNTS = {
    Role.COORDINATOR: "coordinator",
    Role.PSYCHIATRIST: "psychiatrist",
    Role.NURSE: "nurse",
    Role.IMAGING_ANALYST: "imaging",
    Role.DATA_MANAGER: "datamanager",
    Role.MONITOR: "monitor",
    Role.PI: "pi",
    Role.ADMINISTRATOR: "admin",
}
# Operations of the interface for programmes have a table of their own: tests/api/test_gate.py.
NAMES = sorted(name for name in patterns() if not name.startswith("api:"))
GATED = [name for name in NAMES if name not in OPEN_TO_ANYBODY | OPEN_TO_ANY_ACCOUNT]
OF_OBJECTS = [name for name in GATED if has_object(name)]


def matrix() -> dict[str, dict[Role, int]]:
    """The reviewed table: URL name, role, status of GET."""
    with MATRIX.open(encoding="utf-8", newline="") as file:
        return {row["url"]: {role: int(row[role.value]) for role in Role} for row in csv.DictReader(file)}


def action_of(name: str) -> str | None:
    """The action that the view of an address asks for, or None."""
    action: str | None = getattr(patterns()[name].callback, "action", None)
    return action


def test_every_address_asks_for_an_action_or_is_listed_as_open() -> None:
    assert GATED
    ungated = [name for name in GATED if action_of(name) not in ACTIONS]
    assert ungated == [], "Put @requires(action) on each view, outermost."


def test_what_is_open_without_signing_in_is_exactly_what_is_listed() -> None:
    found = {name for name in NAMES if not getattr(patterns()[name].callback, "login_required", True)}
    assert found == OPEN_TO_ANYBODY


def test_every_action_is_asked_for_somewhere_or_guards_a_button() -> None:
    asked = {action_of(name) for name in GATED}
    assert ACTIONS.keys() - asked == set()


def test_the_table_lists_every_address_once_and_nothing_else() -> None:
    with MATRIX.open(encoding="utf-8", newline="") as file:
        listed = [row["url"] for row in csv.DictReader(file)]
    assert listed == GATED


def test_the_table_agrees_with_the_actions_of_the_views() -> None:
    wrong = [
        f"{name} {role.value}: {status}, against {action_of(name)}"
        for name, by_role in matrix().items()
        for role, status in by_role.items()
        if status != 405 and (status == 403) == (role in ACTIONS[action_of(name) or ""])
    ]
    assert wrong == []


def test_an_action_that_is_not_listed_cannot_gate_a_view() -> None:
    with pytest.raises(KeyError):
        requires("participants.everything")


class NoRoles:
    """An account that holds no role."""

    is_authenticated = True

    def roles_by_site(self) -> dict[Any, frozenset[str]]:
        return {}


def test_without_a_role_a_gate_is_closed_and_says_what_is_missing() -> None:
    request = RequestFactory().get("/")
    request.user = NoRoles()  # type: ignore[assignment]
    with pytest.raises(PermissionDenied, match=r"do not allow 'protocol\.read'"):
        requires("protocol.read")(lambda _: HttpResponse())(request)
    assert not may(NoRoles(), "protocol.read")


@pytest.fixture(scope="module")
def demo(
    templates: Templates, demo_template: Template, django_db_blocker: DjangoDbBlocker, django_db_setup: None
) -> Iterator[Addresses]:
    """The models pointed at a copy of the demo database, with addresses of one patient's data."""
    with templates.clone(demo_template) as url, django_db_blocker.unblock(), ExitStack() as undo:
        for alias in connections:
            undo.enter_context(_Redirected(alias, url))
        yield Addresses()


@pytest.fixture(scope="module")
def own(demo: Addresses) -> dict[Role, Client]:
    """A signed-in client for each role at the demo site."""
    return {role: signed_in(User.objects.get(username=name)) for role, name in ACCOUNTS.items()}


@pytest.fixture(scope="module")
def foreign(demo: Addresses) -> dict[Role, Client]:
    """A signed-in client for each role at another site."""
    return {role: signed_in(user) for role, user in people("ELSE").items()}


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


@pytest.mark.db_engine
@pytest.mark.parametrize("name", GATED)
def test_each_role_gets_what_the_table_says(demo: Addresses, own: dict[Role, Client], name: str) -> None:
    address = demo.own(name)
    assert {role.value: client.get(address).status_code for role, client in own.items()} == {
        role.value: status for role, status in matrix()[name].items()
    }


def said(response: Any) -> tuple[int, bytes, str]:
    """All that an answer tells."""
    return response.status_code, response.content, response.headers.get("Content-Type", "")


@pytest.mark.db_engine
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", OF_OBJECTS)
def test_another_sites_object_and_a_missing_one_answer_alike(
    demo: Addresses, foreign: dict[Role, Client], name: str, method: str
) -> None:
    written = AuditEntry.objects.count()
    answers = set()
    for client in foreign.values():
        there, nowhere = (getattr(client, method)(address) for address in (demo.own(name), demo.missing(name)))
        assert said(there) == said(nowhere)
        answers.add(there.status_code)
    assert answers <= {403, 404, 405}
    assert 404 in answers or answers == {403, 405} or answers == {405}
    assert AuditEntry.objects.count() == written


@pytest.mark.db_engine
@pytest.mark.parametrize("name", [name for name in GATED if not has_object(name)])
def test_lists_show_nothing_of_another_site(demo: Addresses, foreign: dict[Role, Client], name: str) -> None:
    address = demo.own(name)
    for client in foreign.values():
        page = client.get(address).content.decode()
        assert demo.patient.study_id not in page
        assert str(demo.report.id) not in page


@pytest.mark.db_engine
@pytest.mark.parametrize("name", GATED)
def test_who_is_not_signed_in_is_led_to_the_sign_in_page(demo: Addresses, name: str) -> None:
    for address in (demo.own(name), demo.missing(name)):
        for answer in (Client().get(address), Client().post(address)):
            assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/sign-in/")
