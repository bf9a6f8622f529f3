"""Databases for tests that commit: clones of a template that is made once per run.

The audited tables refuse TRUNCATE and DELETE, so a database that has been written to cannot be emptied; each
such test gets a fresh copy with every trigger in place.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from filelock import FileLock
from psycopg import sql

ROOT = Path(__file__).resolve().parents[2]
SQLITE_FILE = "trial.sqlite3"
VACUUMED_WITHIN = 60.0


@dataclass(frozen=True)
class Template:
    """A closed database and the folder (VAR_DIR) that belongs to it."""

    database_url: str
    var_dir: Path


@dataclass(frozen=True)
class Templates:
    """The templates of one test run.

    folder: shared by the run's processes. server: DATABASE_URL of PostgreSQL, or None for SQLite.
    """

    folder: Path
    server: str | None

    def tables(self) -> Template:
        """Return the template with every table and trigger, as `migrate` leaves them."""
        return self._once("tables", [["migrate"]])

    def migrated(self) -> Template:
        """Return the template of a site that was set up and holds no trial data."""
        return self._once("migrated", [["bootstrap"]], self.tables())

    def demo(self) -> Template:
        """Return the template with the demo cohort loaded."""
        return self._once("demo", [["bootstrap"], ["load_cohort"]], self.tables())

    @contextmanager
    def clone(self, template: Template) -> Iterator[str]:
        """Copy the template's database, yield the copy's DATABASE_URL, remove it after."""
        if self.server is None:
            copy = self.folder / f"clone-{uuid.uuid4().hex}.sqlite3"
            shutil.copyfile(template.var_dir / SQLITE_FILE, copy)
            yield f"sqlite:///{copy}"
            for path in copy.parent.glob(f"{copy.name}*"):
                path.unlink()
            return
        name = f"clone_{uuid.uuid4().hex}"
        self._order("CREATE DATABASE {} TEMPLATE {}", name, database_name(template.database_url))
        try:
            yield with_database(self.server, name)
        finally:
            self._drop(name)

    def drop(self) -> None:
        """Remove the run's template databases from the server."""
        for built in self.folder.glob("*/database-name"):
            self._drop(built.read_text(encoding="utf-8"))

    def _once(self, name: str, commands: list[list[str]], base: Template | None = None) -> Template:
        var_dir = self.folder / name
        with FileLock(self.folder / f"{name}.lock"):
            if not (var_dir / "complete").exists():
                shutil.rmtree(var_dir, ignore_errors=True)
                var_dir.mkdir(parents=True)
                url = self._make_database(var_dir, base)
                for command in commands:
                    manage(command, database_url=url, var_dir=var_dir)
                _assert_closed(var_dir)
                (var_dir / "complete").write_text(url, encoding="utf-8")
        return Template((var_dir / "complete").read_text(encoding="utf-8"), var_dir)

    def _make_database(self, var_dir: Path, base: Template | None) -> str:
        if self.server is None:
            if base is not None:
                shutil.copyfile(base.var_dir / SQLITE_FILE, var_dir / SQLITE_FILE)
            return f"sqlite:///{var_dir / SQLITE_FILE}"
        name = f"template_{uuid.uuid4().hex}"
        (var_dir / "database-name").write_text(name, encoding="utf-8")
        if base is None:
            self._order("CREATE DATABASE {}", name)
        else:
            self._order("CREATE DATABASE {} TEMPLATE {}", name, database_name(base.database_url))
        return with_database(self.server, name)

    def _drop(self, name: str) -> None:
        """Remove a database; the server's own vacuuming, which only its superuser may end, leaves it by itself."""
        deadline = time.monotonic() + VACUUMED_WITHIN
        while True:
            try:
                return self._order("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
            except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectInUse):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def _order(self, statement: str, *names: str) -> None:
        assert self.server is not None
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def manage(command: list[str], *, database_url: str, var_dir: Path) -> str:
    """Run a management command in its own process, return what it printed; raises with that on failure."""
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url, "VAR_DIR": str(var_dir)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stdout + done.stderr
        raise RuntimeError(f"manage.py {' '.join(command)} ended with {done.returncode}:\n{said}")
    return done.stdout


def database_name(url: str) -> str:
    """Return the database's name in a PostgreSQL URL."""
    return url.rpartition("/")[2]


def with_database(url: str, name: str) -> str:
    """Return a PostgreSQL URL that names another database of the same server."""
    return f"{url.rpartition('/')[0]}/{name}"


def _assert_closed(var_dir: Path) -> None:
    """Refuse a SQLite template whose last writes lie in the write-ahead log, which a copy would lose."""
    log = var_dir / f"{SQLITE_FILE}-wal"
    if log.exists() and log.stat().st_size:
        raise RuntimeError(f"{log} still holds writes: a management command left its connection open.")
