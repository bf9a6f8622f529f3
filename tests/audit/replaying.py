"""The tables as the audit trail tells them: its entries played one after the other, from nothing."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from django.db import connection

from trial.audit.models import AuditEntry
from trial.audit.registry import audited_tables
from trial.audit.triggers import current_rows

Rows = dict[tuple[str, str], Any]


class Replay:
    """What the entries so far make of every audited table; `go_on` plays those that came since."""

    def __init__(self) -> None:
        self.rows: Rows = {}
        self.played = 0
        self.touched: set[str] = set()

    def go_on(self) -> Rows:
        """Play the entries since the last time; each must find the row as it says it was.

        ``touched`` holds afterwards the tables that they are about.
        """
        self.touched = set()
        for entry in AuditEntry.objects.filter(id__gt=self.played).order_by("id"):
            place, old, new = (entry.table_name, entry.row_id), _row(entry.old), _row(entry.new)
            assert self.rows.get(place) == old, f"entry {entry.id} tells of another {place} than the entries before it"
            assert (entry.op == "I", entry.op == "D") == (old is None, new is None)
            self.rows[place] = new
            if new is None:
                del self.rows[place]
            self.played = entry.id
            self.touched.add(entry.table_name)
        return self.rows


def differences(replayed: Rows, tables: Collection[str] | None = None) -> list[tuple[str, str]]:
    """The rows that are not what the trail makes of them, of every audited table or of those named."""
    audited = [table for table in audited_tables() if tables is None or table.name in tables]
    now = {(table.name, row): _row(text) for table in audited for row, text in current_rows(connection, table)}
    names = {table.name for table in audited}
    then = {place for place in replayed if place[0] in names}
    return sorted(place for place in then | now.keys() if replayed.get(place) != now.get(place))


def _row(text: str | None) -> Any:
    return None if text is None else json.loads(text)
