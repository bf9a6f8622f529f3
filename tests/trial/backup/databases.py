"""The database under a test, looked at and destroyed from outside."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from django.db import connections

from tests.engines.clones import database_name, with_database


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    """What a statement gives over a connection of its own, committed."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database, database:
            return database.execute(statement).fetchall()
    with psycopg.connect(url) as server:
        done = server.execute(statement.encode())
        return done.fetchall() if done.description else []


def content(url: str) -> dict[str, list[str]]:
    """Every row of every table as text, sorted; the judge of a restore, independent of the product's own hashes."""
    names = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        if url.startswith("sqlite")
        else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    )
    found: dict[str, list[str]] = {}
    for (name,) in rows(url, names):
        found[name] = sorted(repr(row) for row in rows(url, f'SELECT * FROM "{name}"'))
    return found


def assert_is_back(url: str, before: dict[str, list[str]]) -> None:
    """Every row of before stands there again, and no other but seals.

    A restore verifies the trail, and thereby seals what waited: on PostgreSQL the sealer leaves entries for later as
    long as an older transaction is open anywhere in the cluster, such as that of a test beside this one.
    """
    after = content(url)
    assert {**after, "audit_seal": []} == {**before, "audit_seal": []}
    assert set(after["audit_seal"]) >= set(before["audit_seal"])


def wipe(url: str) -> None:
    """Destroy the database as a lost disk would."""
    connections["default"].close()
    connections["reporting"].close()
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        for each in path.parent.glob(f"{path.name}*"):
            each.unlink()
        return
    with psycopg.connect(with_database(url, "postgres"), autocommit=True) as server:
        server.execute(f'DROP DATABASE "{database_name(url)}" WITH (FORCE)'.encode())


def forget_replaced(url: str) -> None:
    """Remove what restores kept of older databases on PostgreSQL; SQLite's lie beside the clone, which removes them."""
    if url.startswith("sqlite"):
        return
    with psycopg.connect(with_database(url, "postgres"), autocommit=True) as server:
        kept = server.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{database_name(url)}_replaced%"]
        )
        for (name,) in kept.fetchall():
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
