"""The two tables of the audit trail. Both are filled by the database or the sealer and never changed."""

from __future__ import annotations

from django.db import models


class AuditEntry(models.Model):
    """One changed row of one audited table. Written by the table's trigger, never by the application.

    Every column is text or an integer so that the bytes under `hash` are the same on both engines:
    `at` is UTC, ISO 8601 with microseconds and a closing Z; `old` and `new` are the whole row as JSON
    (columns as keys), null before an insert and after a delete.
    """

    class Op(models.TextChoices):
        INSERT = "I", "entered"
        UPDATE = "U", "changed"
        DELETE = "D", "removed"

    id = models.BigAutoField(primary_key=True)
    table_name = models.TextField()
    row_id = models.TextField()
    op = models.CharField(max_length=1, choices=Op.choices)
    at = models.TextField()
    actor = models.TextField()
    reason = models.TextField()
    old = models.TextField(null=True)
    new = models.TextField(null=True)
    transaction_id = models.BigIntegerField(help_text="PostgreSQL's transaction number; 0 on SQLite.")
    hash = models.CharField(max_length=64, help_text="SHA-256 of the other columns, without id.")

    class Meta:
        db_table = "audit_entry"
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["table_name", "row_id", "id"], name="audit_entry_row"),
            models.Index(fields=["transaction_id"], name="audit_entry_transaction"),
            models.Index(fields=["actor", "id"], name="audit_entry_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.at} {self.actor}: {self.table_name} {self.row_id} {self.get_op_display()}"


class AuditSeal(models.Model):
    """One link of the keyed chain over the entries; insert-only.

    `mac` is HMAC-SHA256 over seq, the previous mac, the entry's id and its hash. `horizon` is the oldest
    PostgreSQL transaction still open when the link was made: every entry of an older one is sealed.
    """

    seq = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    mac = models.CharField(max_length=64)
    sealed_at = models.TextField()
    horizon = models.BigIntegerField(default=0)

    class Meta:
        db_table = "audit_seal"
        verbose_name = "audit seal"

    def __str__(self) -> str:
        return f"seal {self.seq} of entry {self.entry_id}"
