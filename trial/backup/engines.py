"""What differs between the engines: a still picture of the database, its bytes, and the programs that make them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from trial.backup import tables
from trial.backup.tables import Told

PIECE = 1024 * 1024
SQLITE_PART, POSTGRESQL_PART = "database.sqlite3", "database.dump"
# Left by a back-up or a restore that was killed; nothing reads them.
LEFT_OVER = ".back-up-*"
HEAD = "SELECT seq, mac, entry_id FROM audit_seal ORDER BY seq DESC LIMIT 1"
MIGRATIONS = "SELECT app, name FROM django_migrations ORDER BY app, name"
SITES = "SELECT code FROM users_site ORDER BY code"


class ProgramMissing(RuntimeError):
    """PostgreSQL's own programs for back-ups are not installed."""


@dataclass(frozen=True)
class Picture:
    """One state of the database: its rows as told, its chain's end, its migrations and sites, and its bytes."""

    engine: str
    version: str
    part: str
    tables: dict[str, Told]
    head: dict[str, Any]
    migrations: list[list[str]]
    sites: list[str]
    pieces: Iterator[bytes]


def pieces_of(file: IO[bytes]) -> Iterator[bytes]:
    """What is left in a file, a piece at a time."""
    while piece := file.read(PIECE):
        yield piece


@contextmanager
def picture() -> Iterator[Picture]:
    """One consistent state of the default database, which others go on writing to."""
    if connections[DEFAULT_DB_ALIAS].vendor == "sqlite":
        with _sqlite_picture() as found:
            yield found
    else:
        with _postgresql_picture() as found:
            yield found


def _head(row: tuple[Any, ...] | None) -> dict[str, Any]:
    return dict(zip(("seq", "mac", "entry_id"), row or (0, "0" * 64, 0), strict=True))


@contextmanager
def _sqlite_picture() -> Iterator[Picture]:
    """A copy by SQLite's online back-up, in one step, beside the database: no less protected than itself."""
    name = connections[DEFAULT_DB_ALIAS].settings_dict["NAME"]
    copy = settings.VAR_DIR / f".back-up-{uuid4().hex}.sqlite3"
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with (
            closing(sqlite3.connect(f"file:{name}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(copy)) as into,
        ):
            source.backup(into)
            into.execute("PRAGMA journal_mode=DELETE")
            with copy.open("rb") as file:
                yield Picture(
                    "sqlite",
                    sqlite3.sqlite_version,
                    SQLITE_PART,
                    tables.of_sqlite(into),
                    _head(into.execute(HEAD).fetchone()),
                    [list(row) for row in into.execute(MIGRATIONS)],
                    [code for (code,) in into.execute(SITES)],
                    pieces_of(file),
                )
    finally:
        for path in copy.parent.glob(f"{copy.name}*"):
            path.unlink()


@contextmanager
def _postgresql_picture() -> Iterator[Picture]:
    """pg_dump and our own reading in one exported snapshot, so that the dump is what the manifest says."""
    with server() as database:
        database.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = _one(database, "SELECT pg_export_snapshot()")[0]
        orders = ["--format=custom", "--compress=0", "--no-owner", "--no-privileges"]
        with _running("pg_dump", [*orders, f"--snapshot={snapshot}"], stdout=subprocess.PIPE) as dump:
            yield Picture(
                "postgresql",
                str(_one(database, "SHOW server_version")[0]),
                POSTGRESQL_PART,
                tables.of_postgresql(database),
                _head(database.execute(HEAD).fetchone()),
                [list(row) for row in database.execute(MIGRATIONS).fetchall()],
                [code for (code,) in database.execute(SITES).fetchall()],
                pieces_of(pipe(dump.stdout)),
            )


def _one(database: psycopg.Connection[Any], query: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] = database.execute(query.encode()).fetchall()[0]
    return row


def place() -> dict[str, str]:
    """Where the default database is, in the words of PostgreSQL's own programs (libpq's environment)."""
    given = connections[DEFAULT_DB_ALIAS].settings_dict
    words = {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "PASSWORD": "PGPASSWORD", "NAME": "PGDATABASE"}
    found = {word: str(given[name]) for name, word in words.items() if given.get(name)}
    options = {name: value for name, value in given.get("OPTIONS", {}).items() if name.startswith("ssl")}
    return found | {f"PG{name.upper()}": str(value) for name, value in options.items()}


def server(name: str | None = None) -> psycopg.Connection[Any]:
    """A connection of one's own, in autocommit, to the default database or another one of its server."""
    found = place()
    return psycopg.connect(
        host=found.get("PGHOST"),
        port=found.get("PGPORT"),
        user=found.get("PGUSER"),
        password=found.get("PGPASSWORD"),
        dbname=name or found["PGDATABASE"],
        sslmode=found.get("PGSSLMODE"),
        sslrootcert=found.get("PGSSLROOTCERT"),
        autocommit=True,
    )


def program(name: str) -> Path:
    """One of PostgreSQL's programs, on PATH or where Debian keeps them; raises ProgramMissing."""
    if found := shutil.which(name):
        return Path(found)
    installed = [path for path in Path("/usr/lib/postgresql").glob(f"*/bin/{name}") if os.access(path, os.X_OK)]
    if not installed:
        raise ProgramMissing(
            f"{name} is not on PATH. Install PostgreSQL's client programs of the server's version or newer "
            "(Debian: apt-get install postgresql-client)."
        )
    return max(installed, key=lambda path: float(path.parents[1].name))


def pipe(end: IO[bytes] | None) -> IO[bytes]:
    """The pipe to or from a program; raises RuntimeError where it was started without one."""
    if end is None:
        raise RuntimeError("The program was started without this pipe.")
    return end


@contextmanager
def _running(
    name: str, orders: list[str], database: str | None = None, **pipes: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program against the database to its end; raises RuntimeError with its own words when it fails."""
    environment = {**os.environ, **place(), **({"PGDATABASE": database} if database else {})}
    with subprocess.Popen([program(name), *orders], env=environment, stderr=subprocess.PIPE, **pipes) as process:
        try:
            yield process
            if process.stdin:
                process.stdin.close()
        except BrokenPipeError:
            pass  # It ended by itself; its own words are better than ours.
        except BaseException:
            process.kill()
            raise
        said = pipe(process.stderr).read().decode(errors="replace").strip()
        if process.wait():
            raise RuntimeError(f"{name} ended with {process.returncode}: {said[-2000:]}")


def load_dump(pieces: Iterator[bytes], database: str) -> None:
    """Fill an empty database of the server from a dump."""
    orders = [f"--dbname={database}", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    with _running("pg_restore", orders, database, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        into = pipe(process.stdin)
        for piece in pieces:
            into.write(piece)
