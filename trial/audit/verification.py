"""Proving the trail: hashes, the chain, each row's story without a gap, and the tables as the trail says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from trial.audit.canonical import GENESIS, entry_hash, link_mac
from trial.audit.models import AuditEntry
from trial.audit.registry import audited_tables
from trial.audit.services import seal, seal_key
from trial.audit.triggers import current_rows, missing

MOST_FINDINGS = 100


class Finding(NamedTuple):
    """One thing wrong: where, and what. `entry_id` is None where no entry is concerned."""

    entry_id: int | None
    table: str
    row_id: str
    problem: str

    def __str__(self) -> str:
        entry = f"entry {self.entry_id}" if self.entry_id else "no entry"
        return f"{self.table} row {self.row_id} ({entry}): {self.problem}"


class Last(NamedTuple):
    """The newest entry of a row: its id, operation and the digest of the row it left."""

    entry_id: int
    op: str
    digest: bytes


@dataclass
class Report:
    """What verify() found. `findings` is in entry order, at most MOST_FINDINGS of each kind of check."""

    entries: int = 0
    sealed: int = 0
    rows: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def unsealed(self) -> int:
        """Entries of transactions still open or begun after sealing; no error."""
        return self.entries - self.sealed

    @property
    def ok(self) -> bool:
        """True when nothing is wrong."""
        return not self.findings


Check = Callable[[str], Iterator[Finding]]
_further: list[Check] = []


def also_check(check: Check) -> None:
    """Hand in, from `AppConfig.ready()`, a check of tables that follow from audited ones; it is given the alias."""
    _further.append(check)


def check_what_follows(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    """Each table that has no entries of its own is what the audited table it follows from says."""
    for check in _further:
        yield from check(connection.alias)


def verify(head: dict[str, Any] | None = None, *, using: str = DEFAULT_DB_ALIAS) -> Report:
    """Seal, then check the whole trail against itself and against the tables.

    head: what export_head() once wrote; its link must still be there. The check reads one consistent state
    and holds up no writer.
    """
    connection = connections[using]
    seal(using=using)
    report = Report()
    with snapshot(connection):
        found = [Finding(None, name, "-", "audit trigger absent or altered") for name in missing(connection)]
        found += _capped(check_chain(connection, report, head))
        rows: dict[tuple[str, str], Last] = {}
        found += _capped(check_entries(connection, report, rows))
        found += _capped(check_rows(connection, report, rows))
        found += _capped(check_what_follows(connection))
    report.findings = sorted(found, key=lambda finding: (finding.entry_id is None, finding.entry_id or 0))
    return report


def _capped(findings: Iterator[Finding]) -> list[Finding]:
    """Read a check to its end, since it counts as it goes, but keep only the first findings."""
    kept: list[Finding] = []
    for finding in findings:
        if len(kept) < MOST_FINDINGS:
            kept.append(finding)
    return kept


@contextmanager
def snapshot(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """One consistent state for every query inside; the caller's own transaction serves if there is one."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(connection.alias), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        # atomic() would begin IMMEDIATE and lock writers out for the whole check.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


def _read(connection: BaseDatabaseWrapper, sql: str) -> Iterator[tuple[Any, ...]]:
    """Rows of a query, a few thousand at a time."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql)
        while rows := cursor.fetchmany(5_000):
            yield from rows


SEALS = """
SELECT s.seq, s.entry_id, s.mac, e.hash, coalesce(e.table_name, '?'), coalesce(e.row_id, '?')
FROM audit_seal s LEFT JOIN audit_entry e ON e.id = s.entry_id ORDER BY s.seq
"""


def check_chain(connection: BaseDatabaseWrapper, report: Report, head: dict[str, Any] | None) -> Iterator[Finding]:
    """Each link follows from the one before, its entry exists, and the exported head is among them."""
    key, previous, expected = seal_key(), GENESIS, 0
    head_seq = int(head["seq"]) if head else 0
    head_found = head_seq == 0
    for seq, entry_id, mac, hashed, table, row in _read(connection, SEALS):
        report.sealed += hashed is not None
        expected += 1
        if seq != expected:
            yield Finding(entry_id, table, row, f"links {expected} to {seq - 1} of the chain are missing before it")
            expected = seq
        elif hashed is None:
            yield Finding(entry_id, table, row, f"the entry under link {seq} of the chain is gone")
        elif mac != link_mac(key, seq, previous, entry_id, hashed):
            yield Finding(entry_id, table, row, f"link {seq} of the chain does not fit the entry")
        if head and seq == head_seq:
            head_found = True
            if mac != head["mac"]:
                yield Finding(entry_id, table, row, f"link {seq} differs from the exported head")
        previous = mac
    if head and not head_found:
        yield Finding(
            int(head["entry_id"]),
            "?",
            "?",
            f"the chain ends at {expected}, before the exported head {head_seq}",
        )


ENTRIES = """
SELECT id, table_name, row_id, op, at, actor, reason, old, new, transaction_id, hash
FROM audit_entry ORDER BY id
"""


def check_entries(
    connection: BaseDatabaseWrapper, report: Report, rows: dict[tuple[str, str], Last]
) -> Iterator[Finding]:
    """Each entry matches its hash and continues its row's story; fills `rows` with each row's last entry."""
    for entry_id, table, row, op, at, actor, reason, old, new, xid, hashed in _read(connection, ENTRIES):
        report.entries += 1
        before = rows.get((table, row))
        if hashed != entry_hash(table, row, op, at, actor, reason, old, new, str(xid)):
            yield Finding(entry_id, table, row, "its content does not match its hash")
        elif problem := _break(before, op, old, connection.alias):
            yield Finding(entry_id, table, row, problem)
        rows[table, row] = Last(entry_id, op, _digest(new))


def _digest(text: str | None) -> bytes:
    return b"" if text is None else hashlib.blake2b(text.encode(), digest_size=16).digest()


def _break(before: Last | None, op: str, old: str | None, using: str) -> str | None:
    """What is wrong with an entry that follows `before`, or None."""
    alive = before is not None and before.op != "D"
    if op == "I":
        return "entered although it was there" if alive else None
    if before is None or not alive:
        return "changed or removed although the trail never saw it entered"
    if _digest(old) == before.digest:
        return None
    columns = _differing(before.entry_id, old, using)
    return f"its old values are not those entry {before.entry_id} left: {', '.join(columns)}" if columns else None


def _differing(entry_id: int, text: str | None, using: str) -> list[str]:
    """Columns in which a row differs from what an entry left.

    Only columns that both know are compared: between the two, a migration may have added or removed some.
    """
    left = json.loads(AuditEntry.objects.using(using).values_list("new", flat=True).get(pk=entry_id) or "{}")
    right = json.loads(text or "{}")
    shared = left.keys() & right.keys()
    return sorted(column for column in shared if left[column] != right[column]) or ([] if shared else ["every column"])


def check_rows(connection: BaseDatabaseWrapper, report: Report, rows: dict[tuple[str, str], Last]) -> Iterator[Finding]:
    """Each row is what its last entry left, and no row is absent or present without an entry."""
    tables = set(connection.introspection.table_names())
    for table in audited_tables():
        if table.name not in tables:
            yield Finding(None, table.name, "every", "the table is absent from the database")
            continue
        present = set()
        for row, text in current_rows(connection, table):
            report.rows += 1
            present.add(row)
            last = rows.get((table.name, row))
            if last is None:
                yield Finding(None, table.name, row, "the row has no entry")
            elif last.op == "D":
                yield Finding(last.entry_id, table.name, row, "the row is there although the trail says removed")
            elif _digest(text) != last.digest and (columns := _differing(last.entry_id, text, connection.alias)):
                yield Finding(
                    last.entry_id,
                    table.name,
                    row,
                    f"the row is not what its last entry left: {', '.join(columns)}",
                )
        for (name, row), last in rows.items():
            if name == table.name and last.op != "D" and row not in present:
                yield Finding(last.entry_id, name, row, "the row is gone without an entry")
