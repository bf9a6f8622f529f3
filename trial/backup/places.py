"""Where a restored database is made, proved, and put in the old one's place, all at once or not at all."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import sql

from trial.backup import tables
from trial.backup.engines import load_dump, place, server
from trial.backup.tables import Told
from trial.records.files import sync_folder

ALIAS = "restored"
# Databases that every PostgreSQL server has: one must be asked to make or rename another.
ALWAYS_THERE = ("postgres", "template1")


class StillInUse(RuntimeError):
    """The site still runs on the database that is to be replaced."""


class Place(Protocol):
    """A database beside the real one, under a name of its own."""

    name: str

    def fill(self, pieces: Iterator[bytes]) -> None: ...

    def told(self) -> dict[str, Told]: ...

    def swap(self) -> str | None: ...

    def drop(self) -> None: ...


def sites_here() -> list[str] | None:
    """Codes of the sites in the database that would be replaced; None when it is absent, empty or unreadable."""
    query = "SELECT code FROM users_site ORDER BY code"
    try:
        if connections[DEFAULT_DB_ALIAS].vendor == "sqlite":
            name = connections[DEFAULT_DB_ALIAS].settings_dict["NAME"]
            with closing(sqlite3.connect(f"file:{name}?mode=ro", uri=True)) as database:
                return [code for (code,) in database.execute(query)] or None
        with server() as database:
            return [code for (code,) in database.execute(query.encode()).fetchall()] or None
    except (sqlite3.Error, psycopg.Error):
        return None


def is_damaged() -> bool:
    """Whether there is a SQLite file in the place that cannot be read: it may hold data all the same."""
    wrapper = connections[DEFAULT_DB_ALIAS]
    if wrapper.vendor != "sqlite" or not Path(wrapper.settings_dict["NAME"]).is_file():
        return False
    try:
        with closing(sqlite3.connect(f"file:{wrapper.settings_dict['NAME']}?mode=ro", uri=True)) as database:
            database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError:
        return True
    return False


@contextmanager
def beside() -> Iterator[Place]:
    """A place for a restored database; dropped after, unless it was swapped in."""
    made: Place = SqlitePlace() if connections[DEFAULT_DB_ALIAS].vendor == "sqlite" else PostgresqlPlace()
    try:
        yield made
    finally:
        made.drop()


@contextmanager
def connected(name: str) -> Iterator[str]:
    """Let Django reach a restored database; yields its alias."""
    connections.settings[ALIAS] = {**connections.settings[DEFAULT_DB_ALIAS], "NAME": name}
    try:
        yield ALIAS
    finally:
        with suppress(AttributeError):
            connections[ALIAS].close()
            del connections[ALIAS]
        del connections.settings[ALIAS]


def stamp() -> str:
    """The time as part of a name."""
    return f"{datetime.now(UTC):%Y%m%d_%H%M%S}"


class SqlitePlace:
    """A file beside the database's."""

    def __init__(self) -> None:
        self.real = Path(connections[DEFAULT_DB_ALIAS].settings_dict["NAME"])
        self.path = self.real.with_name(f".back-up-{uuid4().hex}.sqlite3")
        self.name = str(self.path)

    def fill(self, pieces: Iterator[bytes]) -> None:
        """Write the database's file."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        with closing(sqlite3.connect(self.path)) as database:
            database.execute("PRAGMA journal_mode=WAL")

    def told(self) -> dict[str, Told]:
        """Every table as it came back."""
        with closing(sqlite3.connect(self.path)) as database:
            return tables.of_sqlite(database)

    def swap(self) -> str | None:
        """Put the file in the database's place; where the old one is kept. Raises StillInUse."""
        connections[DEFAULT_DB_ALIAS].close()
        kept = None
        if self.real.exists():
            self._settle()
            kept = self.real.with_name(f"{self.real.name}.replaced-{stamp()}")
            kept.hardlink_to(self.real)
        self.path.replace(self.real)
        sync_folder(self.real.parent)
        return str(kept) if kept else None

    def _settle(self) -> None:
        """Bring the old file's log home: a log left beside another database would be written into it.

        SQLite leaves the log's mode only while nobody else has the file open, which is what is asked for here too.
        """
        try:
            with closing(sqlite3.connect(self.real, timeout=2)) as database:
                database.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as locked:
            raise StillInUse(
                "The site still uses its database. Stop it (web, worker and beat), then restore."
            ) from locked
        except sqlite3.DatabaseError:
            for path in self.real.parent.glob(f"{self.real.name}-*"):  # no database any more; its log is of no use
                path.unlink()

    def drop(self) -> None:
        """Remove the file and its log."""
        for path in self.path.parent.glob(f"{self.path.name}*"):
            path.unlink()


class PostgresqlPlace:
    """A database of the same server."""

    def __init__(self) -> None:
        self.real = place()["PGDATABASE"]
        self.name = f"{self.real}_restored_{uuid4().hex[:8]}"

    def fill(self, pieces: Iterator[bytes]) -> None:
        """Make the database and load the dump."""
        self._order("CREATE DATABASE {} TEMPLATE template0", self.name)
        load_dump(pieces, self.name)

    def told(self) -> dict[str, Told]:
        """Every table as it came back."""
        with server(self.name) as database:
            database.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return tables.of_postgresql(database)

    def swap(self) -> str | None:
        """Rename both databases in one transaction; how the old one is called now. Raises StillInUse."""
        connections[DEFAULT_DB_ALIAS].close()
        kept = f"{self.real}_replaced_{stamp()}"
        with self._other() as database, database.transaction():
            there = database.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.real]).fetchone()
            try:
                if there:
                    database.execute(_named("ALTER DATABASE {} RENAME TO {}", self.real, kept))
                database.execute(_named("ALTER DATABASE {} RENAME TO {}", self.name, self.real))
            except psycopg.errors.ObjectInUse as used:
                raise StillInUse(
                    "The site still uses its database. Stop it (web, worker and beat), then restore."
                ) from used
        return kept if there else None

    def drop(self) -> None:
        """Remove the database, if it still has its own name."""
        with suppress(psycopg.OperationalError):
            self._order("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)

    def _order(self, statement: str, *names: str) -> None:
        with self._other() as database:
            database.execute(_named(statement, *names))

    @staticmethod
    def _other() -> psycopg.Connection[object]:
        for name in ALWAYS_THERE[:-1]:
            with suppress(psycopg.OperationalError):
                return server(name)
        return server(ALWAYS_THERE[-1])


def _named(statement: str, *names: str) -> sql.Composed:
    return sql.SQL(statement).format(*map(sql.Identifier, names))
