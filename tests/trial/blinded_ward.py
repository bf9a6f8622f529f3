"""A patient whose protocol version keeps raters from the treatment, with a mark in every word and number of it.

The version is the shipped amendment with its switch on, read by the loader from a folder of its own. The marks are in
doses, levels, side effects and all that speaks of them; each is told apart from anything else in the demo cohort.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from assessments.raters.services import assign_rater, end_assignment
from infusion.models import Bag, ClonidineDose, Infusion, RateChange, SerumLevel, SerumSample, SideEffects, Vitals
from tests.trial.addresses import Addresses
from tests.trial.records import clinic
from tests.trial.signatures.clinic import sign
from trial import protocol
from trial.audit.context import audited
from trial.monitoring import services as monitoring
from trial.monitoring.services.verification import Tick, verify
from trial.participants.models import Participant, Status
from trial.permissions import Role
from trial.records import drafts
from trial.records.services import amend, enter
from trial.safety import services as safety
from trial.safety.models import AdverseEvent
from trial.signatures.services import Confirmation
from trial.users.models import User

FIRST, SECOND, BLINDED = "ketamine_96h_v1", "ketamine_96h_v2", "ketamine_96h_v3"
RATERS = (Role.COORDINATOR, Role.PSYCHIATRIST, Role.NURSE, Role.PI)
WORD = "quokka"
RATE, PUMP, LEVEL = "0.4321", "77.31", "1234.567"
MARK = re.compile(rb"quokka|0\.4321|77\.31|1234\.567", re.IGNORECASE)
REPORT = f"%PDF-1.4 {WORD} in a report".encode()


@contextmanager
def blinded_version(folder: Path) -> Iterator[str]:
    """The shipped versions, and a third that is the second with its switch on; yields its id."""
    for version in (FIRST, SECOND):
        shutil.copy(str(files("trial.protocol").joinpath(f"{version}.toml")), folder)
    text = (folder / f"{SECOND}.toml").read_text(encoding="utf-8")
    text = text.replace(f'id = "{SECOND}"', f'id = "{BLINDED}"').replace(
        'raters = { value = "no"', 'raters = { value = "yes"'
    )
    (folder / f"{BLINDED}.toml").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(protocol, "_version_files", lambda: folder)
        for read in (protocol.for_version, protocol.sha256, protocol.versions):
            patched.setattr(protocol, read.__name__, cache(read.__wrapped__))
        assert protocol.for_version(BLINDED).blinding.raters.is_on  # type: ignore[union-attr]
        yield BLINDED


@dataclass
class BlindedWard:
    """The addresses of the patient, the raters kept from the treatment, and the rows that tell of it."""

    addresses: Addresses
    raters: dict[Role, User]
    rows: dict[str, Any]

    @property
    def patient(self) -> Participant:
        """Whom the raters rate."""
        return self.addresses.patient


def make_blinded_ward() -> BlindedWard:
    """The demo's first patient, under the version that keeps raters from the treatment, and a rater in each role."""
    addresses = Addresses()
    patient = addresses.patient
    with audited("system:tests", "set up"):
        Participant.objects.filter(pk=patient.pk).update(protocol_version=BLINDED)
    patient.refresh_from_db()
    # Made so that its address can be listed, and of the psychiatrist, who is a colleague here.
    end_assignment(addresses.pi, addresses.rater, reason="set up")
    rows = treated(addresses, patient)
    rows |= followed(addresses, patient, rows)
    raters = {role: clinic.make_person(addresses.site, role, username=f"rater-{role}") for role in RATERS}
    for person in raters.values():
        assign_rater(addresses.pi, patient, user=person, starts_on=addresses.site.today)
        drafts.keep(person, reverse("infusion:rate", args=[patient.study_id]), uuid4(), {"reason": [f"{WORD}draft"]})
    for name in ("coordinator", "psychiatrist", "nurse", "pi"):
        own = User.objects.get(username=name)
        drafts.keep(own, reverse("infusion:rate", args=[patient.study_id]), uuid4(), {"reason": [f"{WORD}draft"]})
    report_with_marks(addresses)
    return BlindedWard(addresses, raters, rows)


def treated(addresses: Addresses, patient: Participant) -> dict[str, Any]:
    """A running infusion with a rate, a bag, a dose, levels, readings and side effects that bear the marks."""
    nurse, now = addresses.nurse, timezone.now()
    infusion = Infusion.objects.get(participant=patient)
    with audited("system:tests", "set up"):
        Infusion.objects.filter(pk=infusion.pk).update(ended_at=None, is_completed=None, end_reason="")
    at: dict[str, Any] = {"participant": patient, "occurred_at": now - timedelta(hours=2)}
    stop: dict[str, Any] = {"axis": "infusion", "value": "stopped_early", "explanation": f"{WORD}stop"}
    enter(Status, nurse, participant=patient, occurred_at=now - timedelta(hours=40), **stop)
    enter(Status, nurse, participant=patient, occurred_at=now - timedelta(hours=30), axis="infusion", value="started")
    sample = enter(SerumSample, nurse, **at, sample="hour_24", comment=f"{WORD}serum")
    dose: dict[str, Any] = {"dose_mg": Decimal("0.1"), "is_given": False, "held_reason": f"{WORD}clonidine"}
    vitals: dict[str, Any] = {"systolic": 118, "diastolic": 71, "heart_rate": 61, "comment": f"{WORD}vitals"}
    return {
        "infusion": infusion,
        "rate": enter(
            RateChange,
            nurse,
            **at,
            infusion=infusion,
            rate=Decimal(RATE),
            pump_rate=Decimal(PUMP),
            explanation=f"{WORD}rate",
        ),
        "bag": enter(
            Bag, nurse, **at, infusion=infusion, concentration=Decimal(2), volume_ml=Decimal(500), lot=f"{WORD}lot"
        ),
        "clonidine": enter(ClonidineDose, nurse, **at, **dose),
        "vitals": enter(Vitals, nurse, **at, **vitals),
        "side-effects": enter(SideEffects, nurse, **at, scores={"nausea": 1}, other=f"{WORD}side"),
        "serum": sample,
        "level": enter(SerumLevel, nurse, **at, sample=sample, analyte="ketamine", concentration=Decimal(LEVEL)),
    }


def followed(addresses: Addresses, patient: Participant, rows: dict[str, Any]) -> dict[str, Any]:
    """What safety and monitoring say of it: events, alerts, deviations, queries, marks, a review, a draft."""
    pi, now = addresses.pi, timezone.now()
    monitor = User.objects.get(username="monitor")
    at: dict[str, Any] = {"participant": patient, "occurred_at": now - timedelta(hours=1)}
    caused: dict[str, Any] = {
        f"{drug}_causality": AdverseEvent.Causality.POSSIBLE for drug in ("ketamine", "clonidine", "procedure")
    }
    event = safety.record_adverse_event(
        pi, **at, term=f"{WORD}event", grade=3, is_hospitalisation=True, aware_at=now, **caused
    )
    safety.follow_up(pi, event, occurred_at=now, news=f"{WORD}news", outcome_code="recovering")
    given: dict[str, Any] = {"kind": "blood_pressure", "level": "urgent"}
    alert = safety.raise_alert(pi, **at, **given, summary=f"{WORD}alert", source=rows["vitals"])
    done = safety.raise_alert(pi, **at, **given, summary=f"{WORD}done", source=rows["infusion"])
    signed = Confirmation(pi.pk, uuid4(), "")
    safety.acknowledge(pi, done, action_taken=f"{WORD}action", acted_at=now, confirmation=signed)
    by_hand = safety.record_deviation(pi, **at, kind="other", summary=f"{WORD}deviation", is_automatic=False)
    safety.record_deviation(pi, **at, kind="limit", summary=f"{WORD}limit", source=rows["rate"], ground="limits.rate")
    verify(monitor, patient, [Tick(rows["side-effects"], rows["side-effects"].version)])
    # What a change voids says what was changed.
    sign(clinic.make_person(addresses.site, Role.PI, username="signer"), patient)
    amend(rows["side-effects"], pi, other=f"{WORD}corrected", version=1, reason=f"{WORD}reason")
    query = monitoring.raise_query(monitor, subject=rows["rate"], question=f"{WORD}query")
    monitoring.answer(pi, query, version=query.version, words=f"{WORD}answer")
    findings: dict[str, Any] = {"findings": f"{WORD}findings", "has_findings": True, "key": uuid4()}
    findings["confirmation"] = Confirmation(monitor.pk, uuid4(), "")
    review = monitoring.review_trail(monitor, addresses.site, to_entry=addresses.review.to_entry + 1, **findings)
    return {"event": event, "alert": alert, "done": done, "by_hand": by_hand, "query": query, "review": review}


def report_with_marks(addresses: Addresses) -> None:
    """The published report's files, as they tell of doses."""
    report = addresses.report
    (Path(settings.REPORTS_DIR) / f"{report.id}.pdf").write_bytes(REPORT)
    digest = hashlib.sha256(REPORT).hexdigest()
    with audited("system:tests", "set up"):
        report.pdf_sha256 = report.results_sha256 = report.page_sha256 = digest
        report.figures = [[report.pdf_path, digest]]
        report.save()
