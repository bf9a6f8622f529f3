"""Someone with the database's file or password but without this application: a connection of their own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection


@contextmanager
def outsider(url: str) -> Iterator[Any]:
    """A plain driver's connection to the database, committing at the end."""
    if url.startswith("sqlite"):
        raw: Any = sqlite3.connect(url.removeprefix("sqlite:///"))
    else:
        raw = psycopg.connect(url)
    try:
        yield raw
        raw.commit()
    finally:
        raw.close()


def defenceless(raw: Any, table: str) -> None:
    """Take down the triggers of a table, as only the database's owner can."""
    if isinstance(raw, sqlite3.Connection):
        names = raw.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", [table]
        ).fetchall()
        for (name,) in names:
            raw.execute(f'DROP TRIGGER "{name}"')
    else:
        raw.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")


def damage(url: str, table: str, *statements: str) -> None:
    """Run statements against a table with its triggers down, then have the application put them back."""
    from trial.audit.triggers import install

    connection.close()
    with outsider(url) as raw:
        defenceless(raw, table)
        for statement in statements:
            raw.execute(statement)
    install(connection)
