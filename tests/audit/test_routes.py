"""T18, T19: each route of tampering is refused, or found with the first bad row named, on either engine."""

from __future__ import annotations

import os
import sqlite3
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection

from tests.audit.routes import FORGED, FOUND, POSTGRESQL, REFUSALS, REFUSED, RENAME, SQLITE, UPSERT, Route, on
from tests.audit.stage import Stage, owner, set_up
from trial.audit.models import AuditEntry, AuditSeal
from trial.audit.triggers import missing
from trial.audit.verification import (
    Finding,
    Report,
    check_chain,
    check_entries,
    check_rows,
    check_what_follows,
    verify,
)
from trial.users.models import Site

ENGINE = POSTGRESQL if os.environ.get("DATABASE_URL", "").startswith("postgres") else SQLITE
WORDS = r"refused|not authorized|permission denied|prohibited|no such function|append-only|no actor"


def each(routes: list[Route]) -> pytest.MarkDecorator:
    """The test once for each route of the engine that the tests run on."""
    return pytest.mark.parametrize("route", on(ENGINE, routes), ids=lambda route: route.name)


@pytest.fixture
def stage(cloned_orm: str) -> Stage:
    """A sealed trail, and its exported head."""
    assert connection.vendor == ENGINE
    return set_up(cloned_orm)


def found_by(head: dict[str, Any]) -> dict[str, list[Finding]]:
    """What each of the verifier's checks finds when it is left alone."""
    rows: dict[Any, Any] = {}
    entries = list(check_entries(connection, Report(), rows))
    chain = list(check_chain(connection, Report(), None))
    checks = {
        "triggers": [Finding(None, name, "-", "absent") for name in missing(connection)],
        "chain": chain,
        "head": [one for one in check_chain(connection, Report(), head) if one not in chain],
        "entries": entries,
        "rows": list(check_rows(connection, Report(), rows)),
        "follows": list(check_what_follows(connection)),
    }
    return {name: findings for name, findings in checks.items() if findings}


def test_what_nobody_tampered_with_is_whole(stage: Stage) -> None:
    """The control of every route that is found."""
    report = verify(stage.head)
    assert (report.findings, report.unsealed) == ([], 0)
    assert found_by(stage.head) == {}


@each(REFUSALS)
def test_what_the_database_refuses_leaves_the_trail_as_it_was(stage: Stage, route: Route) -> None:
    assert route.becomes == REFUSED
    kept = [list(model._default_manager.values_list()) for model in (AuditEntry, AuditSeal)]
    with pytest.raises((DatabaseError, sqlite3.Error, psycopg.Error), match=WORDS):
        route.how(stage)
    assert [list(model._default_manager.values_list()) for model in (AuditEntry, AuditSeal)] == kept
    assert verify(stage.head).ok


@each(FOUND)
def test_what_the_owner_does_is_found_at_the_first_bad_row(stage: Stage, route: Route) -> None:
    route.how(stage)
    report = verify(stage.head)
    assert not report.ok
    assert str(report.findings[0]) == route.becomes.format(**stage.words())
    found = found_by(stage.head)
    assert tuple(sorted(found)) == tuple(sorted(route.checks)), "without these checks nobody would see it"


def test_the_list_holds_every_route_of_the_threat() -> None:
    """T18 as docs/reliability.md has it, word by word; and no route is named twice on an engine."""
    words = ["update()", "bulk_update()", "UPDATE", "DELETE", "REPLACE", "upsert", "TRUNCATE", "disabled", "dropped"]
    words += ["forged INSERT", "functions of another tool's own", "tail cut off", "older database restored"]
    every = [*REFUSALS, *FOUND]
    assert [word for word in words if not any(word in route.name for route in every)] == []
    for engine in (SQLITE, POSTGRESQL):
        names = [route.name for route in on(engine, every)]
        assert len(names) == len(set(names))


def test_without_its_guards_the_trail_would_take_every_one_of_these_statements(stage: Stage) -> None:
    """The control of the refusals: it is the triggers that refuse, and nothing about the statements."""
    statements = [
        (UPSERT, "audit_entry"),
        (FORGED, "audit_entry"),
        ("UPDATE audit_entry SET actor = 'x' WHERE id = {changed}", "audit_entry"),
        ("DELETE FROM audit_entry WHERE id = {changed}", "audit_entry"),
        (RENAME, "users_site"),
    ]
    for statement, table in statements:
        before = [list(AuditEntry.objects.values_list()), list(Site.objects.values_list())]
        owner((table, statement))(stage)
        assert [list(AuditEntry.objects.values_list()), list(Site.objects.values_list())] != before, statement
