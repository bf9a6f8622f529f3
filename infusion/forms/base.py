"""What every form of the bedside shares: the moment, the visit it belongs to, orders, and corrections."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone

from infusion import queries
from infusion.models import RateChange
from infusion.templatetags.doses import plain
from trial.participants.models import Participant, Visit
from trial.participants.queries import protocol_of, visits_of
from trial.permissions import ACTIONS
from trial.protocol.schema import Visit as PlannedVisit
from trial.records.forms import mark_up, moment
from trial.records.models import ClinicalRecord, wrong_year
from trial.records.saving import SavedForm
from trial.users.delegation.queries import acting
from trial.users.models import User

# A clock may run ahead by this much.
CLOCK_AHEAD = timedelta(minutes=5)
# An order is about now; it may be typed this much after the moment it names.
CLOCK_BEHIND = timedelta(minutes=15)
STEP = {"inputmode": "decimal", "step": "any"}
HAPPENED = (
    "Tick it for what was done before now and is entered late. What has happened is always recorded: limits do not "
    "refuse it, but a deviation is kept for each that it passed."
)


class BedsideForm(SavedForm, forms.Form):
    """A one-use key and the moment, in the site's time; with a *record* it corrects that one, and asks why."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    occurred_at = moment("When")
    correction = forms.CharField(label="Why is this corrected?", max_length=200)
    measurement = ""
    why = "correction"

    def __init__(
        self,
        data: Any = None,
        *,
        participant: Participant,
        user: User,
        record: ClinicalRecord | None = None,
        **more: Any,
    ) -> None:
        super().__init__(data, **more)
        self.participant, self.record = participant, record
        self.initial.setdefault("key", uuid.uuid4())
        self.protocol = protocol_of(participant)
        if record is None:
            del self.fields["correction"], self.fields["version"]
            self.initial.setdefault("occurred_at", timezone.localtime().replace(second=0, microsecond=0))
        else:
            self.initial = {"version": record.version, **self.recorded(record), **self.initial}
        self.prepare(user)
        self.order_fields([*(name for name in self.fields if name != "correction"), "correction"])
        for field in self.visible_fields():
            if not isinstance(field.field.widget, forms.RadioSelect):
                mark_up(field)

    def recorded(self, record: Any) -> dict[str, Any]:
        """The values of a record as this form shows them."""
        given = {name: getattr(record, name) for name in self.fields if name != "key" and hasattr(record, name)}
        plainly = {name: plain(value) if isinstance(value, Decimal) else value for name, value in given.items()}
        return {**plainly, "visit": record.visit_id}

    def clean_occurred_at(self) -> datetime:
        """Refuse a time to come, and a year that cannot be; a few minutes allow for a clock that runs ahead.

        A record keeps its seconds when the minute shown is not corrected.
        """
        at: datetime = self.cleaned_data["occurred_at"]
        if words := wrong_year(at):
            raise forms.ValidationError(words)
        if at > timezone.now() + CLOCK_AHEAD:
            raise forms.ValidationError("This time is still to come; enter it when it has happened.")
        shown = self.initial.get("occurred_at") if self.record is not None else None
        return shown if shown is not None and shown.replace(second=0, microsecond=0) == at else at

    def prepare(self, user: User) -> None:
        """Fill in what depends on the participant and the account."""

    def offer_visits(self, field: str) -> None:
        """Offer the visits at which the protocol asks for this measurement, with the one that it is now chosen."""
        plan = self.protocol.visits
        wanted = [v for v in visits_of(self.participant) if self.measurement in plan[v.code].measurements.codes]
        choice = self.fields[field]
        choice.queryset = Visit.objects.filter(pk__in=[visit.pk for visit in wanted])  # type: ignore[attr-defined]
        choice.choices = [  # type: ignore[attr-defined]
            ("", "at no visit"),
            *((visit.pk, plan[visit.code].label) for visit in wanted),
        ]
        if self.record is None and field not in self.initial:
            self.initial[field] = self.visit_now(wanted)

    def visit_now(self, visits: list[Visit]) -> uuid.UUID | None:
        """The visit whose window holds this moment, else the nearest on this side of start and end."""
        now, infusion = timezone.now(), queries.infusion_of(self.participant)
        is_on, is_over = infusion is not None, infusion is not None and infusion.ended_at is not None
        beside = [v for v in visits if v.due_at and fits(self.protocol.visits[v.code], is_on=is_on, is_over=is_over)]
        holding = [v for v in beside if v.opens_at and v.closes_at and v.opens_at <= now < v.closes_at]
        nearest = min(holding or beside, key=lambda visit: abs((visit.due_at or now) - now), default=None)
        return nearest.pk if nearest else None

    def values(self) -> dict[str, Any]:
        """What the service is called with."""
        given = dict(self.cleaned_data)
        if self.record is not None:
            del given["key"]
            given["version"] = given["version"] or 0
            given["reason"] = given.pop("correction")
        return given


def fits(visit: PlannedVisit, *, is_on: bool, is_over: bool) -> bool:
    """Whether a visit lies on the side of the infusion's start and end that a measurement is on now."""
    if visit.anchor == "infusion_end":
        return is_over
    is_before = visit.anchor == "consent" or visit.offset.decimal < 0
    return is_before != is_on


class OrderForm(BedsideForm):
    """Something that limits bind, unless it has happened already."""

    happened = forms.BooleanField(label="This has already happened", required=False, help_text=HAPPENED)
    override_reason = forms.CharField(label="Reason for going past a warning", max_length=120, required=False)

    def prepare(self, user: User) -> None:
        """A correction is of a fact: nothing binds it."""
        super().prepare(user)
        if self.record is not None:
            del self.fields["happened"], self.fields["override_reason"]

    def clean(self) -> dict[str, Any]:
        """Ask for a word about an order for a time that is past: it is a fact then."""
        cleaned = super().clean() or self.cleaned_data
        at = cleaned.get("occurred_at")
        if self.record is not None or at is None or cleaned.get("happened"):
            return cleaned
        if at < timezone.now() - CLOCK_BEHIND and self.binds(cleaned):
            ago = timezone.now() - at
            words = "This time is {} back: if it was done then, tick this; if it is to be done now, enter the time now."
            self.add_error("happened", words.format(spell(ago)))
        return cleaned

    def binds(self, cleaned: dict[str, Any]) -> bool:
        """Whether limits may stand against what is entered; what they never refuse need not be called a fact."""
        return True


def spell(span: timedelta) -> str:
    """A span of time in words: minutes, hours or days."""
    minutes = round(span.total_seconds() / 60)
    if minutes < 2 * 60:
        return f"{minutes} min"
    return f"{minutes / 60:.1f} h" if span < timedelta(days=2) else f"{span.days} days"


class CheckedForm(OrderForm):
    """An order that a second person checks: one who may order as well, at some time since the infusion began."""

    checked_by = forms.ModelChoiceField(queryset=User.objects.none(), label="Second check by", required=False)

    def prepare(self, user: User) -> None:
        super().prepare(user)
        author = self.record.entered_by_id if self.record else user.pk
        infusion = queries.infusion_of(self.participant)
        since = min(infusion.occurred_at, timezone.now()) if infusion else timezone.now()
        here = Q(pk__in=acting(self.participant.site, ACTIONS["infusion.order"], since).values("pk"))
        others = User.objects.filter(here | Q(pk=getattr(self.record, "checked_by_id", None))).exclude(pk=author)
        self.fields["checked_by"].queryset = others.order_by("full_name")  # type: ignore[attr-defined]
        self.corrector = user

    def clean(self) -> dict[str, Any]:
        """Who corrects a rate does not check the new one; a check already recorded of the same rate stays."""
        cleaned = super().clean() or self.cleaned_data
        before = self.record if isinstance(self.record, RateChange) else None
        stays = before is not None and (before.rate, before.checked_by_id) == (cleaned.get("rate"), self.corrector.pk)
        if cleaned.get("checked_by") == self.corrector and not stays:
            self.add_error("checked_by", "Somebody else than you has to check this rate.")
        return cleaned
