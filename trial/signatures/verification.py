"""Verifying every signature: as it was given, by whom it names, over rows that the audit trail knows."""

from __future__ import annotations

from dataclasses import dataclass, field

from trial.audit.models import AuditEntry
from trial.audit.queries import row_key
from trial.signatures.content import digest, rows_in
from trial.signatures.models import Signature
from trial.signatures.queries import State, standing


@dataclass
class Report:
    """How many signatures stand, how many a change has voided, and what is wrong with the others."""

    valid: int = 0
    void: int = 0
    wrong: list[str] = field(default_factory=list)


def verify() -> Report:
    """Check every signature; what a change of its record voided is counted, not accused."""
    report = Report()
    for signature in Signature.objects.select_related("site", "signer").iterator():
        found = standing(signature)
        if problem := found.why if found.state is State.BROKEN else _unlike_the_trail(signature):
            report.wrong.append(f"{signature.id} ({signature}): {problem}")
        elif found.is_valid:
            report.valid += 1
        else:
            report.void += 1
    return report


def _unlike_the_trail(signature: Signature) -> str:
    """What the audit trail says against a signature; empty for nothing."""
    key = row_key(Signature, signature.pk)
    entered = AuditEntry.objects.filter(table_name=Signature._meta.db_table, row_id=key).order_by("id").first()
    if entered is None or entered.actor != signature.username:
        return f"the audit trail says that {entered.actor if entered else 'nobody'} entered it"
    rows = [row for row in rows_in(signature.manifest) if row.entry_id]
    entries = AuditEntry.objects.in_bulk([row.entry_id for row in rows])
    for row in rows:
        entry = entries.get(row.entry_id)
        if entry is None or (entry.table_name, entry.row_id) != row.place or digest(row.table, entry.new) != row.digest:
            return f"{row.table} {row.row_id} was not as signed in audit entry {row.entry_id}"
    return ""
