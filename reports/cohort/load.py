"""Load the demo: every row goes in through the services that people use, each participant in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from reports.cohort import contact_story, imaging_story, infusion_story, present, ratings_story, screening_story
from reports.cohort.accounts import demo_accounts, demo_site, on_call, practice_ward, work_at
from reports.cohort.scene import DEMO, Scene, key_of
from reports.cohort.synthesis import Patient, Scan, patients, pressure_changes, scans
from trial.participants import services
from trial.participants.models import Cohort, Participant
from trial.users.models import Site, User

FIRST_MONDAY = date(2014, 2, 17)
WEEKS_APART = 5
CONTROLS, SCANNED_TWICE = 27, 7
Report = Callable[[str], None]


def load(say: Report) -> int:
    """Load who is not there yet and return how many that were; *say* is told of each. Safe to run again."""
    site = demo_site()
    people = demo_accounts(site)
    cohort = patients()
    found, changes = scans(cohort), pressure_changes(sum(patient.completed for patient in cohort))
    gaps = imaging_story.pre_gaps([patient.label for patient in cohort if patient.started])
    loaded = 0
    for place, patient in enumerate(cohort):
        if is_loaded(people, patient.label):
            continue
        with transaction.atomic():
            scene = begin(patient, site, people, FIRST_MONDAY + timedelta(weeks=WEEKS_APART * place))
            tell(scene, found.get(patient.label), gaps.get(patient.label), change_of(cohort, changes, patient))
        loaded += 1
        say(f"{scene.participant.study_id} loaded ({place + 1} of {len(cohort)} patients)")
    return loaded + load_controls(site, people, say) + load_ward(people, say)


def is_loaded(people: dict[str, User], label: str) -> bool:
    """Say whether this part of the cohort was loaded before."""
    return Participant.objects.filter(entered_by=people["coordinator"], key=key_of(label)).exists()


def begin(
    patient: Patient, site: Site, people: dict[str, User], monday: date, *, cohort: str = Cohort.PATIENT
) -> Scene:
    """First contact."""
    participant = services.enrol(
        people["coordinator"], site=site, cohort=cohort, referral="clinician", key=key_of(patient.label), origin=DEMO,
        enrolled_on=monday - timedelta(days=30),
    )  # fmt: skip
    participant.site = site
    return Scene(patient, participant, site, people, monday)


def change_of(cohort: list[Patient], changes: list[tuple[int, int]], patient: Patient) -> tuple[int, int]:
    """Return this patient's invented change of blood pressure."""
    completed = [one.label for one in cohort if one.completed]
    return changes[completed.index(patient.label)] if patient.completed else (0, 0)


def tell(scene: Scene, scan: Scan | None, gap: int | None, change: tuple[int, int]) -> None:
    """One patient's way through the trial, in the order of time."""
    screening_story.consent(scene)
    if not scene.patient.started:
        screening_story.turn_away(scene)
        return
    screening_story.screen(scene)
    imaging_story.before(scene, scan, gap)
    infusion_story.clonidine(scene)
    screening_story.baseline(scene)
    infusion = infusion_story.infuse(scene)
    infusion_story.vital_signs(scene, change)
    infusion_story.side_effects(scene)
    infusion_story.serum(scene, infusion)
    ratings_story.infusion_days(scene)
    ratings_story.follow_up(scene)
    imaging_story.after(scene, scan)


def load_controls(site: Site, people: dict[str, User], say: Report) -> int:
    """The healthy controls: consent, demographics and one or two scans."""
    models = [patient for patient in patients() if patient.started]
    loaded = 0
    for place in range(CONTROLS):
        label = f"C{place + 1:02d}"
        if is_loaded(people, label):
            continue
        twin = models[place % len(models)]
        control = Patient(**{**vars(twin), "label": label, "age": (twin.age or 40) + place % 3 - 1})
        with transaction.atomic():
            scene = begin(control, site, people, FIRST_MONDAY + timedelta(weeks=3 * place), cohort=Cohort.CONTROL)
            screening_story.consent(scene)
            screening_story.enter(scene, "demographics", **screening_story.forms(scene)["demographics"])
            imaging_story.session(scene, "pre1", -20)
            if place < SCANNED_TWICE:
                imaging_story.session(scene, "pre2", 7)
            ratings_story.finish(scene, on_day=14)
        loaded += 1
        say(f"{scene.participant.study_id} loaded (control {place + 1} of {CONTROLS})")
    return loaded


def load_ward(people: dict[str, User], say: Report) -> int:
    """The practice ward's patients, as they stand on the day of the first load."""
    ward = practice_ward()
    work_at(ward, people)
    on_call(ward, people)
    models = {patient.label: patient for patient in patients()}
    loaded = 0
    for label, stage in present.STAGES.items():
        if is_loaded(people, label):
            continue
        twin = Patient(**{**vars(models[stage.like]), "label": label})
        today = timezone.now().astimezone(ward.zone).date()
        with transaction.atomic():
            scene = begin(twin, ward, people, today + timedelta(days=stage.begins_in_days))
            scene.until = timezone.now()
            contact_story.contact(scene)
            stage.tell(scene)
        loaded += 1
        say(f"{scene.participant.study_id} loaded ({stage.words})")
    return loaded
