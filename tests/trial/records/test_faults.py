"""T6, T7: a full disk and a database that does not answer give a page that says what became of the text."""

from __future__ import annotations

import errno
import sqlite3
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, connection, connections
from django.test import Client
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from infusion.models import Vitals
from tests.infusion.ward import Ward, make_ward
from trial.audit.verification import verify
from trial.records.faults import Fault, kind_of

COMMENT = "sits up, <b>talks</b> & smiles"


def vitals(**changes: str) -> dict[str, str]:
    """Vital signs as the form sends them."""
    at = timezone.localtime(timezone.now() - timedelta(minutes=1), timezone=timezone.get_fixed_timezone(-360))
    given = {
        "key": str(uuid4()), "occurred_at": f"{at:%Y-%m-%dT%H:%M}", "visit": "", "systolic": "128", "diastolic": "81",
        "heart_rate": "77", "comment": COMMENT,
    }  # fmt: skip
    return {**given, **changes}


def signed_in(ward: Ward) -> Client:
    """The nurse's browser."""
    client = Client(raise_request_exception=False)
    client.force_login(ward.nurse)
    return client


def fill_disk() -> None:
    """Let the database grow no further: each connection of SQLite has its own limit."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone()
        cursor.execute("PRAGMA freelist_count")
        assert cursor.fetchone()[0] == 0
        cursor.execute(f"PRAGMA max_page_count = {pages}")


def write_until_full(client: Client, address: str) -> tuple[int, Any]:
    """Save until the last page is full; how many were saved, and the refusal."""
    for saved in range(400):
        answer = client.post(address, vitals(comment=f"{COMMENT} {'x' * 150}"))
        if answer.status_code != 302:
            return saved, answer
    raise AssertionError("the disk never filled")


@pytest.mark.usefixtures("cloned_orm")
def test_a_full_disk_gives_a_page_with_the_text_loses_nothing_and_ends_with_room() -> None:
    if connection.vendor == "postgresql":
        return  # its own error is judged below; a full disk of a server cannot be made without being root
    ward = make_ward()
    client, address = signed_in(ward), f"/infusion/{ward.participant.study_id}/vitals/"
    before = Vitals.objects.count()
    fill_disk()
    saved, answer = write_until_full(client, address)
    assert answer.status_code == 507
    page = answer.content.decode()
    assert "Nothing of what you just sent was saved" in page
    assert "sits up, &lt;b&gt;talks&lt;/b&gt; &amp; smiles" in page
    assert "<b>talks" not in page
    assert Vitals.objects.count() == before + saved
    assert client.get(f"/infusion/{ward.participant.study_id}/").status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        assert cursor.fetchone() == ("ok",)
        cursor.execute("PRAGMA max_page_count = 1073741823")
    again = vitals()
    assert [client.post(address, again).status_code for _ in range(2)] == [302, 302]
    assert Vitals.objects.count() == before + saved + 1
    assert verify().ok


@pytest.fixture
def nowhere(django_db_blocker: DjangoDbBlocker) -> object:
    """A default connection that leads to no server and no folder."""
    kept = connections["default"]
    lost = connections.create_connection("default")
    lost.settings_dict = {**lost.settings_dict, "NAME": "/nowhere/trial", "HOST": "127.0.0.1", "PORT": "1"}
    connections["default"] = lost
    with django_db_blocker.unblock():
        yield lost
    connections["default"] = kept


@pytest.mark.usefixtures("nowhere")
def test_a_database_that_does_not_answer_gives_a_page_with_the_text_but_no_password() -> None:
    client = Client(raise_request_exception=False)
    answer = client.post("/sign-in/", {"username": "nora", "password": "a long enough one"})
    page = answer.content.decode()
    assert answer.status_code == 503
    assert answer["Retry-After"] == "30"
    assert "cannot reach its database" in page
    assert "nora" in page
    assert "long enough" not in page


def caused(fault: Exception, cause: Exception) -> Exception:
    """A fault as Django wraps an engine's own."""
    fault.__cause__ = cause
    return fault


def of_sqlite(code: int) -> sqlite3.OperationalError:
    """SQLite's error of a code (sqlite.org/rescode.html)."""
    fault = sqlite3.OperationalError("told by SQLite")
    fault.sqlite_errorcode = code
    return fault


# Codes: sqlite.org/rescode.html; PostgreSQL 17 documentation, appendix A.
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (caused(OperationalError(), psycopg.errors.DiskFull()), Fault.FULL),
        (caused(OperationalError(), psycopg.errors.AdminShutdown()), Fault.AWAY),
        (caused(OperationalError(), psycopg.errors.CannotConnectNow()), Fault.AWAY),
        (caused(OperationalError(), psycopg.errors.TooManyConnections()), Fault.AWAY),
        (caused(OperationalError(), psycopg.OperationalError("connection refused")), Fault.AWAY),
        (caused(InterfaceError(), psycopg.InterfaceError("the connection is closed")), Fault.AWAY),
        (caused(OperationalError(), psycopg.errors.DeadlockDetected()), None),
        (caused(OperationalError(), of_sqlite(13)), Fault.FULL),
        (caused(OperationalError(), of_sqlite(778)), Fault.FULL),
        (caused(OperationalError(), of_sqlite(5)), Fault.AWAY),
        (caused(OperationalError(), of_sqlite(14)), Fault.AWAY),
        (caused(OperationalError(), of_sqlite(1)), None),
        (OSError(errno.ENOSPC, "no space"), Fault.FULL),
        (OSError(errno.EACCES, "denied"), None),
        (caused(RuntimeError(), OSError(errno.EDQUOT, "quota")), Fault.FULL),
        (ValueError("anything else"), None),
        (None, None),
    ],
)
def test_a_fault_is_called_what_it_is(fault: Exception | None, kind: Fault | None) -> None:
    assert kind_of(fault) is kind


@pytest.mark.usefixtures("nowhere")
def test_neither_a_code_nor_a_contact_detail_is_shown_back() -> None:
    client = Client(raise_request_exception=False)
    typed = {"code": "K4MPX-9QRST", "outcome_code": "recovered slowly"}
    client.cookies["sessionid"] = "s" * 32
    answer = client.post("/sign-in/", {"username": "nora", **typed})
    page = answer.content.decode()
    assert answer.status_code == 503
    assert "recovered slowly" in page, "the control: another field is shown back"
    assert "K4MPX" not in page
    private = client.post("/contacts/STL-0001-4/edit/", {"phone": "314 555 0100"})
    assert private.status_code == 503
    assert "314 555 0100" not in private.content.decode()
