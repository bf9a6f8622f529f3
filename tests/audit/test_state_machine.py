"""G7: whatever is entered, corrected, queried, signed, locked and unlocked, the trail rebuilds every current value."""

from __future__ import annotations

import os
import uuid
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from assessments.models import Assessment
from assessments.services import correct_assessment
from tests.assessments.ratings import rate, scores_of
from tests.audit.replaying import Replay, differences
from tests.trial.audit import outsiders
from tests.trial.participants.people import CONSENTED, consent, enrol
from tests.trial.signatures import clinic as clinics
from tests.trial.signatures.clinic import PASSWORD, Clinic
from trial.audit.triggers import install
from trial.audit.verification import verify
from trial.locks import queries as lock_queries
from trial.locks import services as locks
from trial.locks.preview import preview_of
from trial.locks.refusals import RecordLocked
from trial.locks.services import LockRefused
from trial.monitoring import services as monitoring
from trial.monitoring.models import DataQuery
from trial.monitoring.queries import open_about
from trial.participants.queries import get_visit
from trial.permissions import Role
from trial.signatures.models import Signature
from trial.signatures.queries import standing
from trial.signatures.services import Confirmation, SignatureRefused, confirm
from trial.users.models import User

pytestmark = [pytest.mark.usefixtures("cloned_orm"), pytest.mark.timeout(1200)]
INSTRUMENTS = ("madrs", "cgi_s", "bprs")
VALUES = (1, 2, 3)
FAST = {"max_examples": int(os.environ.get("STATE_EXAMPLES", "10")), "stateful_step_count": 15}
LARGE = {"max_examples": 100, "stateful_step_count": 40}


def scores(code: str, value: int) -> dict[str, int]:
    """Every item at one value, without a thought of suicide, which would raise an alert at each rating."""
    return scores_of(code, value, suicidal_thoughts=0) if code == "madrs" else scores_of(code, value)


class OneParticipant(RuleBasedStateMachine):
    """A participant's screening visit in the hands of everybody, by the real services, with commits.

    The model: which ratings there are with which value, which signatures stand, and whether the visit is locked.
    """

    clinic: Clinic

    @initialize()
    def enrolled(self) -> None:
        coordinator = self.clinic.people[Role.COORDINATOR]
        self.participant = consent(coordinator, enrol(coordinator, self.clinic.site), CONSENTED)
        self.ratings: dict[str, tuple[uuid.UUID, int]] = {}
        self.signed: dict[uuid.UUID, tuple[str, bool]] = {}
        self.is_locked = False
        self.replay = Replay()
        self.replay.go_on()

    def person(self, role: Role) -> User:
        return self.clinic.people[role]

    @property
    def visit(self) -> Any:
        return get_visit(self.participant, "screening")

    def rating(self, code: str) -> Assessment:
        return Assessment.objects.get(pk=self.ratings[code][0])

    def confirmed(self, role: Role) -> Confirmation:
        person = self.person(role)
        return confirm(person, password=PASSWORD, username=person.username)

    def end_signatures(self, *subjects: str) -> None:
        """The signatures on the visit, and on the ratings named, have ended."""
        ended = {"visit", *subjects}
        self.signed = {pk: (about, stands and about not in ended) for pk, (about, stands) in self.signed.items()}

    @rule(code=st.sampled_from(INSTRUMENTS), value=st.sampled_from(VALUES))
    def enter(self, code: str, value: int) -> None:
        """Rate an instrument that the visit does not have yet."""
        if code in self.ratings:
            return
        rater = self.person(Role.PSYCHIATRIST)
        if self.is_locked:
            with pytest.raises(RecordLocked):
                rate(rater, self.participant, scores(code, value), code=code)
            return
        self.ratings[code] = (rate(rater, self.participant, scores(code, value), code=code).pk, value)
        self.end_signatures()

    @precondition(lambda self: self.ratings)
    @rule(data=st.data(), value=st.sampled_from(VALUES))
    def correct(self, data: st.DataObject, value: int) -> None:
        """Correct every item of a rating to another value."""
        code = data.draw(st.sampled_from(sorted(self.ratings)))
        row, psychiatrist = self.rating(code), self.person(Role.PSYCHIATRIST)
        if self.ratings[code][1] == value:
            return
        given: dict[str, Any] = {"mode": row.mode, "rater": row.rater, "occurred_at": row.occurred_at}
        given |= {"version": row.version, "reason": "read again", "scores": scores(code, value)}
        if self.is_locked:
            with pytest.raises(RecordLocked):
                correct_assessment(psychiatrist, row, **given)
            return
        correct_assessment(psychiatrist, row, **given)
        self.ratings[code] = (row.pk, value)
        self.end_signatures(code)

    @precondition(lambda self: self.ratings)
    @rule(data=st.data())
    def ask(self, data: st.DataObject) -> None:
        """Raise a query about a rating, locked or not."""
        code = data.draw(st.sampled_from(sorted(self.ratings)))
        monitoring.raise_query(self.person(Role.MONITOR), subject=self.rating(code), question="Is this the paper's?")

    def standing_queries(self, state: str) -> list[DataQuery]:
        return list(DataQuery.objects.filter(participant=self.participant, state=state).order_by("entered_at", "pk"))

    @precondition(lambda self: self.standing_queries("open"))
    @rule()
    def answer(self) -> None:
        """Answer the oldest open query."""
        query = self.standing_queries("open")[0]
        monitoring.answer(self.person(Role.COORDINATOR), query, version=query.version, words="It is.")

    @precondition(lambda self: self.standing_queries("answered"))
    @rule()
    def close(self) -> None:
        """Close the oldest answered query."""
        query = self.standing_queries("answered")[0]
        monitoring.close(self.person(Role.MONITOR), query, version=query.version, reason="seen on paper")

    @precondition(lambda self: self.ratings)
    @rule(data=st.data(), meaning=st.sampled_from(["reviewed", "approved"]))
    def sign(self, data: st.DataObject, meaning: str) -> None:
        """The PI signs the visit or a rating: open queries stand against an approval and against nothing else."""
        about = data.draw(st.sampled_from(["visit", *sorted(self.ratings)]))
        subject = self.visit if about == "visit" else self.rating(about)
        mine = Signature.objects.filter(
            pk__in=[pk for pk, (of, stands) in self.signed.items() if stands and of == about]
        )
        is_asked = bool(open_about(subject._meta.label_lower, str(subject.pk)))
        if (meaning == "approved" and is_asked) or mine.filter(meaning=meaning).exists():
            with pytest.raises(SignatureRefused, match=r"must be closed before|signed this already"):
                clinics.sign(self.person(Role.PI), subject, meaning)
            return
        self.signed[clinics.sign(self.person(Role.PI), subject, meaning).pk] = (about, True)

    @precondition(lambda self: not self.is_locked)
    @rule()
    def lock(self) -> None:
        """Lock the visit, unless something stands against it."""
        state = lock_queries.get_state("visit", self.visit.pk)
        if preview_of(state).hindrances:
            with pytest.raises(LockRefused):
                locks.lock_visit(self.person(Role.DATA_MANAGER), self.visit, reason="all verified")
            return
        locks.lock_visit(self.person(Role.DATA_MANAGER), self.visit, reason="all verified")
        self.is_locked = True

    @precondition(lambda self: self.is_locked)
    @rule()
    def unlock(self) -> None:
        """One person asks, another opens; who asked cannot."""
        state, manager = lock_queries.get_state("visit", self.visit.pk), self.person(Role.DATA_MANAGER)
        given: dict[str, Any] = {"site": self.clinic.site}
        asked = locks.request_unlock(
            manager, state, reason="a page was found", confirmation=self.confirmed(Role.DATA_MANAGER), **given
        )
        with pytest.raises(LockRefused):
            locks.allow_unlock(manager, asked, confirmation=self.confirmed(Role.DATA_MANAGER), **given)
        locks.allow_unlock(self.person(Role.PI), asked, confirmation=self.confirmed(Role.PI), **given)
        self.is_locked = False

    @invariant()
    def the_trail_rebuilds_every_value(self) -> None:
        rows = self.replay.go_on()
        assert differences(rows, self.replay.touched) == []

    @invariant()
    def what_is_recorded_is_what_was_said(self) -> None:
        for code, (_, value) in self.ratings.items():
            assert self.rating(code).scores == scores(code, value)
        assert lock_queries.get_state("visit", self.visit.pk).is_locked == self.is_locked

    @invariant()
    def a_signature_stands_until_its_content_changes(self) -> None:
        found = Signature.objects.filter(pk__in=self.signed).select_related("site", "signer")
        assert {one.pk: standing(one).is_valid for one in found} == {pk: ok for pk, (_, ok) in self.signed.items()}

    def teardown(self) -> None:
        assert differences(Replay().go_on()) == []
        report = verify()
        assert report.ok, report.findings


@pytest.fixture
def clinic(cloned_orm: str) -> Clinic:
    """A clinic with a person of every role."""
    return clinics.make_clinic()


def run(clinic: Clinic, **profile: Any) -> None:
    machine = type("OneParticipantOfTheClinic", (OneParticipant,), {"clinic": clinic})
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    run_state_machine_as_test(machine, settings=settings(deadline=None, suppress_health_check=checks, **profile))


def test_the_trail_rebuilds_what_a_few_people_did(clinic: Clinic) -> None:
    run(clinic, **FAST)


@pytest.mark.slow
@pytest.mark.endurance
@pytest.mark.timeout(3600)
def test_the_trail_rebuilds_what_many_people_did(clinic: Clinic) -> None:
    run(clinic, **LARGE)


def test_an_update_around_the_trail_makes_the_replay_differ(clinic: Clinic, cloned_orm: str) -> None:
    """The control: without its trigger a table is not what the trail makes of it, and the row is named."""
    replay = Replay()
    assert differences(replay.go_on()) == []
    connection.close()
    with outsiders.outsider(cloned_orm) as raw:
        outsiders.defenceless(raw, "users_site")
        raw.execute("UPDATE users_site SET name = 'Quietly'")
    changed = differences(replay.go_on())
    assert {table for table, _ in changed} == {"users_site"}
    install(connection)
    assert differences(Replay().go_on()) == changed
