"""People of the demo site and participants at a stage, made through the services in a running site's database."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from infusion import services as infusions
from infusion.models import Infusion
from trial.participants import services
from trial.participants.models import EligibilityDecision, Participant
from trial.records.services import enter
from trial.safety.models import OnCallShift
from trial.safety.services.roster import plan_shift
from trial.users.models import Site, User

WEEK_2 = timedelta(days=14)


def person(username: str) -> User:
    """A demo account."""
    return User.objects.get(username=username)


def on_call(username: str, phone: str, *, backup: str, backup_phone: str) -> OnCallShift:
    """A demo account on call for a day around now, with another behind."""
    now = timezone.now()
    return plan_shift(
        person("pi"),
        site=Site.objects.get(code="STL"),
        starts_at=now - timedelta(hours=12),
        ends_at=now + timedelta(hours=12),
        person=person(username),
        phone=phone,
        backup=person(backup),
        backup_phone=backup_phone,
    )


def consented(at: datetime) -> Participant:
    """A new patient who signed the consent form at an instant."""
    coordinator, site = person("coordinator"), Site.objects.get(code="STL")
    participant = services.enrol(
        coordinator, site=site, cohort="patient", referral="clinician", enrolled_on=at.astimezone(site.zone).date()
    )
    services.sign_consent(coordinator, participant, occurred_at=at, form_version="2026-01")
    return Participant.objects.select_related("site").get(pk=participant.pk)


def decided(participant: Participant, at: datetime) -> Participant:
    """The participant after a psychiatrist's decision; the criteria are another test's matter."""
    enter(
        EligibilityDecision,
        person("psychiatrist"),
        participant=participant,
        occurred_at=at,
        is_eligible=True,
        explanation="set up",
        criteria={"age": "pass"},
    )
    return participant


def infused(since: timedelta) -> Infusion:
    """An infusion of 80 kg that began so long ago at the protocol's first rate, from a bag of 2 mg/mL."""
    began = timezone.now() - since
    participant = decided(consented(began - timedelta(days=14)), began - timedelta(days=10))
    return infusions.start_infusion(
        person("nurse"),
        participant,
        dosing_weight_kg=Decimal(80),
        concentration=Decimal(2),
        volume_ml=Decimal(500),
        occurred_at=began,
        checked_by=person("psychiatrist"),
        happened=True,
    )


def at_week_2() -> Participant:
    """A patient whose infusion of 96 h ended two weeks ago, so that the Week 2 call is due."""
    duration = timedelta(hours=96)
    infusion = infused(WEEK_2 + duration)
    infusions.stop_infusion(
        person("nurse"), infusion, completed=True, occurred_at=timezone.now() - WEEK_2, reason="planned end"
    )
    return infusion.participant
