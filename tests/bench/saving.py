"""Saving the MADRS of a visit through the site's own form, and the same ten items through a bare one."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assessments.instruments import instrument
from assessments.queries import due_instruments
from tests.bench import bare
from trial.participants import services as participants
from trial.participants.models import Visit
from trial.users.models import Site, User

SCALE = "madrs"


class Saver:
    """A nurse at the demo site with patients whose visits are still to be rated."""

    def __init__(self, patients: int) -> None:
        self.nurse = User.objects.get(username="nurse")
        self.client = Client(HTTP_HOST="localhost")
        self.client.force_login(self.nurse)
        self.items = list(instrument(SCALE).items)
        self.open_visits = iter(list(self.visits_of_newcomers(patients)))
        self.clock: Callable[[], float] = time.perf_counter

    def visits_of_newcomers(self, count: int) -> Iterator[Visit]:
        """The visits at which MADRS is due, of patients enrolled for this run."""
        coordinator = User.objects.get(username="coordinator")
        site = Site.objects.get(code="STL")
        signed = timezone.now() - timedelta(days=1)
        for _ in range(count):
            patient = participants.enrol(
                coordinator, site=site, cohort="patient", referral="clinician", enrolled_on=signed.date()
            )
            participants.sign_consent(coordinator, patient, occurred_at=signed, form_version="1.0")
            for visit in patient.visits.all():
                if SCALE in due_instruments(visit):
                    visit.participant = patient
                    yield visit

    def save(self) -> float:
        """Save one MADRS at the next visit; the seconds from sending to the answer."""
        visit = next(self.open_visits)
        # Item 10 at 0 raises no alert: the save that happens most often.
        scores = {f"item_{name}": "0" if name == "suicidal_thoughts" else "2" for name in self.items}
        data = {**self.frame(), "key": str(uuid.uuid4()), **scores}
        address = f"/assessments/{visit.participant.study_id}/{visit.code}/{SCALE}/"
        return self.send(address, data)

    def save_bare(self) -> float:
        """Save ten items through the bare form; the seconds from sending to the answer."""
        with override_settings(ROOT_URLCONF="tests.bench.bare"):
            return self.send("/bare/", {**self.frame(), **dict.fromkeys(bare.ITEMS, "2")})

    def frame(self) -> dict[str, str]:
        """When, how and by whom, in the site's time."""
        at = timezone.localtime(timezone=self.nurse.roles_in_force[0].site.zone)
        return {"occurred_at": f"{at:%Y-%m-%dT%H:%M}", "mode": "in_person", "rater": str(self.nurse.pk)}

    def send(self, address: str, data: dict[str, str]) -> float:
        """Send a form and time it; an answer other than a redirect stops the run."""
        start = self.clock()
        answer = self.client.post(address, data)
        seconds = self.clock() - start
        assert answer.status_code == 302, (address, answer.status_code, answer.content[:2000])
        return seconds

    def queries(self) -> tuple[int, int]:
        """How many queries one save takes, ours and the bare one; transaction control is not counted."""
        with CaptureQueriesContext(connection) as ours:
            self.save()
        with CaptureQueriesContext(connection) as plain:
            self.save_bare()
        return reads_and_writes(ours), reads_and_writes(plain)


def reads_and_writes(captured: CaptureQueriesContext) -> int:
    """The captured statements but BEGIN, COMMIT and savepoints."""
    control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return sum(not query["sql"].startswith(control) for query in captured.captured_queries)
