"""A person who uses the running site over HTTP, and a look at its rows from outside."""

from __future__ import annotations

import re
import sqlite3
import urllib.parse
import urllib.request
from contextlib import closing
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings

TIMEOUT = 60.0
FIELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
SITE = re.compile(r'<select name="site"[^>]*>\s*<option value="([^"]+)"')


@dataclass
class Person:
    """Somebody signed in to the site at `address`."""

    address: str
    username: str

    def __post_init__(self) -> None:
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        landed, _ = self.post("/sign-in/", username=self.username, password=settings.DEMO_PASSWORD)
        assert "/sign-in" not in landed, f"{self.username} could not sign in at {self.address}"

    def get(self, path: str) -> bytes:
        """The body of a page."""
        with self.opener.open(self.address + path, timeout=TIMEOUT) as answer:
            body: bytes = answer.read()
            return body

    def post(self, path: str, **fields: str) -> tuple[str, bytes]:
        """Fill in the form of a page, its hidden fields as they are, and send it; where that led, and the page."""
        page = self.get(path).decode()
        form = {**dict(FIELD.findall(page)), **fields}
        with self.opener.open(self.address + path, urllib.parse.urlencode(form).encode(), timeout=TIMEOUT) as answer:
            return answer.geturl(), answer.read()

    def order_report(self) -> UUID:
        """Order the per-protocol report of the first site offered; the report's id."""
        site = SITE.search(self.get("/reports/order/").decode())
        assert site, "the order form offers no site"
        landed, _ = self.post("/reports/order/", book="per-protocol", site=site[1])
        return UUID(landed.rstrip("/").rpartition("/")[2])


def rows(database_url: str, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    """What a query gives over a connection of its own; values stand as :name in the statement."""
    if database_url.startswith("sqlite"):
        path = database_url.removeprefix("sqlite:///")
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            connection.close()
    with psycopg.connect(database_url) as server:
        return server.execute(re.sub(r"(?<!\w):(\w+)", r"%(\1)s", statement), values).fetchall()


def locked(database_url: str) -> bool:
    """Whether somebody holds a lock that keeps others from writing to the table of jobs."""
    try:
        if database_url.startswith("sqlite"):
            with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"), timeout=1)) as database:
                database.execute("BEGIN IMMEDIATE")
        else:
            with psycopg.connect(database_url, options="-c lock_timeout=1s") as server:
                server.execute("SELECT id FROM jobs_job FOR UPDATE")
    except (sqlite3.OperationalError, psycopg.errors.LockNotAvailable):
        return True
    return False


def stored_id(database_url: str, identity: UUID) -> Any:
    """A UUID as the engine's column holds it."""
    return identity.hex if database_url.startswith("sqlite") else identity


def visible(folder: Path) -> list[Path]:
    """The files that stand under their final names."""
    return [path for path in folder.iterdir() if not path.name.startswith(".")]
