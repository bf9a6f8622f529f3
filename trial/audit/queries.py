"""Reading the trail, in a lay person's words."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Field, ForeignKey, Func, JSONField, Model, Q, QuerySet, TextField
from django.db.models.functions import Cast, Coalesce

from trial.audit.models import AuditEntry
from trial.audit.registry import SITE_THROUGH, audited_models
from trial.permissions import is_unblinding

# Bookkeeping of the software: in the trail, but not shown to a reader.
TECHNICAL_COLUMNS = frozenset(
    {"id", "key", "route", "content_hash", "manifest", "mac", "session_digest", "trail_position", "content_format"}
)
# Of one table alone; who saved an interview and when, the entry says itself.
TECHNICAL_OF = {"assessments_interview": frozenset({"page", "turn", "saved_by_id", "saved_at"})}
NOTHING = "–"
PARTICIPANT = "participants.Participant"


class Column(Func):
    """A column in an entry's JSON as text; null where the row has none of that name."""

    template = "(%(expressions)s)::jsonb ->> '%(column)s'"
    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="json_extract(%(expressions)s, '$.%(column)s')", **context)


@dataclass(frozen=True)
class Wanted:
    """Which entries are asked for: by actor, kind of record, study id, and UTC days, the last one included."""

    actor: str = ""
    label: str = ""
    study_id: str = ""
    first_day: date | None = None
    last_day: date | None = None


EVERYTHING = Wanted()


class Change(NamedTuple):
    """One column of one entry, in words."""

    field: str
    old: str
    new: str


class HistoryLine(NamedTuple):
    """One entry of one row: UTC time, actor, reason, what was done, about which participant, and what changed.

    ``zone`` is that of the row's site, None for a row of no site; ``person`` the full name of an actor who is one.
    """

    entry_id: int
    at: datetime
    actor: str
    reason: str
    did: str
    about: str
    table: str
    label: str
    row_id: str
    changes: list[Change]
    zone: ZoneInfo | None = None
    person: str = ""


def audited_model(label: str) -> type[Model]:
    """The audited model of a label such as participants.Consent; raises LookupError for any other."""
    model = apps.get_model(label)
    if model not in audited_models():
        raise LookupError(f"{label} is not audited; docs/audit.md lists the audited tables.")
    return model


def row_key(model: type[Model], value: Any) -> str:
    """A primary key as the trail holds it on this engine; raises ValidationError for a malformed one."""
    pk = model._meta.pk
    return str(pk.get_db_prep_value(pk.to_python(value), connection))


def visible_entries(sites: Collection[UUID]) -> QuerySet[AuditEntry]:
    """Entries of rows of these sites, and of rows that belong to no site (accounts, protocol versions)."""
    own = [*(str(site) for site in sites), *(site.hex for site in sites)]
    entries = AuditEntry.objects.annotate(site=Column(Coalesce("new", "old"), column="site_id"))
    of_a_site = ["users_site", *(apps.get_model(label)._meta.db_table for label in SITE_THROUGH)]
    seen = Q(site__in=own) | Q(site__isnull=True) & ~Q(table_name__in=of_a_site)
    seen |= Q(table_name="users_site", row_id__in=own)
    for label, through in SITE_THROUGH.items():
        entries = entries.alias(**{name: _named(name) for name in through})
        table = apps.get_model(label)._meta.db_table
        seen |= Q(_at_sites(through, sites), table_name=table)
    return entries.filter(seen)


def _named(column: str) -> Cast:
    """What a column of an entry's row names, as text on either engine."""
    return Cast(Column(Coalesce("new", "old"), column=column), TextField())


def _at_sites(through: Mapping[str, str], sites: Collection[UUID]) -> Q:
    """That one of the columns names a row at the sites, or none names anything."""
    found = Q(**{f"{column}__isnull": True for column in through})
    for column, label in through.items():
        rows = rows_at(apps.get_model(label), sites)
        found |= Q(**{f"{column}__in": rows.annotate(as_text=Cast("pk", TextField())).values("as_text")})
    return found


def rows_at(model: type[Model], sites: Collection[UUID]) -> QuerySet[Any]:
    """The rows of a model that are at the sites by themselves or by what they name, or else are of no site."""
    rows = model._base_manager.order_by()
    through = SITE_THROUGH.get(model._meta.label)
    if through is None:
        return rows.filter(site__in=sites)
    here = Q(**{f"{column}__isnull": True for column in through})
    for column, label in through.items():
        here |= Q(**{f"{column}__in": rows_at(apps.get_model(label), sites).values("pk")})
    return rows.filter(here)


def trail(
    sites: Collection[UUID],
    wanted: Wanted = EVERYTHING,
    *,
    before: int | None = None,
    after: int | None = None,
    size: int = 50,
    kept_from: Collection[UUID] = (),
) -> list[HistoryLine]:
    """At most `size` visible entries next to entry `before` or `after`, newest first; LookupError for a bad label.

    kept_from: the participants from whose treatment the reader is kept; entries that tell of it are left out.
    """
    entries = without_treatment(wanted_entries(sites, wanted), kept_from)
    if after is not None:
        return _lines(entries.filter(id__gt=after).order_by("id")[:size])[::-1]
    if before is not None:
        entries = entries.filter(id__lt=before)
    return _lines(entries.order_by("-id")[:size])


def without_treatment(entries: QuerySet[AuditEntry], kept_from: Collection[UUID]) -> QuerySet[AuditEntry]:
    """Entries without those that tell of the treatment of some participants, or may do so and name nobody."""
    if not kept_from:
        return entries
    tables = [model._meta.db_table for model in audited_models() if is_unblinding(model._meta.label)]
    keys = [*(str(one) for one in kept_from), *(one.hex for one in kept_from)]
    rows = entries.annotate(of_participant=Column(Coalesce("new", "old"), column="participant_id"))
    telling = Q(of_participant__isnull=True) | Q(of_participant__in=keys)
    return rows.exclude(telling, table_name__in=tables)


def wanted_entries(sites: Collection[UUID], wanted: Wanted) -> QuerySet[AuditEntry]:
    """The visible entries that are asked for; LookupError for a bad label."""
    entries = visible_entries(sites)
    if wanted.actor:
        entries = entries.filter(actor=wanted.actor)
    if wanted.label:
        entries = entries.filter(table_name=audited_model(wanted.label)._meta.db_table)
    if wanted.study_id:
        entries = _about(entries, wanted.study_id)
    # The moments are ISO text in UTC, so that they sort like the days they begin with.
    if wanted.first_day is not None:
        entries = entries.filter(at__gte=wanted.first_day.isoformat())
    if wanted.last_day is not None and wanted.last_day < date.max:
        entries = entries.filter(at__lt=(wanted.last_day + timedelta(days=1)).isoformat())
    return entries


def _about(entries: QuerySet[AuditEntry], study_id: str) -> QuerySet[AuditEntry]:
    """Entries of the participant's own row, and of every row that names the participant."""
    model = audited_model(PARTICIPANT)
    found = model._base_manager.filter(study_id__iexact=study_id).values_list("pk", flat=True).first()
    if found is None:
        return entries.none()
    key = row_key(model, found)
    about = Q(participant=key) | Q(table_name=model._meta.db_table, row_id=key)
    return entries.annotate(participant=Column(Coalesce("new", "old"), column="participant_id")).filter(about)


def history(label: str, value: Any, sites: Collection[UUID]) -> list[HistoryLine]:
    """Everything that happened to one row, oldest first; empty for a missing and for a foreign row alike."""
    model = audited_model(label)
    try:
        key = row_key(model, value)
    except (ValidationError, ValueError):
        return []
    return _lines(visible_entries(sites).filter(table_name=model._meta.db_table, row_id=key).order_by("id"))


def _lines(entries: QuerySet[AuditEntry]) -> list[HistoryLine]:
    models = {model._meta.db_table: model for model in audited_models()}
    names: dict[tuple[type[Model], str], str] = {}
    zones = {str(site.pk): site.zone for site in apps.get_model("users.Site")._base_manager.all()}
    zones |= {site.replace("-", ""): zone for site, zone in zones.items()}
    listed = list(entries)
    people = apps.get_model("users.User")._base_manager.filter(username__in={entry.actor for entry in listed})
    full_names = dict(people.values_list("username", "full_name"))
    lines = [_line(entry, models.get(entry.table_name), names, zones) for entry in listed]
    return [line._replace(person=full_names.get(line.actor, "")) for line in lines]


def entry_time(entry: AuditEntry) -> datetime:
    """When an entry was written, in UTC."""
    return datetime.strptime(entry.at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def field_changes(
    entry: AuditEntry, *, from_nothing: bool = False, besides: Collection[str] = frozenset()
) -> list[Change]:
    """What an entry changed, in words, without the columns *besides*; *from_nothing* gives the whole row it left."""
    model = next((model for model in audited_models() if model._meta.db_table == entry.table_name), None)
    old, new = json.loads("{}" if from_nothing else entry.old or "{}"), json.loads(entry.new or "{}")
    names: dict[tuple[type[Model], str], str] = {}
    return [
        _change(model, column, (old.get(column), new.get(column)), names, None)
        for column in _changed(entry.table_name, old, new)
        if column not in besides
    ]


def parts_of(change: Change) -> list[Change]:
    """A change of a field that holds several items as the changes of those items; any other as it is."""
    old, new = _items(change.old), _items(change.new)
    if not old and not new:
        return [change]
    return [
        Change(f"{change.field}, {name.replace('_', ' ')}", str(old.get(name, NOTHING)), str(new.get(name, NOTHING)))
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    ]


def _items(text: str) -> dict[str, Any]:
    """The items of a field that holds a JSON object; none for any other text."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _changed(table: str, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The columns that differ, without those of the software's bookkeeping."""
    technical = TECHNICAL_COLUMNS | TECHNICAL_OF.get(table, frozenset())
    return [c for c in {**old, **new} if old.get(c) != new.get(c) and c not in technical]


def _line(
    entry: AuditEntry,
    model: type[Model] | None,
    names: dict[tuple[type[Model], str], str],
    zones: dict[str, ZoneInfo],
) -> HistoryLine:
    old, new = json.loads(entry.old or "{}"), json.loads(entry.new or "{}")
    zone = zones.get(str((old | new).get("site_id", "")))
    return HistoryLine(
        entry.id,
        entry_time(entry),
        entry.actor,
        entry.reason,
        str(entry.get_op_display()),
        _about_whom(model, old | new, names),
        str(model._meta.verbose_name) if model else entry.table_name,
        model._meta.label if model else "",
        entry.row_id,
        [
            part
            for column in _changed(entry.table_name, old, new)
            for part in parts_of(_change(model, column, (old.get(column), new.get(column)), names, zone))
        ],
        zone,
    )


def _about_whom(model: type[Model] | None, row: dict[str, Any], names: dict[tuple[type[Model], str], str]) -> str:
    """The study id of the participant whom a row is or is about; empty for a row about none."""
    field = _field(model, "participant_id")
    key = row.get("participant_id")
    return _name(field.related_model, str(key), names) if field and key else str(row.get("study_id", ""))


def _change(
    model: type[Model] | None,
    column: str,
    values: tuple[Any, Any],
    names: dict[tuple[type[Model], str], str],
    zone: ZoneInfo | None,
) -> Change:
    field = _field(model, column)
    label = str(field.verbose_name) if field else column.replace("_", " ")
    old, new = (_words(field, value, names, zone) for value in values)
    return Change(label, old, new)


def _field(model: type[Model] | None, column: str) -> Field[Any, Any] | None:
    """The model's field of a column; None for a column that a later migration removed."""
    fields = model._meta.concrete_fields if model else ()
    return next((field for field in fields if field.column == column), None)


def _words(
    field: Field[Any, Any] | None, value: Any, names: dict[tuple[type[Model], str], str], zone: ZoneInfo | None
) -> str:
    """A stored value as a reader knows it: yes or no, a choice's label, a referred row's name, site time and UTC."""
    if value is None or value == "":
        return NOTHING
    if isinstance(field, ForeignKey):
        return _name(field.related_model, str(value), names)
    if field is None or isinstance(field, JSONField):
        text = value if isinstance(value, str) else json.dumps(value)
        return NOTHING if text in ("{}", "[]") else text
    kind = field.get_internal_type()
    if kind == "BooleanField":
        return "yes" if value else "no"
    if kind == "DateTimeField":
        return _moment(str(value), zone)
    return str(dict(field.flatchoices).get(value, value))


def _moment(text: str, zone: ZoneInfo | None) -> str:
    """A stored moment in site time, where the row has a site, and in UTC."""
    at = text.replace("T", " ")[:19]
    if zone is None:
        return f"{at} UTC"
    return f"{datetime.fromisoformat(at).replace(tzinfo=UTC).astimezone(zone):%Y-%m-%d %H:%M:%S} ({at} UTC)"


def _name(model: Any, key: str, names: dict[tuple[type[Model], str], str]) -> str:
    if (model, key) not in names:
        found = model._base_manager.filter(pk=key).first()
        names[model, key] = str(found) if found else key
    return names[model, key]
