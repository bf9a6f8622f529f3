"""Which tables are audited. Every table is either audited or listed here with the reason why not."""

from __future__ import annotations

from typing import NamedTuple

from django.apps import apps
from django.db.models import Model

AUDITED_APPS = frozenset(
    {
        "users",
        "participants",
        "contacts",
        "monitoring",
        "safety",
        "records",
        "infusion",
        "assessments",
        "imaging",
        "reports",
    }
)

# Keys are an app's label (all its tables) or a model's label; the reason stands in docs/audit.md.
NOT_AUDITED: dict[str, str] = {
    "audit.AuditEntry": "The trail itself; the database refuses every change to it.",
    "audit.AuditSeal": "The chain over the trail; insert-only and keyed.",
    "contacts.ContactIndex": "Keyed digests to search by, made anew from the contact details at every change.",
    "jobs": "Bookkeeping of background work, changing every second. Its results are audited in reports.",
    "auth": "Django's permission names, unused: rights come from users.RoleAssignment.",
    "contenttypes": "Names of tables, written by migrations only.",
    "sessions": "Who is signed in now. Signing in and out is told in the log.",
}

# Columns that never enter the trail: secrets, and what changes at every sign-in without a decision.
EXCLUDED_COLUMNS: dict[str, frozenset[str]] = {
    "users.User": frozenset({"password", "last_login"}),
    "contacts.Contact": frozenset({"sealed", "wrapped_key"}),
}

# Audited columns whose name sounds like a secret but is none: (model label, column).
NOT_SECRET = frozenset({("users.User", "password_set_at")})


class AuditedTable(NamedTuple):
    """One audited table: its model's label, name, primary key column and columns kept out of the trail."""

    label: str
    name: str
    pk: str
    excluded: frozenset[str]


def concrete_models() -> list[type[Model]]:
    """Every model with a table of its own, many-to-many tables included, by label."""
    found = [
        model
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy and not model._meta.swapped
    ]
    return sorted(found, key=lambda model: model._meta.label)


def why_not_audited(model: type[Model]) -> str | None:
    """The reason why the model is not audited, or None."""
    return NOT_AUDITED.get(model._meta.label) or NOT_AUDITED.get(model._meta.app_label)


def is_audited(model: type[Model]) -> bool:
    """True for a model of an audited app that is not excepted."""
    return model._meta.app_label in AUDITED_APPS and why_not_audited(model) is None


def unclassified_models() -> list[str]:
    """Labels of models that are neither audited nor excepted with a reason."""
    return [m._meta.label for m in concrete_models() if not is_audited(m) and why_not_audited(m) is None]


def audited_models() -> list[type[Model]]:
    """Every audited model, by label."""
    return [model for model in concrete_models() if is_audited(model)]


def audited_tables() -> list[AuditedTable]:
    """Every audited table, by label."""
    return [
        AuditedTable(
            model._meta.label,
            model._meta.db_table,
            str(model._meta.pk.column),
            EXCLUDED_COLUMNS.get(model._meta.label, frozenset()),
        )
        for model in audited_models()
    ]
