"""A rater whom the protocol keeps from the treatment finds nothing of it, wherever it stands.

Swept over every address and operation: tests/trial/blinding_matrix.csv says for each what a rater in each role gets.
"hidden": a colleague in the same role finds marks of the treatment there and the rater gets the page without them;
"refused": the rater gets 403 and is told why; "nothing": no mark stands there for anybody in the role; a number: what
it answers both. A change of that table is a change of what is hidden, to be reviewed as such.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from assessments.models import RaterAssignment
from assessments.raters.services import end_assignment
from tests.api.asking import ask, token_for
from tests.conftest import redirected
from tests.engines.clones import Template, Templates
from tests.trial import blinded_ward
from tests.trial.addresses import patterns, people
from tests.trial.blinded_ward import MARK, RATERS, BlindedWard, blinded_version, make_blinded_ward
from tests.trial.records import clinic
from tests.trial.test_permissions import ACCOUNTS, OPEN_TO_ANY_ACCOUNT, OPEN_TO_ANYBODY
from trial import blinding
from trial.audit.context import audited
from trial.permissions import Role
from trial.safety.models import AdverseEvent, Alert, AlertNotice
from trial.safety.services import notices
from trial.users.models import User

pytestmark = pytest.mark.db_engine
MATRIX = Path(__file__).with_name("blinding_matrix.csv")
NAMES = sorted(name for name in patterns() if name not in OPEN_TO_ANYBODY | OPEN_TO_ANY_ACCOUNT)
WHY = re.compile(rb"[Hh]idden while you rate")
# Of a page that shows more when asked, every address that does.
ASKED = {
    "audit:trail": ["?participant={study_id}"],
    "infusion:detail": ["?all"],
    "monitoring:list": ["?which=all", "?q={study_id}"],
    "participants:list": ["?q={study_id}"],
    "records:draft": ["?address=/infusion/{study_id}/rate/"],
    "safety:board": ["?show=all", "?q={study_id}"],
    "safety:oversight": ["?site={site}"],
}
# The rows that these are asked about beside those of tests/trial/addresses.py.
ROWS: dict[str, list[tuple[dict[str, str], str]]] = {
    "infusion:correct": [({"kind": kind}, kind) for kind in ("vitals", "clonidine", "side-effects", "serum", "bag")],
    "infusion:correct_rate": [({}, "rate")],
    "safety:alert": [({}, "alert"), ({}, "done")],
    "safety:acknowledge": [({}, "alert"), ({}, "done")],
    "safety:close": [({}, "by_hand")],
    **{f"safety:{page}": [({}, "event")] for page in ("event", "correct", "follow_up", "report")},
    "monitoring:query": [({}, "query")],
    "monitoring:raise": [({"table": "infusion.ratechange"}, "rate"), ({"table": "safety.adverseevent"}, "event")],
    "monitoring:verification_group": [({"code": "other-infusion"}, ""), ({"code": "other-safety"}, "")],
    "monitoring:written": [({}, "review")],
    "signatures:panel": [({"label": "infusion.RateChange"}, "rate")],
    "signatures:sign": [({"label": "infusion.RateChange"}, "rate"), ({"label": "safety.AdverseEvent"}, "event")],
}


class Seen(NamedTuple):
    """What an account found at the addresses of a name: statuses, whether a mark was there, whether it was refused."""

    statuses: frozenset[int]
    is_marked: bool
    is_refused: bool


@pytest.fixture(scope="module")
def ward(
    templates: Templates,
    demo_template: Template,
    django_db_blocker: DjangoDbBlocker,
    django_db_setup: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[BlindedWard]:
    """The models pointed at a copy of the demo database with the marks, under the version that keeps raters out."""
    with ExitStack() as undo:
        undo.enter_context(blinded_version(tmp_path_factory.mktemp("protocol")))
        url = undo.enter_context(templates.clone(demo_template))
        undo.enter_context(redirected(url, django_db_blocker))
        yield make_blinded_ward()


@pytest.fixture(scope="module")
def raters(ward: BlindedWard) -> dict[Role, Client]:
    """A client for each rater."""
    return {role: signed_in(person) for role, person in ward.raters.items()}


@pytest.fixture(scope="module")
def colleagues(ward: BlindedWard) -> dict[Role, Client]:
    """A client for somebody in each of these roles who rates nobody."""
    found = {role: User.objects.get(username=ACCOUNTS[role]) for role in RATERS}
    return {role: signed_in(person) for role, person in found.items()}


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def addresses(ward: BlindedWard, name: str) -> list[str]:
    """Every address to ask for a name: that of the demo, those with a query, those of marked rows."""
    own = ward.addresses.own(name)
    given = {"study_id": ward.patient.study_id, "site": ward.addresses.site.code}
    found = [own, *(own + query.format(**given) for query in ASKED.get(name, ()))]
    for given_values, row in ROWS.get(name, ()):
        kwargs = {argument: ward.addresses.value(name, argument) for argument in patterns()[name].pattern.converters}
        kwargs |= {key: ward.rows[row].pk for key in ("pk", "row_id") if key in kwargs and row}
        found.append(reverse(name, kwargs={**kwargs, **given_values}))
    return found


def bytes_of(response: Any) -> bytes:
    """Everything an answer says: status line, headers and body, unpacked."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    if response.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return str(response.headers).encode() + body


def seen(answers: list[Any]) -> Seen:
    said = [bytes_of(answer) for answer in answers]
    return Seen(
        frozenset(answer.status_code for answer in answers),
        any(MARK.search(one) for one in said),
        any(answer.status_code == 403 and WHY.search(one) for answer, one in zip(answers, said, strict=True)),
    )


def gets(ward: BlindedWard, clients: dict[Role, Client], name: str, role: Role) -> Seen:
    """What somebody gets at every address of a name."""
    if name.startswith("api:") and name not in ("api:openapi-json", "api:api-root"):
        token = token_for(User.objects.get(pk=clients[role].session["_auth_user_id"]))
        return seen([ask(token, "GET", address) for address in addresses(ward, name)])
    return seen([clients[role].get(address) for address in addresses(ward, name)])


def outcome(rater: Seen, colleague: Seen) -> str:
    """The word of the table."""
    if rater.is_refused:
        return "refused"
    if colleague.is_marked:
        return "hidden"
    return "nothing" if rater.statuses <= {200, 204, 302, 422} else "/".join(map(str, sorted(rater.statuses)))


def matrix() -> dict[str, dict[Role, str]]:
    """The reviewed table."""
    with MATRIX.open(encoding="utf-8", newline="") as file:
        return {row["url"]: {role: row[role.value] for role in RATERS} for row in csv.DictReader(file)}


def test_the_table_lists_every_address_and_operation_once() -> None:
    with MATRIX.open(encoding="utf-8", newline="") as file:
        assert [row["url"] for row in csv.DictReader(file)] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_rater_finds_no_mark_of_the_treatment(
    ward: BlindedWard, raters: dict[Role, Client], colleagues: dict[Role, Client], name: str
) -> None:
    found, told = {}, []
    for role in RATERS:
        rater, colleague = (gets(ward, clients, name, role) for clients in (raters, colleagues))
        found[role] = outcome(rater, colleague)
        told += [role] if rater.is_marked else []
    assert told == []
    assert found == matrix()[name]


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("api:")])
def test_what_is_sent_is_answered_without_a_mark(ward: BlindedWard, raters: dict[Role, Client], name: str) -> None:
    for address in addresses(ward, name):
        with transaction.atomic():
            answer = raters[Role.PI].post(address)
            transaction.set_rollback(True)
        assert not MARK.search(bytes_of(answer))
        if matrix()[name][Role.PI] == "refused" and answer.status_code == 403:
            assert WHY.search(answer.content)


def history_of(row: Any) -> str:
    return reverse("audit:history", args=[row._meta.label, row.pk])


def test_the_history_of_what_tells_of_the_treatment_is_refused(
    ward: BlindedWard, raters: dict[Role, Client], colleagues: dict[Role, Client]
) -> None:
    rows = {name: row for name, row in ward.rows.items() if name != "review"}
    assert rows
    for name, row in rows.items():
        for role in RATERS:
            answer = raters[role].get(history_of(row))
            assert answer.status_code in ((403,) if role == Role.PI else (403, 404)), (name, role)
            assert not MARK.search(answer.content), (name, role)
    found = {name for name, row in rows.items() if MARK.search(colleagues[Role.PI].get(history_of(row)).content)}
    assert found == rows.keys() - {"infusion"}


def test_without_the_gate_the_sweep_finds_the_marks(ward: BlindedWard, monkeypatch: pytest.MonkeyPatch) -> None:
    """A control of the sweep: with its ground taken away, every page that hides something shows it to the rater."""
    monkeypatch.setattr(blinding, "_grounds", [])
    clients = {role: signed_in(person) for role, person in ward.raters.items()}
    unseen = [
        name
        for name, by_role in matrix().items()
        if by_role[Role.PI] == "hidden" and not gets(ward, clients, name, Role.PI).is_marked
    ]
    assert unseen == []


def test_without_a_version_that_asks_for_it_nobody_is_kept_and_nothing_is_asked(ward: BlindedWard) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blinding, "blinding_versions", frozenset)
        patched.setattr(blinding, "_grounds", [])
        assert blinding.blinded_to(ward.raters[Role.PI]) == {}


def test_who_is_kept_is_asked_once_a_request(ward: BlindedWard) -> None:
    person = User.objects.get(pk=ward.raters[Role.PI].pk)
    with CaptureQueriesContext(connection) as first:
        assert blinding.is_blinded(person, ward.patient.pk)
    with CaptureQueriesContext(connection) as second:
        assert blinding.is_blinded(person, ward.patient.pk)
    assert (len(first), len(second)) == (1, 0)


def test_the_page_says_what_is_hidden_why_until_when_and_what_to_do(
    ward: BlindedWard, raters: dict[Role, Client]
) -> None:
    page = raters[Role.NURSE].get(reverse("infusion:detail", args=[ward.patient.study_id])).content.decode()
    told = ("rates, bags", f"protocol {blinded_ward.BLINDED}", "blinding.raters = yes", "no last day is planned")
    for words in (*told, "on call", "record an adverse event", "end your assignment"):
        assert words in page


def test_when_the_assignment_ends_everything_opens(ward: BlindedWard) -> None:
    with transaction.atomic():
        assignment = RaterAssignment.objects.get(user=ward.raters[Role.NURSE], participant=ward.patient)
        end_assignment(ward.addresses.pi, assignment, reason="an emergency")
        answer = signed_in(ward.raters[Role.NURSE]).get(reverse("infusion:detail", args=[ward.patient.study_id]))
        transaction.set_rollback(True)
    assert answer.status_code == 200
    assert MARK.search(answer.content)


def test_another_sites_participant_stays_a_missing_one_for_a_rater(ward: BlindedWard) -> None:
    stranger = people("AWAY")[Role.NURSE]
    with audited("system:tests", "set up"), transaction.atomic():
        RaterAssignment.objects.create(
            site=ward.addresses.site,
            participant=ward.patient,
            user=stranger,
            starts_on=ward.addresses.site.today,
            assigned_by=ward.addresses.pi,
        )
        client = signed_in(stranger)
        there, nowhere = (client.get(reverse("infusion:detail", args=[one])) for one in (ward.patient, "STL-9999-9"))
        transaction.set_rollback(True)
    assert (there.status_code, there.content) == (nowhere.status_code, nowhere.content)
    assert there.status_code == 404


def test_a_rater_records_an_adverse_event(ward: BlindedWard, raters: dict[Role, Client]) -> None:
    address = reverse("safety:adverse_event", args=[ward.patient.study_id])
    assert raters[Role.NURSE].get(address).status_code == 200
    now = timezone.now().astimezone(ward.addresses.site.zone).strftime("%Y-%m-%dT%H:%M")
    sent = {"term": "Fall", "grade": "1", "occurred_at": now, "aware_at": now, "key": str(uuid4())}
    sent |= {f"{drug}_causality": "unrelated" for drug in ("ketamine", "clonidine", "procedure")}
    answer = raters[Role.NURSE].post(address, sent)
    assert answer.status_code == 302
    assert AdverseEvent.objects.filter(participant=ward.patient, term="Fall").exists()


def test_a_rater_acknowledges_an_alert_without_reading_it(ward: BlindedWard, raters: dict[Role, Client]) -> None:
    alert = ward.rows["alert"]
    now = timezone.now().astimezone(ward.addresses.site.zone).strftime("%Y-%m-%dT%H:%M")
    sent = {"action_taken": "phoned the ward", "occurred_at": now, "version": alert.version, "key": str(uuid4())}
    sent |= {"username": ward.raters[Role.PSYCHIATRIST].username, "password": clinic.PASSWORD}
    with transaction.atomic():
        answer = raters[Role.PSYCHIATRIST].post(reverse("safety:acknowledge", args=[alert.pk]), sent)
        saved = Alert.objects.get(pk=alert.pk)
        transaction.set_rollback(True)
    assert answer.status_code == 302
    assert (saved.action_taken, saved.summary) == ("phoned the ward", f"{blinded_ward.WORD}alert")


def test_who_acknowledges_too_late_is_not_shown_what_the_other_did(
    ward: BlindedWard, raters: dict[Role, Client], colleagues: dict[Role, Client]
) -> None:
    done = ward.rows["done"]
    now = timezone.now().astimezone(ward.addresses.site.zone).strftime("%Y-%m-%dT%H:%M")
    sent = {"action_taken": "phoned the ward", "occurred_at": now, "version": done.version, "key": str(uuid4())}
    sent |= {"username": "psychiatrist", "password": "not asked for any more"}
    address = reverse("safety:acknowledge", args=[done.pk])
    answers = {}
    for name, clients in (("rater", raters), ("colleague", colleagues)):
        answers[name] = clients[Role.PSYCHIATRIST].post(address, {**sent, "key": str(uuid4())})
    assert {answer.status_code for answer in answers.values()} == {409}
    assert b"phoned the ward" in answers["rater"].content
    assert not MARK.search(answers["rater"].content)
    assert MARK.search(answers["colleague"].content)


def test_a_message_about_an_alert_bears_no_mark(ward: BlindedWard) -> None:
    told = list(AlertNotice.objects.filter(alert__participant=ward.patient).select_related("alert__site"))
    assert {notice.purpose for notice in told} == {"escalation", "report"}
    words = "".join(notices.subject_of(notice) + notices.body_of(notice) for notice in told)
    assert not MARK.search(words.encode())
    assert ward.patient.study_id not in words


def test_how_the_infusion_stands_is_hidden_in_the_list_and_on_the_page(
    ward: BlindedWard, raters: dict[Role, Client], colleagues: dict[Role, Client]
) -> None:
    for address in (reverse("participants:list"), reverse("participants:detail", args=[ward.patient.study_id])):
        query = f"?q={ward.patient.study_id}"
        assert b"infusion started" in colleagues[Role.NURSE].get(address + query).content
        assert b"infusion started" not in raters[Role.NURSE].get(address + query).content


def test_an_answer_to_an_alert_that_is_answered_says_by_whom_alone(
    ward: BlindedWard, raters: dict[Role, Client]
) -> None:
    done, desk = Alert.objects.get(pk=ward.rows["done"].pk), raters[Role.PSYCHIATRIST]
    now = timezone.now().astimezone(ward.addresses.site.zone).strftime("%Y-%m-%dT%H:%M")
    sent = {"action_taken": "phoned the ward", "occurred_at": now, "version": done.version, "key": str(uuid4())}
    sent |= {"username": ward.raters[Role.PSYCHIATRIST].username, "password": clinic.PASSWORD}
    for page in ("acknowledge", "attend"):
        answer = desk.post(reverse(f"safety:{page}", args=[done.pk]), sent, follow=True)
        assert b"already acknowledged this alert" in answer.content
        assert not MARK.search(answer.content)
