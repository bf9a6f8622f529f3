"""Alerts that nobody answers: rows first, sent once, to the next person in turn, whatever dies on the way.

The minutes are those of ketamine_96h_v2 (0, 15, 30 for "urgent"), read from its file; mail goes over a socket.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.trial.participants.people import confirmed
from tests.trial.safety.conftest import Clock
from tests.trial.safety.smtp import Mailbox
from trial.jobs import services as jobs
from trial.jobs.models import Job
from trial.jobs.running import RunningJob
from trial.jobs.tasks import run
from trial.participants.models import Participant
from trial.permissions import Role
from trial.records.services import RecordError
from trial.safety import on_call, services
from trial.safety.models import Alert, AlertNotice, OnCallShift, SafetyContact
from trial.safety.services import notices, roster
from trial.safety.tasks import notify
from trial.users.models import Site, User

MINUTE = timedelta(minutes=1)
Raise = Callable[..., Alert]


@pytest.fixture
def raised(consented: Participant, coordinator: User) -> Raise:
    def enter(**other: Any) -> Alert:
        given: dict[str, Any] = {"kind": "suicidal_thoughts", "level": "urgent", "summary": "Item 10 is 4.", **other}
        return services.raise_alert(coordinator, participant=consented, **given)

    return enter


def work(at: datetime | None = None) -> None:
    """What the clock and the worker do: order what is due, then do every job that waits."""
    notices.order_due(at)
    for job in Job.objects.filter(state=Job.State.QUEUED):
        run(str(job.pk))


def states() -> list[str]:
    return list(AlertNotice.objects.order_by("step").values_list("state", flat=True))


def test_the_steps_are_rows_of_the_same_transaction_and_nothing_is_sent_by_it(raised: Raise, mail: Mailbox) -> None:
    alert = raised()
    rows = list(AlertNotice.objects.order_by("step"))
    assert [row.due_at - alert.entered_at for row in rows] == [0 * MINUTE, 15 * MINUTE, 30 * MINUTE]
    assert states() == ["waiting"] * 3
    assert mail.messages == []
    assert not Job.objects.exists()


def test_the_same_open_alert_is_not_told_twice(raised: Raise, consented: Participant) -> None:
    assert raised(source=consented) == raised(source=consented)
    assert AlertNotice.objects.count() == 3


def test_each_step_goes_to_the_next_person_in_turn(
    raised: Raise, on_duty: OnCallShift, mail: Mailbox, clock: Clock
) -> None:
    alert = raised()
    for minutes in (0, 1, 14, 15, 16, 30, 60, 600):
        at = alert.entered_at + minutes * MINUTE
        clock(at)
        work(at)
    assert mail.receivers == ["paul@example.org", "ida@example.org", "paul@example.org"]
    assert states() == ["delivered"] * 3


def test_a_message_says_nothing_of_the_participant(
    raised: Raise, on_duty: OnCallShift, mail: Mailbox, consented: Participant
) -> None:
    alert = raised()
    work(alert.entered_at)
    text = mail.messages[0].as_string()
    assert consented.study_id not in text
    assert "Item 10" not in text
    assert f"/safety/alerts/{alert.pk}/" in text


def test_somebody_on_it_holds_the_steps_back_but_not_the_last(
    raised: Raise, on_duty: OnCallShift, psychiatrist: User, mail: Mailbox, clock: Clock
) -> None:
    alert = raised()
    services.attend(psychiatrist, alert)
    for minutes in (0, 15, 30):
        clock(alert.entered_at + minutes * MINUTE)
        work(timezone.now())
    assert states() == ["not needed", "not needed", "delivered"]


def test_an_acknowledged_alert_is_told_to_nobody_any_more(
    raised: Raise, on_duty: OnCallShift, psychiatrist: User, mail: Mailbox
) -> None:
    alert = raised()
    services.acknowledge(psychiatrist, alert, action_taken="Spoke by phone.", confirmation=confirmed(psychiatrist))
    work(alert.entered_at + timedelta(hours=2))
    assert states() == ["not needed"] * 3
    assert mail.messages == []


def test_only_one_person_is_on_it_and_the_next_is_told_who(raised: Raise, psychiatrist: User, pi: User) -> None:
    alert = raised()
    first = services.attend(psychiatrist, alert)
    assert services.attend(psychiatrist, alert).reached_at == first.reached_at
    with pytest.raises(RecordError, match="Paul is on it already"):
        services.attend(pi, alert)


def test_a_site_without_mail_reaches_nobody_and_says_why(raised: Raise, on_duty: OnCallShift, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    alert = raised()
    work(alert.entered_at)
    row = AlertNotice.objects.get(step=0)
    assert (row.state, row.sent_at) == ("failed", None)
    assert "sends no e-mail" in row.why
    assert alert.is_unanswered


def test_a_mail_server_that_refuses_is_tried_again_a_minute_later(
    raised: Raise, on_duty: OnCallShift, mail: Mailbox, clock: Clock
) -> None:
    alert = raised()
    mail.is_refusing = True
    clock(alert.entered_at)
    work(alert.entered_at)
    row = AlertNotice.objects.get(step=0)
    assert (row.state, row.tries, row.job) == ("waiting", 1, None)
    assert row.due_at == alert.entered_at + MINUTE
    mail.is_refusing = False
    clock(row.due_at)
    work(row.due_at)
    assert mail.receivers == ["paul@example.org"]
    assert AlertNotice.objects.get(step=0).state == "delivered"


def test_without_a_roster_those_who_may_acknowledge_are_told_the_pi_first(
    raised: Raise, site: Site, pi: User, psychiatrist: User, mail: Mailbox
) -> None:
    assert on_call.chain(site, timezone.now()) == [pi, psychiatrist]
    alert = raised()
    work(alert.entered_at)
    assert mail.receivers == ["ida@example.org"]


def test_a_site_where_nobody_could_be_told_says_so(raised: Raise, mail: Mailbox) -> None:
    alert = raised()
    work(alert.entered_at)
    assert "nobody is on call" in AlertNotice.objects.get(step=0).why


# What dies on the way.


def claimed(alert: Alert) -> RunningJob:
    """The first message's job, taken by a worker."""
    notices.order_due(alert.entered_at)
    job = jobs.claim(Job.objects.get().pk)
    assert job is not None
    return RunningJob(job)


def test_a_message_of_the_broker_that_is_lost_loses_nothing(
    raised: Raise, on_duty: OnCallShift, mail: Mailbox, clock: Clock
) -> None:
    alert = raised()
    notices.order_due(alert.entered_at)  # the broker never tells a worker
    clock(timezone.now() + 2 * jobs.RESEND_AFTER)
    (sent_again,) = jobs.sweep()
    run(str(sent_again))
    assert mail.receivers == ["paul@example.org"]


def test_a_worker_killed_before_it_sends_is_replaced_and_the_message_goes_out_once(
    raised: Raise, on_duty: OnCallShift, mail: Mailbox
) -> None:
    alert = raised()
    dead = claimed(alert)
    Job.objects.update(lease_until=timezone.now() - MINUTE)
    (taken_over,) = jobs.sweep()
    run(str(taken_over))
    assert mail.receivers == ["paul@example.org"]
    with pytest.raises(jobs.ClaimLost):  # the dead one was only asleep: what it writes is rolled back
        notices.send(dead)
    assert AlertNotice.objects.get(step=0).tries == 1


def test_one_message_has_one_identity_however_often_it_is_sent(
    raised: Raise, on_duty: OnCallShift, mail: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise SystemExit  # as SIGKILL between the mail server's answer and the row

    alert = raised()
    first = claimed(alert)
    with monkeypatch.context() as patched:
        patched.setattr(notices, "settle", dies)
        with pytest.raises(SystemExit):
            notices.send(first)
    assert states()[0] == "waiting"
    Job.objects.update(lease_until=timezone.now() - MINUTE)
    (taken_over,) = jobs.sweep()
    run(str(taken_over))
    assert states()[0] == "delivered"
    assert len({str(message["Message-ID"]) for message in mail.messages}) == 1


def test_the_clock_that_comes_twice_orders_once(raised: Raise, on_duty: OnCallShift, mail: Mailbox) -> None:
    raised()
    notify()
    notify()
    assert Job.objects.filter(kind=notices.KIND).count() == 1


def test_a_job_given_up_settles_its_message_as_failed(raised: Raise, on_duty: OnCallShift) -> None:
    alert = raised()
    notices.order_due(alert.entered_at)
    Job.objects.update(state=Job.State.FAILED, error="the worker died")
    notices.order_due(alert.entered_at)
    assert AlertNotice.objects.get(step=0).why == "given up: the worker died"


# What the screen says.


def test_the_screen_names_whom_to_phone_then_the_back_up(raised: Raise, on_duty: OnCallShift) -> None:
    (found,) = on_call.unreached([raised()], timezone.now())
    assert [(one.name, one.phone) for one in found.contacts] == [
        ("Paul", "+1 314 555 0101"),
        ("Ida", "+1 314 555 0102"),
    ]
    assert not found.is_empty


def test_an_empty_roster_gives_the_emergency_number_of_the_site(raised: Raise, site: Site, pi: User) -> None:
    alert = raised()
    assert on_call.unreached([alert], timezone.now())[0].contacts == ()
    roster.set_contact(pi, site, phone="314 555 0199", answers="Night desk")
    (found,) = on_call.unreached([alert], timezone.now())
    assert found.is_empty
    assert found.contacts[0].phone == "314 555 0199"
    assert SafetyContact.objects.count() == 1


def test_whom_to_phone_costs_three_queries_for_any_number_of_alerts(
    raised: Raise, on_duty: OnCallShift, django_assert_num_queries: Any
) -> None:
    alerts = [raised(summary=f"Alert {n}.") for n in range(20)]
    with django_assert_num_queries(3):
        assert len(on_call.unreached(alerts, timezone.now())) == 20


def test_raising_an_alert_needs_no_signature_no_mail_server_and_no_worker(raised: Raise, settings: Any) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend",
        "127.0.0.1",
        9,
    )
    assert raised().pk is not None


def test_a_coordinator_may_plan_the_roster_and_a_nurse_may_not() -> None:
    from trial.permissions import ACTIONS

    assert Role.COORDINATOR in ACTIONS["safety.roster"]
    assert Role.NURSE not in ACTIONS["safety.roster"]
