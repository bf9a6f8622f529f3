"""The two tables of the trail; before every audited table, so that none exists without triggers."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    run_before = [("users", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry_id", models.BigIntegerField(unique=True)),
                ("mac", models.CharField(max_length=64)),
                ("sealed_at", models.TextField()),
                ("horizon", models.BigIntegerField(default=0)),
            ],
            options={"verbose_name": "audit seal", "db_table": "audit_seal"},
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("table_name", models.TextField()),
                ("row_id", models.TextField()),
                (
                    "op",
                    models.CharField(choices=[("I", "entered"), ("U", "changed"), ("D", "removed")], max_length=1),
                ),
                ("at", models.TextField()),
                ("actor", models.TextField()),
                ("reason", models.TextField()),
                ("old", models.TextField(null=True)),
                ("new", models.TextField(null=True)),
                (
                    "transaction_id",
                    models.BigIntegerField(help_text="PostgreSQL's transaction number; 0 on SQLite."),
                ),
                (
                    "hash",
                    models.CharField(help_text="SHA-256 of the other columns, without id.", max_length=64),
                ),
            ],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit entries",
                "db_table": "audit_entry",
                "indexes": [
                    models.Index(fields=["table_name", "row_id", "id"], name="audit_entry_row"),
                    models.Index(fields=["transaction_id"], name="audit_entry_transaction"),
                    models.Index(fields=["actor", "id"], name="audit_entry_actor"),
                ],
            },
        ),
    ]
