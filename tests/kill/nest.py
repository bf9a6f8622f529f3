"""A parent that has the site loaded and forks it as a server: `python -m tests.kill.nest`, orders as JSON lines.

Starting the site takes seconds, forking it milliseconds, and only so can it be killed two hundred times. The child is
the site's own WSGI application under its own server, with its own connections; the listening socket stays open in
the parent, so that a client that comes while there is no child waits for the next one.
"""

from __future__ import annotations

import io
import json
import os
import queue
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import waitress

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trial.settings")

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
THREADS = 4


def prepare() -> dict[str, Any]:
    """Make the database with a ward, sign a nurse in; what a client needs, and how durable the database is."""
    from django.core.management import call_command
    from django.db import connection, connections
    from django.test import Client

    call_command("bootstrap", stdout=io.StringIO())
    from tests.infusion.ward import make_ward

    ward, browser = make_ward(), Client()
    browser.force_login(ward.nurse)
    # The first request loads what a server loads once; a child that had to would be killed before it saved anything.
    browser.get(f"/infusion/{ward.participant.study_id}/vitals/")
    with connection.cursor() as cursor:
        durable = {name: asked(cursor, statement) for name, statement in DURABLE[connection.vendor].items()}
    connections.close_all()
    session = browser.cookies["sessionid"].value
    return {"session": session, "study_id": ward.participant.study_id, "durable": durable}


DURABLE = {
    "sqlite": {"synchronous": "PRAGMA synchronous", "journal_mode": "PRAGMA journal_mode"},
    "postgresql": {"fsync": "SHOW fsync", "synchronous_commit": "SHOW synchronous_commit"},
}


def asked(cursor: Any, statement: str) -> str:
    """The one word that a statement gives."""
    cursor.execute(statement)
    return str(cursor.fetchone()[0])


def careless(application: Application) -> Application:
    """The control: an application that answers before it has saved, as one does that commits later."""
    waiting: queue.Queue[dict[str, Any]] = queue.Queue()

    def save() -> None:
        while True:
            list(application(waiting.get(), lambda *_: lambda _data: None))

    threading.Thread(target=save, daemon=True).start()

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST":
            return application(environ, start)
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        waiting.put({**environ, "wsgi.input": io.BytesIO(body)})
        start("302 Found", [("Location", "/"), ("Content-Length", "0")])
        return [b""]

    return answer


class Nest:
    """The parent: its socket, and the children it forks."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)

    def prepare(self) -> dict[str, Any]:
        """Make the database; the site is loaded after it, since it refuses to load without one."""
        found = prepare()
        from trial.wsgi import application

        self.application: Application = application
        return {**found, "port": self.socket.getsockname()[1]}

    def serve(self, *, is_careless: bool) -> int:
        """Fork a server; its process id."""
        from django.db import connections

        connections.close_all()
        if (pid := os.fork()) == 0:
            from trial.celery import die_with_parent

            die_with_parent()
            application = careless(self.application) if is_careless else self.application
            waitress.create_server(application, sockets=[self.socket], threads=THREADS).run()
            os._exit(0)
        return pid

    def reap(self, *, pid: int) -> int:
        """Wait for a child's end; how it ended."""
        return os.waitpid(pid, 0)[1]

    def judge(self, *, acknowledged: list[str]) -> dict[str, Any]:
        """What of the acknowledged is lost, which rows lack their one entry, and what the audit trail finds."""
        from django.db import connection, connections

        from infusion.models import Vitals
        from trial.audit.models import AuditEntry
        from trial.audit.verification import snapshot, verify

        # One state for both: the writers go on, and a row saved between two reads would look like a ghost.
        with snapshot(connection):
            rows = dict(Vitals.objects.values_list("key", "id"))
            made = AuditEntry.objects.filter(table_name="infusion_vitals", op="I")
            entries = Counter(map(UUID, made.values_list("row_id", flat=True)))
        found = {
            "lost": [key for key in acknowledged if UUID(key) not in rows],
            "unaudited": [str(row) for row in rows.values() if entries[row] != 1],
            "ghosts": [str(row) for row in entries if row not in set(rows.values())],
            "findings": [str(finding) for finding in verify().findings],
            "rows": len(rows),
        }
        connections.close_all()
        return found


def main() -> None:
    """Obey until the orders end."""
    import django

    django.setup()
    nest = Nest()
    for line in sys.stdin:
        order = json.loads(line)
        answer = getattr(nest, order.pop("do"))(**order)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
