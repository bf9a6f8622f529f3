"""Messages about alerts: ordered as jobs when due, judged once more when sent, settled once.

A message is a row first. The clock's task orders a job for each row that is due; a job whose worker dies is done
again by another. Killed between the mail server's answer and the row, it goes out again under the same Message-ID.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from trial.audit.context import audited
from trial.jobs.models import Job
from trial.jobs.running import RunningJob
from trial.jobs.services import enqueue
from trial.safety.channels import CHANNEL, Delivery
from trial.safety.models import AdverseEvent, AlertNotice, SeriousEventReport
from trial.safety.on_call import chain
from trial.users.models import User

ACTOR = "system:safety.notify"
KIND = "safety.notice"
TRY_AGAIN_AFTER = timedelta(minutes=1)
MOST_TRIES = 10
State, Purpose = AlertNotice.State, AlertNotice.Purpose


def order_due(now: datetime | None = None) -> int:
    """Order a job for every message that is due and has none; a job given up settles its message. Returns how many."""
    now = now or timezone.now()
    waiting = AlertNotice.objects.filter(state=State.WAITING)
    due = waiting.filter(Q(job=None, due_at__lte=now) | Q(job__state=Job.State.FAILED))
    if not due.exists():
        return 0
    with audited(ACTOR, "message due"):
        rows = list(due.select_for_update(of=("self",)).select_related("job"))
        for notice in rows:
            if notice.job is not None:
                notice.state, notice.why = State.FAILED, f"given up: {notice.job.error}"[:200]
            else:
                notice.job = enqueue(None, KIND, {"notice": str(notice.pk)}, label="Message about an alert")
            notice.save(update_fields=["job", "state", "why"])
    return len(rows)


def send(job: RunningJob) -> None:
    """Send one message, or find that it is no longer needed; the row and the end of the job are one transaction."""
    notice = AlertNotice.objects.select_related("alert__participant__site").get(pk=UUID(job.payload["notice"]))
    if notice.state != State.WAITING:
        with job.publishing():
            return
    person, now = receiver(notice), timezone.now()
    if words := why_not_needed(notice):
        state, delivery = State.NOT_NEEDED, Delivery(False, words)
    elif person is None:
        state, delivery = State.FAILED, Delivery(False, "nobody is on call, and no account may acknowledge it")
    else:
        delivery = CHANNEL.send(person, subject_of(notice), body_of(notice), key=str(notice.pk))
        state = State.DELIVERED if delivery.is_handed_over else State.FAILED
    with job.publishing(), audited(ACTOR, "message about an alert"):
        settle(AlertNotice.objects.select_for_update().get(pk=notice.pk), state, delivery, person, now)


def settle(notice: AlertNotice, state: str, delivery: Delivery, person: User | None, now: datetime) -> None:
    """Write what became of a message; one that a later try may bring through waits for that."""
    notice.why = delivery.why[:200]
    if state != State.NOT_NEEDED:
        notice.person, notice.channel, notice.tries = person, CHANNEL.name, notice.tries + 1
    if delivery.may_be_tried_again and notice.tries < MOST_TRIES:
        notice.job, notice.due_at = None, now + TRY_AGAIN_AFTER
    else:
        notice.state, notice.sent_at = state, now if state == State.DELIVERED else None
    notice.save()


def receiver(notice: AlertNotice) -> User | None:
    """Whom a message goes to: each step to the next in turn, a reminder to the first."""
    people = chain(notice.alert.site, timezone.now())
    if not people:
        return None
    return people[notice.step % len(people)] if notice.purpose == Purpose.ESCALATION else people[0]


def why_not_needed(notice: AlertNotice) -> str:
    """Why a message has lost its ground; empty while it has not.

    Somebody on it holds the steps back, but not the last: an alert that stays unacknowledged so long goes on.
    """
    alert = notice.alert
    if notice.purpose == Purpose.REPORT:
        event = None if alert.source_id is None else AdverseEvent.objects.filter(pk=alert.source_id).first()
        if event is None or not event.is_serious:
            return "the event is no longer recorded as serious"
        return "it is reported" if SeriousEventReport.objects.filter(event=event).exists() else ""
    if alert.acknowledged_at is not None:
        return f"{alert.acknowledged_by} has acknowledged the alert"
    is_last = not alert.notices.filter(purpose=notice.purpose, step__gt=notice.step).exists()
    if alert.reached_at is not None and not is_last:
        return f"{alert.reached_by} is on it"
    return ""


def subject_of(notice: AlertNotice) -> str:
    """The subject: what is asked, and where; nothing about a person in the trial."""
    site = notice.alert.site.code
    if notice.purpose == Purpose.REPORT:
        return f"Site {site}: a serious adverse event waits to be reported"
    return f"Site {site}: alert, {notice.alert.get_level_display()}"


def body_of(notice: AlertNotice) -> str:
    """The text: what to do, and the address where the rest stands behind the sign-in."""
    address = f"{settings.SITE_URL}{reverse('safety:alert', args=[notice.alert_id])}"
    if notice.purpose == Purpose.REPORT:
        hours = notice.after / 60
        said = f"Trial staff have known of it for {hours:g} hours, and no report is recorded."
        return f"{said}\n\nOpen the alert, then the event, and record the report:\n{address}\n"
    steps = notice.alert.notices.filter(purpose=notice.purpose).count()
    said = "Nobody has acknowledged this alert yet." if notice.step else "An alert was raised."
    return (
        f"{said} You are told as step {notice.step + 1} of {steps}.\n\n"
        f'Open it, press "I am on it", and acknowledge it when something is done:\n{address}\n\n'
        "This message holds nothing about the participant. It is not read at the site: answer on the page.\n"
    )
