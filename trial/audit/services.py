"""Sealing the trail: each entry becomes a link of a keyed chain that nobody without the key can mend."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from trial.audit.canonical import GENESIS, link_mac
from trial.audit.connections import now_text, sealing
from trial.audit.models import AuditSeal

BATCH = 5_000
# Any fixed number: it names the sealer's lock among PostgreSQL's advisory locks.
SEALER_LOCK = 7_305_211_984


def seal_key() -> bytes:
    """The key of the chain; raises ImproperlyConfigured when settings.AUDIT_SEAL_KEY is under 16 bytes."""
    key = getattr(settings, "AUDIT_SEAL_KEY", b"")
    if not isinstance(key, bytes) or len(key) < 16:
        raise ImproperlyConfigured("AUDIT_SEAL_KEY must be at least 16 bytes; make one with secrets.token_hex(32).")
    return key


def seal(limit: int | None = None, *, using: str = DEFAULT_DB_ALIAS) -> int:
    """Seal at most `limit` finished entries in id order (None: all); returns how many were sealed.

    Entries of transactions still open are left for the next call. Safe to call from many processes at once.
    """
    done = 0
    while limit is None or done < limit:
        size = BATCH if limit is None else min(BATCH, limit - done)
        sealed = _seal_batch(connections[using], seal_key(), size)
        done += sealed
        if sealed < size:
            break
    return done


def _seal_batch(connection: BaseDatabaseWrapper, key: bytes, size: int) -> int:
    with transaction.atomic(connection.alias), _only_sealer(connection):
        last = AuditSeal.objects.using(connection.alias).order_by("-seq").first()
        seq, mac = (last.seq, last.mac) if last else (0, GENESIS)
        entries, horizon = _finished_entries(connection, last, size)
        if len(entries) == size and last:
            horizon = last.horizon  # More may wait below the new horizon.
        elif len(entries) == size:
            horizon = 0
        at, links = now_text(), []
        for entry_id, hashed in entries:
            seq += 1
            mac = link_mac(key, seq, mac, entry_id, hashed)
            links.append(AuditSeal(seq=seq, entry_id=entry_id, mac=mac, sealed_at=at, horizon=horizon))
        AuditSeal.objects.using(connection.alias).bulk_create(links, batch_size=1_000)
    return len(links)


@contextmanager
def _only_sealer(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Hold off other sealers until the transaction ends, and open the guard of audit_seal."""
    if connection.vendor == "sqlite":
        # The writing transaction itself excludes every other writer (transaction_mode IMMEDIATE).
        with sealing():
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s), set_config('app.sealing', 'on', true)", [SEALER_LOCK])
        yield
        cursor.execute("SELECT set_config('app.sealing', '', true)")


def _finished_entries(
    connection: BaseDatabaseWrapper, last: AuditSeal | None, size: int
) -> tuple[list[tuple[int, str]], int]:
    """(id, hash) of unsealed entries whose transaction is over, and the oldest transaction still open."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # One writer at a time: ids grow in the order of commits.
            sealed = last.entry_id if last else 0
            cursor.execute("SELECT id, hash FROM audit_entry WHERE id > %s ORDER BY id LIMIT %s", [sealed, size])
            return cursor.fetchall(), 0
        cursor.execute(
            "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() s"
        )
        oldest, newest = cursor.fetchone()
        # In a database restored into a younger cluster, old entries carry numbers from the future.
        floor = last.horizon if last and last.horizon <= newest else 0
        cursor.execute(
            "SELECT e.id, e.hash FROM audit_entry e LEFT JOIN audit_seal s ON s.entry_id = e.id "
            "WHERE s.seq IS NULL AND e.transaction_id >= %s "
            "AND (e.transaction_id < %s OR e.transaction_id >= %s) ORDER BY e.id LIMIT %s",
            [floor, oldest, newest, size],
        )
        return cursor.fetchall(), oldest


def export_head(path: Path, *, using: str = DEFAULT_DB_ALIAS) -> dict[str, object]:
    """Seal, then write the newest link to `path` as JSON, to be kept where the database's owner is not.

    In a folder each export is a file of its own, named by link and moment, so that a later one replaces none.
    """
    seal(using=using)
    last = AuditSeal.objects.using(using).order_by("-seq").first()
    head: dict[str, object] = {
        "seq": last.seq if last else 0,
        "mac": last.mac if last else GENESIS,
        "entry_id": last.entry_id if last else 0,
        "exported_at": now_text(),
    }
    if path.is_dir():
        path /= f"audit-head-{head['seq']}-{re.sub('[^0-9]', '', str(head['exported_at']))}.json"
    path.write_text(json.dumps(head, indent=2) + "\n")
    return head
