"""T11: who gets which page. Every address is gated, and the table of roles and answers has been read by a person.

tests/trial/permission_matrix.csv lists, for each URL name, what GET and an empty POST answer to each role: about an
object of the role's own site, of another one, and about one that does not exist ("-": an address without an object).
The rows come from the URLconf; the answers were read by a person. A change of a right is a change of that table, to be
reviewed as such. A row that is missing or wrong fails with the line as it is now, ready to be judged.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls.converters import UUIDConverter

from tests.trial.addresses import MISSING_STUDY_ID, Addresses, has_object, patterns, people
from tests.trial.records import clinic
from trial.audit.models import AuditEntry
from trial.participants.models import Participant
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
METHODS = ("GET", "POST")
OBJECTS = ("own", "other", "missing")
NONE = "-"
# What a post without a body may write: these ask for nothing but the address, or note it at the reading already.
WRITES = {"safety:attend", "tokens:end", "users:second_factor"}
# What is no form: how the session stands, and a form kept for somebody who has none.
TAKES_NOTHING = {"users:session", "users:held"}
GATED = [name for name in NAMES if name not in OPEN_TO_ANYBODY | OPEN_TO_ANY_ACCOUNT]
OF_OBJECTS = [name for name in GATED if has_object(name)]
# Of a participant and a row of theirs, named each by itself.
OF_ROWS = [
    name
    for name in OF_OBJECTS
    if "study_id" in (named := patterns()[name].pattern.converters)
    and any(isinstance(converter, UUIDConverter) for converter in named.values())
]


class Row(NamedTuple):
    """One kind of request: whom it is put to is the rest of the line."""

    url: str
    method: str
    object: str


ROWS = [
    Row(name, method, kind)
    for name in GATED
    for method in METHODS
    for kind in (OBJECTS if has_object(name) else (NONE,))
]


def matrix() -> dict[Row, dict[Role, int]]:
    """The reviewed table: what is asked, role, status."""
    with MATRIX.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    return {
        Row(line["url"], line["method"], line["object"]): {role: int(line[role.value]) for role in Role}
        for line in lines
    }


def line_of(row: Row, answers: dict[Role, int]) -> str:
    """The row as it stands in the table."""
    return ",".join([*row, *(str(answers[role]) for role in Role)])


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


def test_the_table_lists_every_address_method_and_object_once_and_nothing_else() -> None:
    with MATRIX.open(encoding="utf-8", newline="") as file:
        listed = [Row(line["url"], line["method"], line["object"]) for line in csv.DictReader(file)]
    assert listed == ROWS


def test_the_table_agrees_with_the_actions_of_the_views() -> None:
    wrong = [
        f"{row} {role.value}: {status}, against {action_of(row.url)}"
        for row, by_role in matrix().items()
        for role, status in by_role.items()
        if status != 405 and (status == 403) == (role in ACTIONS[action_of(row.url) or ""])
    ]
    assert wrong == []


def test_the_table_tells_nobody_whether_another_sites_object_exists() -> None:
    table = matrix()
    for row, answers in table.items():
        if row.object == "other":
            assert answers == table[row._replace(object="missing")], row
            assert set(answers.values()) <= {403, 404, 405}, row


def test_no_row_of_the_table_is_an_error_of_the_site_or_an_empty_form_that_is_taken() -> None:
    for row, answers in matrix().items():
        assert max(answers.values()) < 500, row
        if row.method == "POST" and row.url not in WRITES | TAKES_NOTHING:
            assert set(answers.values()) <= {403, 404, 405, 422}, row


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


@contextmanager
def undone() -> Iterator[None]:
    """Take back what a request writes, so that no row depends on the one before."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def asked(client: Client, method: str, address: str, *, may_write: bool = False) -> Any:
    """The answer to a request without a body, which leaves no trace in the trail unless it may."""
    with undone():
        before = last_entry()
        answer = client.generic(method, address)
        assert may_write or last_entry() == before, f"{method} {address} wrote and answered {answer.status_code}"
    return answer


def last_entry() -> Any:
    """The newest entry of the trail."""
    return AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first()


@pytest.mark.db_engine
@pytest.mark.parametrize("row", [row for row in ROWS if row.object in ("own", NONE)], ids=" ".join)
def test_each_role_gets_what_the_table_says(demo: Addresses, own: dict[Role, Client], row: Row) -> None:
    address, may_write = demo.own(row.url), row.url in WRITES
    answers = {
        role: asked(client, row.method, address, may_write=may_write).status_code for role, client in own.items()
    }
    assert answers == matrix().get(row), line_of(row, answers)


def said(response: Any) -> tuple[int, bytes, str]:
    """All that an answer tells."""
    return response.status_code, response.content, response.headers.get("Content-Type", "")


@pytest.mark.db_engine
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", OF_OBJECTS)
def test_another_sites_object_and_a_missing_one_answer_alike(
    demo: Addresses, foreign: dict[Role, Client], name: str, method: str
) -> None:
    answers = {}
    for role, client in foreign.items():
        there, nowhere = (asked(client, method, address) for address in (demo.own(name), demo.missing(name)))
        assert said(there) == said(nowhere)
        answers[role] = there.status_code
    for kind in ("other", "missing"):
        row = Row(name, method, kind)
        assert answers == matrix().get(row), line_of(row, answers)


@pytest.fixture(scope="module")
def stranger(foreign: dict[Role, Client]) -> Participant:
    """A participant of the other site."""
    pi = User.objects.get(username="pi-else")
    return clinic.make_participant(pi, pi.role_assignments.get().site)


@pytest.mark.db_engine
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", OF_ROWS)
def test_nobody_reaches_anothers_row_through_a_participant_of_their_own(
    demo: Addresses, foreign: dict[Role, Client], stranger: Participant, name: str, method: str
) -> None:
    """The table asks with both of the other site; each is judged, and not the first one alone."""
    theirs, nobodys = (
        address.replace(whose, stranger.study_id)
        for address, whose in ((demo.own(name), demo.patient.study_id), (demo.missing(name), MISSING_STUDY_ID))
    )
    for role, client in foreign.items():
        there, nowhere = (asked(client, method, address) for address in (theirs, nobodys))
        assert said(there) == said(nowhere)
        assert there.status_code == matrix()[Row(name, method, "missing")][role]


@pytest.mark.db_engine
@pytest.mark.parametrize("name", GATED)
def test_no_other_method_is_taken_and_head_is_get_without_its_body(
    demo: Addresses, own: dict[Role, Client], name: str
) -> None:
    address = demo.own(name)
    for role in (Role.PI, Role.ADMINISTRATOR):
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
            assert asked(own[role], method, address).status_code in {403, 405}, method
        kind = "own" if has_object(name) else NONE
        head = asked(own[role], "HEAD", address, may_write=name in WRITES)
        assert (head.status_code, head.content) == (matrix()[Row(name, "GET", kind)][role], b"")


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
