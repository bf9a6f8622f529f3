"""Waiting until older transactions are over: a server shared by several test processes holds the sealer back."""

from __future__ import annotations

import time

from django.db import connection

WITHIN_SECONDS = 60.0


def settle() -> None:
    """Return once every transaction that is open now, in any database of the server, is over.

    The sealer takes an entry only then. SQLite has one writer and no other database: there is nothing to wait for.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        (newest,) = cursor.fetchone()
        deadline = time.monotonic() + WITHIN_SECONDS
        while time.monotonic() < deadline:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= %s", [newest])
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError(f"A transaction of another test has been open for {WITHIN_SECONDS:.0f} s.")
