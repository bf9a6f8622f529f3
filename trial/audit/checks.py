"""Checks at start-up: every table is classified, no secret enters the trail, every trigger is in place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.db import DEFAULT_DB_ALIAS, connections

from trial.audit import registry
from trial.audit.connections import is_installing
from trial.audit.triggers import missing

SECRET = re.compile(r"password|secret|token|otp|recovery|private_key|last_login", re.IGNORECASE)


class TriggersMissing(RuntimeError):
    """The database would let a write pass without an audit entry."""


def assert_triggers(using: str = DEFAULT_DB_ALIAS) -> None:
    """Raise TriggersMissing, naming the triggers, while one is absent, disabled or altered."""
    connection = connections[using]
    with connection.cursor():
        tables = connection.introspection.table_names()
    if "audit_entry" not in tables:
        raise TriggersMissing("The audit trail has no table yet. Run: manage.py migrate")
    if absent := missing(connection):
        raise TriggersMissing(
            f"{len(absent)} audit trigger(s) absent, disabled or altered: {', '.join(absent[:10])}. "
            "Find out who did it (manage.py verify_audit), then run: manage.py migrate"
        )


def register_checks() -> None:
    """Register the checks of this module with Django."""
    checks.register(check_registry, checks.Tags.models)
    checks.register(check_triggers, checks.Tags.database)


def check_registry(app_configs: Any = None, **_: Any) -> list[checks.CheckMessage]:
    """Every model is audited or excepted with a reason, its entries have their readers, no secret column is audited."""
    unclassified = [
        checks.Error(
            f"{label} is neither audited nor excepted.",
            hint="Add it to AUDITED_APPS, or to NOT_AUDITED with a reason, in trial/audit/registry.py.",
            id="audit.E001",
        )
        for label in registry.unclassified_models()
    ]
    siteless = [
        checks.Error(
            f"{label} has no site: the readers of which site's trail see its entries?",
            hint="Add it to SITE_THROUGH, or to OF_NO_SITE with a reason, in trial/audit/registry.py.",
            id="audit.E004",
        )
        for label in registry.siteless_models()
    ]
    return [*unclassified, *siteless, *(_secret_error(*found) for found in secret_columns())]


def secret_columns() -> list[tuple[str, str]]:
    """(label, column) of audited columns whose name speaks of a secret."""
    return [
        (model._meta.label, str(field.column))
        for model in registry.audited_models()
        for field in model._meta.local_concrete_fields
        if SECRET.search(str(field.column))
        and field.column not in registry.EXCLUDED_COLUMNS.get(model._meta.label, frozenset())
        and (model._meta.label, field.column) not in registry.NOT_SECRET
    ]


def _secret_error(label: str, column: str) -> checks.CheckMessage:
    return checks.Error(
        f"{label}.{column} looks like a secret and would enter the audit trail.",
        hint="Add it to EXCLUDED_COLUMNS or NOT_SECRET in trial/audit/registry.py.",
        id="audit.E002",
    )


def check_triggers(databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """With `check --database default`: every trigger is in place, once the trail exists.

    Silent inside migrate, which runs this check before it puts the triggers back.
    """
    if is_installing():
        return []
    return [
        checks.Error(
            f"Audit trigger absent, disabled or altered: {name}.",
            hint="Run: manage.py migrate",
            id="audit.E003",
        )
        for alias in databases or []
        for name in missing(connections[alias])
    ]
