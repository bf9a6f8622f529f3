"""Exceptional access is told by mail to who reviews it and to nobody else, without its reason or the participant."""

from __future__ import annotations

import pytest
from django.utils import timezone

from tests.trial.participants.people import make_user
from tests.trial.safety.roster_people import with_address
from tests.trial.safety.smtp import Mailbox
from trial.contacts.services import break_glass
from trial.jobs import services as jobs
from trial.jobs.models import Job
from trial.jobs.registry import KINDS
from trial.jobs.tasks import run
from trial.participants.models import Participant
from trial.safety.services import accesses
from trial.safety.tasks import send_access
from trial.users.emergency.queries import usable_code
from trial.users.emergency.services import make_codes, use_up
from trial.users.models import Site, User

WHY = "Daughter phoned, quokka not reachable"


def work() -> list[str]:
    """What the worker does; the states of the jobs then."""
    assert KINDS[accesses.KIND] is send_access
    for job in Job.objects.filter(state=Job.State.QUEUED):
        run(str(job.pk))
    return list(Job.objects.values_list("state", flat=True))


def emergency(site: Site, person: User) -> None:
    [code] = make_codes("system:tests", site, count=1)
    sealed = usable_code(code)
    assert sealed
    assert use_up(person, sealed, WHY)


@pytest.mark.django_db
def test_an_emergency_sign_in_is_told_to_every_reviewer_but_who_used_it(
    site: Site, pi: User, coordinator: User, mail: Mailbox
) -> None:
    dora = with_address(make_user("dora", site, "data_manager"))
    with_address(make_user("carl", site, "coordinator"))
    emergency(site, coordinator)
    assert mail.messages == [], "nothing is sent inside the sign-in"
    assert work() == ["done", "done"]
    assert sorted(mail.receivers) == sorted([pi.email, dora.email])
    message = mail.messages[0]
    assert "signed in with a code of the sealed envelope" in str(message["Subject"])
    assert "/emergency-access/" in message.get_payload()
    assert "quokka" not in message.as_string()

    mail.messages.clear()
    emergency(site, pi)
    work()
    assert mail.receivers == [dora.email]


@pytest.mark.django_db
def test_break_glass_is_told_to_pi_and_data_manager_without_the_participant(
    site: Site, pi: User, consented: Participant, mail: Mailbox
) -> None:
    monitor = make_user("mona", site, "monitor")
    break_glass(monitor, consented, reason=WHY)
    assert work() == ["done"]
    assert mail.receivers == [pi.email]
    text = mail.messages[0].as_string()
    assert "opened contact details by break-glass" in text.replace("\n ", " ")
    assert consented.study_id not in text
    assert "quokka" not in text


@pytest.mark.django_db
def test_a_mail_server_that_refuses_is_tried_again_when_the_sweep_comes_by(
    site: Site, pi: User, coordinator: User, mail: Mailbox
) -> None:
    mail.is_refusing = True
    emergency(site, coordinator)
    assert sorted(work()) == ["done", "queued"]
    mail.is_refusing = False
    assert jobs.sweep() == [], "not at once"
    Job.objects.filter(state="queued").update(sent_at=timezone.now() - 2 * jobs.RESEND_AFTER)
    assert len(jobs.sweep()) == 1
    assert work() == ["done", "done"]
    assert mail.receivers == [pi.email]


@pytest.mark.django_db
def test_a_mail_is_tried_no_more_than_ten_times(site: Site, pi: User, coordinator: User, mail: Mailbox) -> None:
    mail.is_refusing = True
    emergency(site, coordinator)
    for _ in range(12):
        work()
    assert work() == ["done"] * 10


@pytest.mark.django_db
def test_whom_no_mail_reaches_is_logged_and_the_job_is_done(
    site: Site, pi: User, coordinator: User, caplog: pytest.LogCaptureFixture
) -> None:
    emergency(site, coordinator)
    assert work() == ["done"]
    assert "ida was not told of an exceptional access" in caplog.text
