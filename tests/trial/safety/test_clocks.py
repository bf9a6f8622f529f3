"""The clocks of a serious event, against 21 CFR 312.32(c) (7 and 15 days) and the protocol's 24 h with its alarms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.trial.participants.people import CONSENTED
from tests.trial.safety.conftest import Clock
from tests.trial.safety.smtp import Mailbox
from trial import protocol
from trial.jobs.models import Job
from trial.jobs.tasks import run
from trial.participants.models import Participant
from trial.safety import services
from trial.safety.models import AdverseEvent, AlertNotice, SeriousEventReport
from trial.safety.rules.clocks import SeriousFacts, clocks
from trial.safety.tasks import notify
from trial.safety.timeline import clocks_of, timeline_of
from trial.users.delegation.services import end as end_delegation
from trial.users.models import User

PLAN = protocol.for_version("ketamine_96h_v1").safety.serious_events
AWARE = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
REPORT = AlertNotice.Purpose.REPORT


def facts(**other: Any) -> SeriousFacts:
    given: dict[str, Any] = {
        "aware_at": AWARE,
        "is_fatal_or_life_threatening": False,
        "expectedness": "unexpected",
        "drug_causality": ("possible", "unrelated"),
        "reported_at": None,
        "authority_at": None,
    }
    return SeriousFacts(**{**given, **other})


def dues(**other: Any) -> list[timedelta]:
    return [clock.due_at - AWARE for clock in clocks(facts(**other), PLAN)]


def test_every_serious_event_is_reported_within_24_hours() -> None:
    assert dues(expectedness="expected") == [timedelta(hours=24)]
    assert dues(drug_causality=("unlikely", "unrelated")) == [timedelta(hours=24)]


def test_an_unexpected_suspected_one_also_goes_to_the_authority_in_15_days_and_a_fatal_one_in_7() -> None:
    assert dues() == [timedelta(hours=24), timedelta(days=15)]
    assert dues(is_fatal_or_life_threatening=True) == [timedelta(hours=24), timedelta(days=7)]


def test_what_nobody_judged_yet_counts_as_unexpected_and_suspected() -> None:
    assert len(dues(expectedness="", drug_causality=("not judged", "unrelated"))) == 2


def test_a_clock_is_overdue_after_its_time_and_late_when_done_after_it() -> None:
    (open_clock,) = clocks(facts(expectedness="expected"), PLAN)
    assert not open_clock.is_overdue(AWARE + timedelta(hours=24))
    assert open_clock.is_overdue(AWARE + timedelta(hours=24, seconds=1))
    (late,) = clocks(facts(expectedness="expected", reported_at=AWARE + timedelta(hours=25)), PLAN)
    assert late.is_late
    assert not late.is_overdue(AWARE + timedelta(days=9))


@pytest.fixture
def serious(consented: Participant, coordinator: User) -> AdverseEvent:
    return services.record_adverse_event(
        coordinator,
        participant=consented,
        occurred_at=CONSENTED,
        aware_at=AWARE,
        term="syncope",
        grade=3,
        is_hospitalisation=True,
        ketamine_causality="possible",
        clonidine_causality="possible",
        procedure_causality="unrelated",
    )


def reminders() -> list[AlertNotice]:
    return list(AlertNotice.objects.filter(purpose=REPORT).order_by("step"))


def test_reminders_are_rows_at_the_protocols_alarms_before_anything_is_sent(
    clock: Clock, consented: Participant, coordinator: User, request: pytest.FixtureRequest
) -> None:
    clock(AWARE + timedelta(minutes=5))
    request.getfixturevalue("serious")
    assert [row.due_at - AWARE for row in reminders()] == [timedelta(hours=h) for h in (4, 12, 20, 24)]
    assert {row.state for row in reminders()} == {"waiting"}


def test_an_event_entered_late_is_reminded_of_once_not_four_times(
    clock: Clock, consented: Participant, coordinator: User, request: pytest.FixtureRequest
) -> None:
    clock(AWARE + timedelta(hours=13))
    request.getfixturevalue("serious")
    assert [row.state for row in reminders()] == ["not needed", "waiting", "waiting", "waiting"]


def test_reminders_follow_a_corrected_time_of_awareness(
    clock: Clock, consented: Participant, coordinator: User, request: pytest.FixtureRequest
) -> None:
    clock(AWARE + timedelta(minutes=5))
    event = request.getfixturevalue("serious")
    earlier = AWARE - timedelta(minutes=30)
    services.correct_adverse_event(coordinator, event, version=1, reason="the call came earlier", aware_at=earlier)
    assert [row.due_at - earlier for row in reminders()] == [timedelta(hours=h) for h in (4, 12, 20, 24)]


# That a reminder is sent, to whom, and when it stops.

WAITS = "Site K: a serious adverse event waits to be reported"


@dataclass
class Reminded:
    """A serious event known at AWARE, somebody on call, and a clock that is set on to hours after it."""

    event: AdverseEvent
    clock: Clock
    mail: Mailbox

    def at(self, hours: float) -> list[str]:
        """Who was reminded until then: what the site's clock and the worker do at that hour."""
        self.clock(AWARE + timedelta(hours=hours))
        notify()
        for job in Job.objects.filter(state=Job.State.QUEUED):
            run(str(job.pk))
        return [str(message["To"]) for message in self.mail.messages if message["Subject"] == WAITS]


@pytest.fixture
def reminded(
    clock: Clock, mail: Mailbox, consented: Participant, coordinator: User, request: pytest.FixtureRequest
) -> Reminded:
    clock(AWARE + timedelta(minutes=5))
    request.getfixturevalue("on_duty")
    return Reminded(request.getfixturevalue("serious"), clock, mail)


def test_each_reminder_goes_to_whoever_is_on_call_as_long_as_nothing_is_reported(reminded: Reminded) -> None:
    assert reminded.at(3.9) == []
    for number, hours in enumerate((4, 12, 20, 24), start=1):
        assert reminded.at(hours) == ["paul@example.org"] * number
        assert reminded.at(hours + 0.5) == ["paul@example.org"] * number, "once"
        text = reminded.mail.messages[-1].get_payload()
        assert f"known of it for {hours} hours, and no report is recorded" in str(text)
    assert {row.state for row in reminders()} == {"delivered"}
    assert reminded.at(48) == ["paul@example.org"] * 4


def test_a_reminder_says_nothing_of_the_participant_or_the_event(reminded: Reminded) -> None:
    reminded.at(4)
    text = reminded.mail.messages[-1].as_string()
    assert reminded.event.participant.study_id not in text
    assert "syncope" not in text


def test_a_reminder_goes_to_the_next_when_the_delegation_of_whoever_is_on_call_has_ended(
    reminded: Reminded, psychiatrist: User, pi: User
) -> None:
    end_delegation(pi, psychiatrist.delegations.get(), reason="on leave")
    assert reminded.at(4) == ["ida@example.org"]


def test_reminders_end_once_a_report_is_recorded(reminded: Reminded, coordinator: User) -> None:
    assert len(reminded.at(4)) == 1
    services.report_serious_event(
        coordinator, reminded.event, occurred_at=AWARE + timedelta(hours=4), recipient="sponsor", means="portal"
    )
    for hours in (12, 20, 24):
        assert len(reminded.at(hours)) == 1
    states = [(row.state, row.why) for row in reminders()]
    assert states == [("delivered", ""), *[("not needed", "it is reported")] * 3]


def test_reminders_end_once_the_event_is_no_longer_serious(reminded: Reminded, coordinator: User) -> None:
    assert len(reminded.at(4)) == 1
    services.correct_adverse_event(
        coordinator, reminded.event, version=1, reason="it was the planned stay", is_hospitalisation=False,
        is_serious=False,
    )  # fmt: skip
    for hours in (12, 20, 24):
        assert len(reminded.at(hours)) == 1
    states = [(row.state, row.why) for row in reminders()]
    gone = ("not needed", "the event is no longer recorded as serious")
    assert states == [("delivered", ""), *[gone] * 3]


def test_a_report_stops_the_first_clock_and_one_to_the_authority_the_other(
    serious: AdverseEvent, coordinator: User
) -> None:
    def report(recipient: str, hours: int) -> None:
        services.report_serious_event(
            coordinator, serious, occurred_at=AWARE + timedelta(hours=hours), recipient=recipient, means="portal"
        )

    def done() -> list[datetime | None]:
        return [clock.done_at for clock in clocks_of(serious, list(SeriousEventReport.objects.all()))]

    assert done() == [None, None]
    report("sponsor", 2)
    assert done() == [AWARE + timedelta(hours=2), None]
    report("authority", 50)
    assert done() == [AWARE + timedelta(hours=2), AWARE + timedelta(hours=50)]


def test_today_counts_and_lists_the_serious_events_that_are_still_to_be_reported(
    clock: Clock,
    client: Client,
    consented: Participant,
    coordinator: User,
    request: pytest.FixtureRequest,
) -> None:
    def today() -> str:
        client.force_login(coordinator)
        return " ".join(client.get(reverse("safety:open")).content.decode().split())

    def listed() -> bool:
        return "syncope" in client.get(reverse("safety:board"), {"unreported": "1"}).content.decode()

    clock(AWARE + timedelta(hours=23))
    event: AdverseEvent = request.getfixturevalue("serious")

    def report(recipient: str) -> None:
        at = AWARE + timedelta(hours=26)
        services.report_serious_event(coordinator, event, recipient=recipient, occurred_at=at, means="portal")

    assert "1 serious event to report" in today()
    assert "First report, within 24 h: due 2026-03-03 10:00" in today()
    assert "overdue" not in today()
    clock(AWARE + timedelta(hours=27))
    assert "overdue" in today()
    assert "was due 2026-03-03 10:00" in today()
    report("sponsor")
    assert "Expedited report to the authority" in today()
    assert listed()
    report("authority")
    assert "to report" not in today()
    assert not listed()


def test_the_timeline_runs_from_onset_to_report_and_marks_what_is_overdue(serious: AdverseEvent) -> None:
    now = AWARE + timedelta(days=2)
    found = timeline_of(serious, [], clocks_of(serious, []), now)
    told = {moment.label.split(",")[0]: moment.state for moment in found}
    assert told["First report"] == "overdue"
    assert told["Expedited report to the authority"] == "due"
    assert [moment.label for moment in found][:2] == ["Began", "Trial staff knew"]
    assert [moment.at for moment in found] == sorted(moment.at for moment in found)
