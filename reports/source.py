"""The door: the only reader of clinical tables for analysis. Worker side only.

One repeatable read, one query per table, raw columns. Nothing behind this door touches the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import pandas as pd
from django.db import models, transaction
from django.utils import timezone

from assessments.models import Assessment
from imaging.models import ImagingSession, NetworkConnectivity, Volume
from infusion.models import Infusion, RateChange, SerumLevel, SideEffects, Vitals
from reports.cohort.accounts import SITE_CODE
from reports.datasets.extracts import Extracts, Freeze, Signed
from trial.audit.past import as_they_stood
from trial.locks.queries import freeze_in_force
from trial.participants.models import (
    AntidepressantTrial,
    Consent,
    Demographics,
    EligibilityDecision,
    Participant,
    Status,
    Visit,
)
from trial.safety.models import AdverseEvent, Deviation
from trial.signatures.content import PROTOCOL
from trial.signatures.queries import Standing, State, standings_at
from trial.signatures.wording import kind_in_words
from trial.users.models import ROLE_LABELS, Site

ROLE_NAMES = {role.value: label for role, label in ROLE_LABELS.items()}


class Table(NamedTuple):
    """A table of the extract: its model and columns of its parents that the rows need to be read."""

    model: type[models.Model]
    parents: tuple[str, ...] = ()


TABLES: dict[str, Table] = {
    "participants": Table(Participant),
    "demographics": Table(Demographics),
    "consents": Table(Consent),
    "statuses": Table(Status),
    "eligibility": Table(EligibilityDecision),
    "antidepressant_trials": Table(AntidepressantTrial),
    "infusions": Table(Infusion),
    "rates": Table(RateChange),
    "assessments": Table(Assessment),
    "vitals": Table(Vitals),
    "side_effects": Table(SideEffects),
    "serum": Table(SerumLevel, ("sample__sample",)),
    "sessions": Table(ImagingSession),
    "volumes": Table(Volume),
    "networks": Table(NetworkConnectivity),
    "visits": Table(Visit),
    "adverse_events": Table(AdverseEvent),
    "deviations": Table(Deviation),
}

# What can be recorded and changed behind a freeze (trial/locks/registry.py): a report takes it as it stood then.
RECORDED_ON = ("adverse_events", "deviations")


def read(site: Site, *, using: str = "reporting") -> Extracts:
    """Read every table of one site in one transaction of the query-only database alias.

    On PostgreSQL that alias is a repeatable read, on SQLite a deferred read transaction: both see one state.
    How the signatures stand is read after that, for the moment of the cut or, where the trial is frozen, of the freeze:
    one that stands then is over the very data that were read.
    """
    with transaction.atomic(using=using):
        data_cut = timezone.now()
        change = freeze_in_force(using=using)
        late = 0
        frames = {}
        for name, table in TABLES.items():
            rows = _rows(table, site, using)
            if change is not None and name in RECORDED_ON:
                frames[name], since = _frozen(table, rows, as_they_stood(table.model, change.last_entry, using=using))
                late += since
            else:
                frames[name] = _frame(table, rows)
    freeze = None if change is None else Freeze(change.at, change.by.full_name, change.last_entry, late)
    return Extracts(
        **frames,
        data_cut=data_cut,
        is_cohort=site.code == SITE_CODE,
        freeze=freeze,
        signatures=_signatures(site, data_cut if change is None else change.at),
    )


def _signatures(site: Site, until: datetime) -> tuple[Signed, ...]:
    """The signatures given by a moment, as they stood at it."""
    return tuple(signed(found, until) for found in standings_at([site.pk], until=until))


def signed(found: Standing, until: datetime) -> Signed:
    """A signature as a report tells of it: what was changed after the moment made none of them void at it."""
    stood = found.state is State.VOID and found.since is not None and found.since > until
    one = found.signature
    roles = (ROLE_NAMES.get(role, role) for role in sorted(one.held_roles))
    return Signed(
        subject=one.subject_words,
        kind=kind_in_words(one.subject_table),
        is_protocol=one.subject_table == PROTOCOL,
        signer=one.printed_name,
        roles=", ".join(roles),
        meaning=one.get_meaning_display(),
        at=one.signed_at,
        content_sha256=one.content_hash,
        standing=State.VALID if stood else found.state.value,
        since=None if stood else found.since,
    )


def columns(table: Table) -> list[str]:
    """Names of the columns of one extract frame: the table's own, then those of its parents."""
    return [*(field.attname for field in table.model._meta.concrete_fields), *table.parents]


def _rows(table: Table, site: Site, using: str) -> Any:
    return table.model._default_manager.using(using).filter(site_id=site.id).order_by("entered_at", "id")


def _frame(table: Table, rows: Any) -> pd.DataFrame:
    names = columns(table)
    return pd.DataFrame(list(rows.values_list(*names)), columns=names)


def _frozen(table: Table, rows: Any, stood: Mapping[Any, models.Model | None]) -> tuple[pd.DataFrame, int]:
    """The rows as they stood at a freeze, and how many of them were entered or changed since."""
    names = columns(table)
    kept, late = [], 0
    for row in rows.values_list(*names, named=True):
        if row.id not in stood:
            kept.append(tuple(row))
            continue
        late += 1
        if (before := stood[row.id]) is not None:
            kept.append(tuple(getattr(before, name) for name in names))
    return pd.DataFrame(kept, columns=names), late
