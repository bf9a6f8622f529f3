"""Every address of the site by its URL name, with the objects of the demo cohort that make it whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from assessments.interviews.services import Page, save_answers
from assessments.models import Assessment, Interview
from assessments.raters.services import assign_rater
from imaging.models import ImagingSession
from infusion.models import Infusion, RateChange, Vitals
from reports.models import Report
from reports.services import order_report
from tests.trial.records import clinic
from trial.audit.context import audited
from trial.contacts.details import Details
from trial.contacts.services import break_glass, record_contact
from trial.locks.models import UnlockRequest
from trial.locks.services import lock_participant
from trial.monitoring import services as monitoring
from trial.participants import services as participants
from trial.participants.models import Participant
from trial.participants.models.screening import Medication
from trial.permissions import Role
from trial.safety import services as safety
from trial.safety.models import AdverseEvent, Alert, Deviation, OnCallShift
from trial.safety.services.roster import plan_shift
from trial.signatures.services import Confirmation
from trial.tokens.services import make_token
from trial.users.delegation import services as delegation
from trial.users.emergency.queries import usable_code
from trial.users.emergency.services import make_codes, use_up
from trial.users.models import EmergencyAccess, User

NOWHERE = 10**9
ACCOUNT_PAGES = ("account", "give_role", "close_account", "reopen_account")
STEPS = ("query", "answer", "close", "reopen", "withdraw")
MISSING_STUDY_ID = "STL-9999-9"
OF_SITES = {"safety:contact", "safety:plan"}
WEEK = timedelta(days=7)
Patterns = list[URLPattern | URLResolver]


def patterns() -> dict[str, URLPattern]:
    """Every named address, by its name with namespace."""
    return dict(_walk(get_resolver().url_patterns))


def _walk(found: Patterns, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in found:
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix)
        else:
            assert pattern.name, f"{pattern} has no name; give it one, so that its permissions can be listed."
            yield prefix + pattern.name, pattern


class Addresses:
    """The addresses of one patient's data at the demo site, and the same of nothing that exists."""

    def __init__(self) -> None:
        infusion = Infusion.objects.select_related("participant__site").order_by("occurred_at")[0]
        self.patient: Participant = infusion.participant
        self.site = self.patient.site
        self.pi = User.objects.get(username="pi")
        self.report = self.published_report()
        self.session = ImagingSession.objects.filter(participant=self.patient)[0]
        self.rated = Assessment.objects.select_related("visit").filter(participant=self.patient, instrument="madrs")[0]
        self.newcomer = clinic.make_participant(self.pi, self.site)
        participants.sign_consent(self.pi, self.newcomer, occurred_at=clinic.SIGNED, form_version="1.0")
        self.ensure_events()
        record_contact(self.pi, self.patient, Details(full_name="Casey Invented", phone="314 555 0199"))
        self.token, _ = make_token(
            self.pi, name="to list it in a test", scopes=["safety.read"], expires_at=timezone.now() + timedelta(days=1)
        )
        self.access = break_glass(self.pi, self.patient, reason="to list it in a test")
        self.asked = self.request_to_unlock()
        self.emergency = self.emergency_access()
        self.nurse = User.objects.get(username="nurse")
        self.delegation = self.nurse.delegations.filter(site=self.site)[0]
        psychiatrist = User.objects.get(username="psychiatrist")
        self.rater = assign_rater(
            self.pi, self.patient, user=psychiatrist, starts_on=self.site.today, despite="few people"
        )
        self.training = delegation.record_training(
            self.pi, user=self.nurse, site=self.site, topic="GCP", trained_on=self.site.today
        )

        self.interview = self.interview_of(self.newcomer)

        monitor = User.objects.get(username="monitor")
        written: dict[str, Any] = {"findings": "set up", "has_findings": False, "key": uuid4()}
        written["confirmation"] = Confirmation(monitor.pk, uuid4(), "")
        self.review = monitoring.review_trail(monitor, self.site, to_entry=1, **written)
        self.query = monitoring.raise_query(monitor, subject=self.rated, question="Is it as in the source?")

    def interview_of(self, participant: Participant) -> Interview:
        """An interview of the PI's that is in progress at screening."""
        row = save_answers(
            self.pi,
            participant=participant,
            visit=participant.visits.get(code="screening"),
            instrument="madrs",
            page=Page(uuid4(), 0, 1),
            scores={"lassitude": 1},
        )
        assert row
        return row

    def request_to_unlock(self) -> UnlockRequest:
        """A locked participant of the site, and the PI's request to open it."""
        person = clinic.make_participant(self.pi, self.site)
        lock = lock_participant(self.pi, person, reason="set up")
        with audited("system:tests", "asked"):
            return UnlockRequest.objects.create(participant=lock.participant, lock=lock, reason="x", by=self.pi)

    def published_report(self) -> Report:
        """A report of the site with small files, ordered by the PI."""
        report = order_report(self.pi, site=self.site, book="per-protocol", key=uuid4())
        content = b"%PDF-1.4 small"
        (Path(settings.REPORTS_DIR) / f"{report.id}.pdf").write_bytes(content)
        (Path(settings.REPORTS_DIR) / f"{report.id}.json").write_bytes(results := b"{}")
        with audited("system:tests", "published"):
            report.published_at = report.data_cut = timezone.now()
            report.pdf_path = report.page_path = f"{report.id}.pdf"
            report.pdf_sha256 = report.page_sha256 = hashlib.sha256(content).hexdigest()
            report.results_path, report.results_sha256 = f"{report.id}.json", hashlib.sha256(results).hexdigest()
            report.figures = [[report.pdf_path, report.pdf_sha256]]
            report.save()
        return report

    def emergency_access(self) -> EmergencyAccess:
        """A sign-in of the site's nurse with a sealed code."""
        nurse = User.objects.get(username="nurse")
        if (found := EmergencyAccess.objects.filter(user=nurse).first()) is not None:
            return found
        sealed = usable_code(make_codes("system:tests", self.site, count=1)[0])
        access = sealed and use_up(nurse, sealed, "a rate cannot wait")
        assert access
        return access

    def ensure_events(self) -> None:
        """Alert, deviation and adverse event of the patient, made where the cohort has none."""
        given: dict[str, Any] = {"participant": self.patient, "occurred_at": self.patient.entered_at}
        if not Alert.objects.filter(participant=self.patient).exists():
            safety.raise_alert(self.pi, visit=None, kind="blood_pressure", level="urgent", summary="set up", **given)
        if not Deviation.objects.filter(participant=self.patient).exists():
            safety.record_deviation(self.pi, kind="other", summary="set up", **given)
        if not AdverseEvent.objects.filter(participant=self.patient).exists():
            no = AdverseEvent.Causality.UNRELATED
            causality = {"ketamine_causality": no, "clonidine_causality": no, "procedure_causality": no}
            event: dict[str, Any] = {
                "term": "Headache",
                "grade": AdverseEvent.Grade.MILD,
                "aware_at": timezone.now(),
                **causality,
            }
            safety.record_adverse_event(self.pi, **given, **event)
        if not AdverseEvent.objects.filter(participant=self.patient, is_serious=True).exists():
            no = AdverseEvent.Causality.UNRELATED
            causality = {"ketamine_causality": no, "clonidine_causality": no, "procedure_causality": no}
            serious: dict[str, Any] = {"term": "Syncope", "grade": 3, "is_hospitalisation": True, **causality}
            safety.record_adverse_event(self.pi, **given, **serious, aware_at=timezone.now())
        if not OnCallShift.objects.filter(site=self.site, ends_at__gt=timezone.now()).exists():
            now = timezone.now()
            plan_shift(self.pi, site=self.site, starts_at=now, ends_at=now + WEEK, person=self.pi, phone="314 555 0101")

    def of_patient(self, model: Any) -> UUID:
        """Id of one of the patient's rows."""
        identity: UUID = model.objects.filter(participant=self.patient).values_list("pk", flat=True)[0]
        return identity

    def value(self, name: str, argument: str) -> Any:
        """What stands for *argument* in the address *name*."""
        special: dict[tuple[str, str], Callable[[], object]] = {
            ("contacts:review", "pk"): lambda: self.access.pk,
            ("tokens:end", "pk"): lambda: self.token.pk,
            ("api:assessment", "visit"): lambda: self.rated.visit and self.rated.visit.code,
            ("safety:alert", "pk"): lambda: self.of_patient(Alert),
            ("safety:acknowledge", "pk"): lambda: self.of_patient(Alert),
            ("safety:close", "pk"): lambda: self.of_patient(Deviation),
            ("safety:attend", "pk"): lambda: self.of_patient(Alert),
            ("safety:correct", "pk"): lambda: self.of_patient(AdverseEvent),
            ("locks:request", "pk"): lambda: self.asked.pk,
            ("locks:allow", "pk"): lambda: self.asked.pk,
            ("locks:refuse", "pk"): lambda: self.asked.pk,
            ("safety:event", "pk"): lambda: self.of_patient(AdverseEvent),
            ("safety:follow_up", "pk"): lambda: self.of_patient(AdverseEvent),
            ("safety:report", "pk"): lambda: (
                AdverseEvent.objects.filter(participant=self.patient, is_serious=True)[0].pk
            ),
            ("safety:shift", "pk"): lambda: OnCallShift.objects.filter(site=self.site)[0].pk,
            ("safety:cancel", "pk"): lambda: OnCallShift.objects.filter(site=self.site)[0].pk,
            ("safety:plan", "code"): lambda: self.site.code,
            ("safety:contact", "code"): lambda: self.site.code,
            ("infusion:correct", "pk"): lambda: self.of_patient(Vitals),
            ("infusion:correct_rate", "pk"): lambda: self.of_patient(RateChange),
            ("users:emergency_review", "pk"): lambda: self.emergency.pk,
            ("users:reset_second_factor", "pk"): lambda: User.objects.get(username="nurse").pk,
            **{("monitoring:" + name, "pk"): lambda: self.query.pk for name in STEPS},
            ("monitoring:review", "site_id"): lambda: self.site.pk,
            ("monitoring:written", "pk"): lambda: self.review.pk,
            ("monitoring:raise", "pk"): lambda: self.rated.pk,
            ("imaging:record", "study_id"): lambda: self.newcomer.study_id,
            ("assessments:set_aside", "study_id"): lambda: self.newcomer.study_id,
            ("assessments:set_aside", "visit_code"): lambda: "screening",
            **{("users:" + page, "pk"): lambda: self.nurse.pk for page in ACCOUNT_PAGES},
            ("users:end_role", "pk"): lambda: self.nurse.role_assignments.filter(site=self.site)[0].pk,
            ("users:confirm_delegation", "pk"): lambda: self.delegation.pk,
            ("users:end_delegation", "pk"): lambda: self.delegation.pk,
            ("assessments:end_rater", "pk"): lambda: self.rater.pk,
            ("users:withdraw_training", "pk"): lambda: self.training.pk,
        }
        general: dict[str, Callable[[], object]] = {
            "study_id": lambda: self.patient.study_id,
            "visit_code": lambda: self.rated.visit and self.rated.visit.code,
            "code": lambda: self.rated.visit and self.rated.visit.code,
            "instrument": lambda: "madrs",
            "timepoint": lambda: self.session.timepoint,
            "slug": lambda: "demographics",
            "kind": lambda: "vitals",
            "medication_id": lambda: self.of_patient(Medication),
            "report_id": lambda: self.report.id,
            "figure": lambda: 1,
            "job_id": lambda: self.report.job_id,
            "label": lambda: "participants.Participant",
            "row_id": lambda: self.patient.pk,
            "version": lambda: "ketamine_96h_v2",
            "table": lambda: "assessments.assessment",
        }
        made = special.get((name, argument)) or general.get(argument)
        return made() if made else _unknown(name, argument)

    def own(self, name: str) -> str:
        """The address with objects of the demo site."""
        arguments = patterns()[name].pattern.converters
        return reverse(name, kwargs={argument: self.value(name, argument) for argument in arguments})

    def missing(self, name: str) -> str:
        """The address with objects that exist nowhere."""
        kwargs = {}
        for argument in patterns()[name].pattern.converters:
            value = self.value(name, argument)
            kwargs[argument] = uuid4() if isinstance(value, UUID) else NOWHERE if argument == "pk" else value
        if "study_id" in kwargs:
            kwargs["study_id"] = MISSING_STUDY_ID
        if name in OF_SITES:
            kwargs["code"] = "NONE"
        return reverse(name, kwargs=kwargs)


def _unknown(name: str, argument: str) -> Any:
    raise AssertionError(f"{name} needs '{argument}': say in tests/trial/addresses.py which row stands for it.")


def has_object(name: str) -> bool:
    """Whether an address names an object."""
    return bool(patterns()[name].pattern.converters)


def people(code: str) -> dict[Role, User]:
    """One person for each role at a site of their own."""
    site = clinic.make_site(code)
    return {role: clinic.make_person(site, role, starts_on=date(2020, 1, 1)) for role in Role}
