"""Which tables are audited. Every table is either audited or listed here with the reason why not."""

from __future__ import annotations

from typing import NamedTuple

from django.apps import apps
from django.db.models import Model

AUDITED_APPS = frozenset(
    {
        "users",
        "tokens",
        "otp_totp",
        "otp_static",
        "participants",
        "contacts",
        "locks",
        "monitoring",
        "safety",
        "records",
        "signatures",
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
    "locks.VisitLock": "Says what the last row of locks.LockChange says; the database refuses anything else.",
    "locks.ParticipantLock": "Says what the last row of locks.LockChange says; the database refuses anything else.",
    "locks.TrialLock": "Says what the last row of locks.LockChange says; the database refuses anything else.",
    "jobs": "Bookkeeping of background work, changing every second. Its results are audited in reports.",
    "auth": "Django's permission names, unused: rights come from users.RoleAssignment.",
    "contenttypes": "Names of tables, written by migrations only.",
    "axes": "Failed sign-ins, counted until a lock ends and told in the log; nothing that was typed is kept.",
    "otp_static.StaticToken": "Digests of recovery codes; when codes were made and used is told by their device.",
    "users.FormerPassword": "Hashes of passwords an account had before, so that they are refused; never shown.",
    "records.Draft": "Text typed on a form and not saved: no record, its author's alone, emptied once it is sent.",
    "records.UsedKey": "Keys of sent forms, to tell a repeat; what the form changed is audited in its own table.",
    "sessions": "Who is signed in now. Signing in and out is told in the log.",
}

_THROTTLING = ("throttling_failure_timestamp", "throttling_failure_count")

# Columns that never enter the trail: secrets, and what changes at every sign-in without a decision.
EXCLUDED_COLUMNS: dict[str, frozenset[str]] = {
    "users.User": frozenset({"password", "last_login"}),
    "tokens.AccessToken": frozenset({"digest"}),
    "contacts.Contact": frozenset({"sealed", "wrapped_key"}),
    "users.EmergencyCode": frozenset({"digest"}),
    # That a device was made, confirmed or reset is in the trail; its key, and what each code shifts, is not.
    "otp_totp.TOTPDevice": frozenset({"key", "drift", "last_t", "last_used_at", *_THROTTLING}),
    "otp_static.StaticDevice": frozenset(_THROTTLING),
}

# Tables whose rows are entered once: the database refuses every UPDATE and DELETE.
APPEND_ONLY = frozenset({"locks.LockChange", "locks.UnlockDecision", "locks.UnlockRequest", "signatures.Signature"})
# Models whose rows the database never deletes, so that an id or a name never stands for somebody else later.
KEPT = frozenset({"users.User"})

_LOCKED = {"visit_id": "participants.Visit", "participant_id": "participants.Participant"}

# Audited tables without a site of their own: their rows are of the site of what one of these columns names, and of
# no site, like an account's, where all of them are empty.
SITE_THROUGH: dict[str, dict[str, str]] = {
    "locks.LockChange": _LOCKED,
    "locks.UnlockRequest": _LOCKED,
    "locks.UnlockDecision": {"request_id": "locks.UnlockRequest"},
    "safety.AlertNotice": {"alert_id": "safety.Alert"},
}
# Audited tables whose rows belong to no site: whoever reads the trail anywhere reads them.
OF_NO_SITE: dict[str, str] = {
    "otp_static": "Second factors of an account; their secrets stay out of the trail.",
    "otp_totp": "Second factors of an account; their secrets stay out of the trail.",
    "records.ProtocolVersion": "One protocol for all sites.",
    "safety.SafetyExport": "A listing names the sites that it covers, often several.",
    "tokens.AccessToken": "It belongs to an account.",
    "users.User": "An account may have roles at many sites.",
}

# Audited columns whose name sounds like a secret but is none: (model label, column).
NOT_SECRET = frozenset({("users.User", "password_set_at"), ("users.User", "is_password_given")})


class AuditedTable(NamedTuple):
    """One audited table: its model's label, name, primary key column and columns kept out of the trail.

    The rows of an append-only table are never changed or removed.
    """

    label: str
    name: str
    pk: str
    excluded: frozenset[str]
    is_append_only: bool = False
    is_kept: bool = False


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


def has_site(model: type[Model]) -> bool:
    """True for a model whose rows name their site themselves; a site names itself."""
    return model._meta.label == "users.Site" or any(f.column == "site_id" for f in model._meta.concrete_fields)


def siteless_models() -> list[str]:
    """Labels of audited models of which nobody said whose site's readers see the entries of their rows."""
    told = SITE_THROUGH.keys() | OF_NO_SITE.keys()
    return [
        m._meta.label for m in audited_models() if not has_site(m) and not told & {m._meta.label, m._meta.app_label}
    ]


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
            model._meta.label in APPEND_ONLY,
            model._meta.label in KEPT,
        )
        for model in audited_models()
    ]
