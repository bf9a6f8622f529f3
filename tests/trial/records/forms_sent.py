"""Every form that keeps a draft, opened on a ward and filled in as its page shows it: the registry of the sweeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from assessments.services import record_assessment
from imaging.models import ImagingSession
from imaging.services import record_session
from infusion import services as infusion
from tests.assessments.ratings import scores_of
from tests.infusion import ward as wards
from tests.infusion.ward import Ward, hours
from tests.trial.records import clinic
from trial.participants import services as participants
from trial.participants.models import Medication, Participant, Visit
from trial.permissions import Role
from trial.safety import services as safety
from trial.users.models import User

CHICAGO = ZoneInfo("America/Chicago")
WORDS = "Spoke with the nurse, chart checked"


@dataclass(frozen=True)
class Sent:
    """A form: its address, the address of its page, its name there, and what is filled in beyond what it shows."""

    name: str
    address: str
    page: str
    context: str
    values: dict[str, Any]
    other: dict[str, Any]
    changes: bool


class Desk:
    """A ward with a record of every kind, and somebody who holds every role."""

    def __init__(self) -> None:
        self.ward: Ward = wards.make_ward()
        self.participant: Participant = self.ward.participant
        self.person: User = wards.make_user("paula", self.ward.site, *(role.value for role in Role))
        self.client = Client()
        self.client.force_login(self.person)

    def visit(self, code: str) -> Visit:
        """A visit of the participant."""
        return Visit.objects.get(participant=self.participant, code=code)

    def colleague(self) -> Client:
        """Somebody else who holds every role, signed in."""
        client = Client()
        client.force_login(self.other())
        return client

    def other(self) -> User:
        """Somebody else who holds every role."""
        known = User.objects.filter(username="quentin").first()
        return known or wards.make_user("quentin", self.ward.site, *(role.value for role in Role))

    def open(self, sent: Sent) -> dict[str, Any]:
        """What a browser would send of the form: as its page shows it, filled in."""
        page = self.client.get(sent.page)
        assert page.status_code == 200, (sent.name, page.status_code)
        return {**as_shown(page.context[sent.context]), **sent.values}


def as_shown(form: Any) -> dict[str, str]:
    """The values of a form's controls on a page just opened; what is empty is not sent."""
    with timezone.override(CHICAGO):
        return {bound.html_name: value for bound in form if (value := control_of(bound))}


def control_of(bound: Any) -> str:
    """What a browser sends of a control; empty for nothing."""
    value = getattr(bound.value(), "pk", bound.value())
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M")
    if value in (None, "", False):
        return ""
    return "on" if isinstance(bound.field, forms.BooleanField) else str(value)


AT = "2026-03-02T11:00"
Maker = Callable[[Desk], Sent]
SENT: dict[str, Maker] = {}


def of(name: str, changes: bool = False, context: str = "form") -> Callable[[Callable[[Desk], Any]], Maker]:
    """Register how the form of an address is opened: (arguments, values, other values), and its page if another."""

    def register(make: Callable[[Desk], Any]) -> Maker:
        def made(desk: Desk) -> Sent:
            arguments, values, other, *page = make(desk)
            address = reverse(name, args=arguments)
            query = values.pop("?", "")
            return Sent(name, address + query, page[0] if page else address + query, context, values, other, changes)

        SENT[name] = made
        return made

    return register


def of_participant(desk: Desk) -> list[Any]:
    return [desk.participant.study_id]


@of("participants:enrol")
def _enrol(desk: Desk) -> Any:
    given = {"site": str(desk.ward.site.pk), "cohort": "patient", "referral": "registry", "enrolled_on": "2026-03-01"}
    return [], given, {"referral": "other"}


@of("participants:consent")
def _consent(desk: Desk) -> Any:
    return of_participant(desk), {"occurred_at": AT, "form_version": "2"}, {"form_version": "3"}


@of("participants:contact", changes=True)
def _contact(desk: Desk) -> Any:
    return of_participant(desk), {"enrolled_on": "2026-02-10", "reason": WORDS}, {"enrolled_on": "2026-02-11"}


@of("participants:status")
def _status(desk: Desk) -> Any:
    given = {"status": "follow_up:lost", "occurred_at": AT, "reason": "moved away"}
    return of_participant(desk), given, {"reason": "no answer"}


@of("participants:plan", changes=True)
def _plan(desk: Desk) -> Any:
    return of_participant(desk), {"planned_infusion_on": "2026-04-01"}, {"planned_infusion_on": "2026-04-02"}


@of("participants:screening")
def _screening(desk: Desk) -> Any:
    given = {"occurred_at": AT, "blood_count": "normal", "chemistry": "normal", "liver": "normal", "thyroid": "normal"}
    return [desk.participant.study_id, "laboratory"], given, {"liver": "significant"}


@of("participants:dose")
def _dose(desk: Desk) -> Any:
    participants.record_screening(
        desk.person, desk.participant, slug="medication", drug="sertraline", drug_class="ssri", occurred_at=hours(1)
    )
    given = {"from_date": "2026-03-01", "occurred_at": AT, "daily_dose_mg": "50"}
    return [desk.participant.study_id, Medication.objects.get().pk], given, {"daily_dose_mg": "75"}


@of("participants:judge", context="judgement")
def _judge(desk: Desk) -> Any:
    page = reverse("participants:eligibility", args=of_participant(desk))
    return of_participant(desk), {"capacity": "pass", "basis": "interview", "occurred_at": AT}, {"basis": "chart"}, page


@of("participants:decide", context="decision")
def _decide(desk: Desk) -> Any:
    page = reverse("participants:eligibility", args=of_participant(desk))
    given = {"decision": "refuse", "reason": "wishes to wait", "occurred_at": AT}
    return of_participant(desk), given, {"reason": "left the town"}, page


@of("participants:held", changes=True, context="held")
def _held(desk: Desk) -> Any:
    page = reverse("participants:visit", args=[desk.participant.study_id, "baseline"])
    return [desk.participant.study_id, "baseline"], {"occurred_at": AT}, {"occurred_at": "2026-03-02T12:00"}, page


@of("participants:missed", changes=True, context="missed")
def _missed(desk: Desk) -> Any:
    page = reverse("participants:visit", args=[desk.participant.study_id, "baseline"])
    return (
        [desk.participant.study_id, "baseline"],
        {"cause": "illness", "reason": "ill"},
        {"cause": "other", "reason": "forgot"},
        page,
    )


@of("participants:correct", changes=True)
def _correct(desk: Desk) -> Any:
    participants.record_visit(desk.person, desk.visit("baseline"), occurred_at=hours(-2))
    given = {"occurred_at": AT, "reason": WORDS}
    return [desk.participant.study_id, "baseline"], given, {"occurred_at": "2026-03-02T12:00"}


@of("safety:adverse_event")
def _adverse_event(desk: Desk) -> Any:
    causes = {f"{cause}_causality": "unlikely" for cause in ("ketamine", "clonidine", "procedure")}
    given = {"occurred_at": AT, "aware_at": AT, "term": "nausea", "grade": "2", **causes}
    return of_participant(desk), given, {"grade": "3"}


@of("safety:correct", changes=True)
def _correct_event(desk: Desk) -> Any:
    causes: dict[str, Any] = {f"{cause}_causality": "unlikely" for cause in ("ketamine", "clonidine", "procedure")}
    given: dict[str, Any] = {"occurred_at": hours(1), "aware_at": hours(1), "term": "nausea", "grade": 2, **causes}
    event = safety.record_adverse_event(desk.person, participant=desk.participant, **given)
    return [event.pk], {"grade": "3", "reason": WORDS}, {"grade": "1"}


@of("safety:follow_up", changes=True)
def _follow_up_event(desk: Desk) -> Any:
    causes: dict[str, Any] = {f"{cause}_causality": "unlikely" for cause in ("ketamine", "clonidine", "procedure")}
    given: dict[str, Any] = {"occurred_at": hours(1), "aware_at": hours(1), "term": "nausea", "grade": 2, **causes}
    event = safety.record_adverse_event(desk.person, participant=desk.participant, **given)
    return [event.pk], {"occurred_at": AT, "news": WORDS, "outcome_code": "recovering"}, {"outcome_code": "unknown"}


@of("safety:deviation")
def _deviation(desk: Desk) -> Any:
    given = {"occurred_at": AT, "kind": "other", "summary": "Wrong form used."}
    return of_participant(desk), given, {"summary": "Wrong pen used."}


@of("safety:close", changes=True)
def _close(desk: Desk) -> Any:
    found = safety.record_deviation(
        desk.person, participant=desk.participant, kind="other", summary="Late.", occurred_at=hours(1)
    )
    return [found.pk], {"correction": "Signed again."}, {"correction": "Told the ward."}


@of("safety:acknowledge", changes=True)
def _acknowledge(desk: Desk) -> Any:
    at = timezone.now() - timedelta(hours=3)
    found = safety.raise_alert(
        desk.person, participant=desk.participant, kind="x", level="urgent", summary="Look.", occurred_at=at
    )
    done = (at + timedelta(hours=1)).astimezone(CHICAGO).strftime("%Y-%m-%dT%H:%M")
    given = {"action_taken": WORDS, "occurred_at": done, "username": desk.person.username, "password": clinic.PASSWORD}
    return [found.pk], given, {"action_taken": "Called the ward twice.", "username": desk.other().username}


@of("infusion:start")
def _start(desk: Desk) -> Any:
    given = {
        "dosing_weight_kg": "80", "rate": "0.15", "concentration": "2", "volume_ml": "500", "occurred_at": AT,
        "happened": "on", "confirmed": "on", "checked_by": str(desk.ward.other_nurse.pk),
    }  # fmt: skip
    return of_participant(desk), given, {"lot": "A7"}


@of("infusion:rate")
def _rate(desk: Desk) -> Any:
    wards.start(desk.ward)
    given = {"rate": "0.1", "reason": "nausea", "occurred_at": AT, "happened": "on"}
    return of_participant(desk), given, {"rate": "0.05"}


@of("infusion:bag")
def _bag(desk: Desk) -> Any:
    wards.start(desk.ward)
    given = {"concentration": "2", "volume_ml": "500", "occurred_at": AT, "happened": "on"}
    return of_participant(desk), given, {"lot": "A7"}


@of("infusion:stop")
def _stop(desk: Desk) -> Any:
    wards.start(desk.ward)
    return of_participant(desk), {"completed": "no", "reason": "nausea", "occurred_at": AT}, {"reason": "headache"}


@of("infusion:clonidine")
def _clonidine(desk: Desk) -> Any:
    given = {"dose_mg": "0.1", "is_given": "yes", "occurred_at": AT, "happened": "on"}
    return of_participant(desk), given, {"dose_mg": "0.2"}


@of("infusion:vitals")
def _vitals(desk: Desk) -> Any:
    given = {"systolic": "120", "diastolic": "70", "heart_rate": "60", "occurred_at": AT}
    return of_participant(desk), given, {"systolic": "121"}


@of("infusion:side_effects")
def _side_effects(desk: Desk) -> Any:
    return of_participant(desk), {"item_nausea": "1", "occurred_at": AT}, {"item_nausea": "2"}


@of("infusion:serum")
def _serum(desk: Desk) -> Any:
    given = {"sample": "day_2_0800", "level_ketamine": "40", "occurred_at": AT}
    return of_participant(desk), given, {"level_ketamine": "41"}


@of("infusion:correct", changes=True)
def _correct_vitals(desk: Desk) -> Any:
    row = infusion.record_vitals(
        desk.person, desk.participant, systolic=120, diastolic=70, heart_rate=60, occurred_at=hours(1)
    )
    given = {"systolic": "125", "correction": WORDS}
    return [desk.participant.study_id, "vitals", row.pk], given, {"systolic": "126"}


@of("infusion:correct_rate", changes=True)
def _correct_rate(desk: Desk) -> Any:
    started = wards.start(desk.ward)
    row = infusion.change_rate(
        desk.ward.nurse, started, rate=Decimal("0.1"), occurred_at=hours(3), reason="nausea", happened=True
    )
    return [desk.participant.study_id, row.pk], {"reason": "headache", "correction": WORDS}, {"reason": "dizziness"}


@of("infusion:correct_start", changes=True)
def _correct_start(desk: Desk) -> Any:
    wards.start(desk.ward)
    given = {"dosing_weight_kg": "81", "correction": WORDS}
    return of_participant(desk), given, {"dosing_weight_kg": "82"}


@of("infusion:correct_end", changes=True)
def _correct_end(desk: Desk) -> Any:
    found = wards.start(desk.ward)
    infusion.stop_infusion(desk.ward.nurse, found, completed=False, reason="slip", occurred_at=hours(10))
    return of_participant(desk), {"end_reason": "nausea", "correction": WORDS}, {"end_reason": "headache"}


@of("assessments:form")
def _assessment(desk: Desk) -> Any:
    scores = {f"item_{name}": str(value) for name, value in scores_of("madrs", 2).items()}
    return [desk.participant.study_id, "baseline", "madrs"], {**scores, "occurred_at": AT}, {"item_lassitude": "3"}


@of("imaging:record")
def _session(desk: Desk) -> Any:
    given = {"timepoint": "pre1", "scanner": "Trio", "is_usable": "on", "occurred_at": AT}
    return of_participant(desk), given, {"scanner": "Prisma"}


def scanned(desk: Desk) -> ImagingSession:
    """A session of the participant."""
    return record_session(
        desk.person, participant=desk.participant, timepoint="pre1", occurred_at=hours(1), scanner="Trio"
    )


@of("imaging:correct", changes=True)
def _correct_session(desk: Desk) -> Any:
    scanned(desk)
    return [desk.participant.study_id, "pre1"], {"scanner": "Prisma", "reason": WORDS}, {"scanner": "Vida"}


@of("imaging:usability", changes=True)
def _usability(desk: Desk) -> Any:
    scanned(desk)
    return [desk.participant.study_id, "pre1"], {"reason": "moved too much"}, {"reason": "artefacts"}


def rated(desk: Desk) -> None:
    """A MADRS of the participant at the baseline."""
    record_assessment(
        desk.person, participant=desk.participant, visit=desk.visit("baseline"), instrument="madrs",
        scores=scores_of("madrs", 1), mode="in_person", rater=desk.person, occurred_at=hours(1),
    )  # fmt: skip
