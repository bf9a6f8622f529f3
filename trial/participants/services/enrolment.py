"""First contact, consent and the planned day of the infusion, each not before the one that goes before it."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

from django.conf import settings

from trial import protocol
from trial.audit.context import audited
from trial.participants import queries
from trial.participants.models import Consent, Participant, Status
from trial.participants.services.order import StepRefused, require_step
from trial.participants.services.screening import judge_screening_anew
from trial.participants.services.statuses import put_status
from trial.participants.services.visits import make_visits, refresh_windows
from trial.participants.study_id import study_id
from trial.records.events import ask
from trial.records.models import Origin
from trial.records.services import RecordError, amend, bind_protocol, content_hash, enter, put
from trial.rules.verdict import refuse
from trial.users.models import Site, User

# Nobody was in contact with a trial of this treatment before; an earlier day is a slip of the hand.
EARLIEST_CONTACT = date(2010, 1, 1)
# A plan further from the consent than this is a wrong year: nobody waits so long without signing again.
LONGEST_WAIT = timedelta(days=2 * 365)


def enrol(
    actor: User,
    *,
    site: Site,
    cohort: str,
    referral: str,
    enrolled_on: date,
    key: uuid.UUID | None = None,
    origin: str = Origin.FORM,
) -> Participant:
    """Register a person under the site's next study id; nothing identifying is asked.

    Raises ValidationError, KeyReused, RecordError for a first contact that cannot be, and in production where nobody
    was ever on call.
    """
    _require_possible_contact(enrolled_on)
    _require_roster(site)
    given = {"site": site, "cohort": cohort, "referral": referral, "enrolled_on": enrolled_on}
    with audited(actor, "registered"):
        locked = Site.objects.select_for_update().get(pk=site.pk)
        number = Participant.objects.filter(site=locked).count() + 1
        return put(
            Participant,
            actor,
            key=key,
            reason="registered",
            digest=content_hash(given),
            study_id=study_id(locked.code, number),
            protocol_version=protocol.in_force(enrolled_on),
            origin=origin,
            **given,
        )


def _require_roster(site: Site) -> None:
    if settings.SITE_MODE == "production" and site.code in ask("safety.sites_without_roster"):
        raise RecordError(
            f"Nobody was ever on call at {site.name}, so an alert about this person would reach nobody. Nothing was "
            "saved: plan the first shift under Safety, Who is on call, then register."
        )


def _require_possible_contact(on: date) -> None:
    if on < EARLIEST_CONTACT:
        words = f"The first contact cannot lie before {EARLIEST_CONTACT.isoformat()}; check the year."
        raise RecordError(words)


def correct_contact(actor: User, participant: Participant, *, on: date, version: int, reason: str) -> Participant:
    """Correct the day of the first contact; the same day again writes nothing.

    Raises RecordError for a day that cannot be or lies after the consent, ReasonRequired, StaleRecord.
    """
    if on == participant.enrolled_on:
        return participant
    _require_possible_contact(on)
    with audited(actor, reason.strip() or "corrected"):
        consented_on = queries.consented_on(participant)
        if consented_on is not None and on > consented_on:
            raise RecordError(f"The consent was signed {consented_on.isoformat()}, before this day; check both days.")
        return amend(participant, actor, version=version, reason=reason, enrolled_on=on)


def sign_consent(
    actor: User,
    participant: Participant,
    *,
    occurred_at: datetime,
    form_version: str,
    copy_given: bool = True,
    contact: bool = True,
    data: bool = True,
    key: uuid.UUID | None = None,
    origin: str = Origin.FORM,
) -> Consent:
    """Record a signed consent form. The first binds the protocol in force that day and makes the visits.

    A later one is a renewed consent: it leaves protocol version and visits as they are.
    ``contact`` and ``data`` are the participant's answers on contact and on the use of data. Raises
    RecordError for a consent before the first contact.
    """
    key = key or uuid.uuid4()
    if occurred_at.astimezone(participant.site.zone).date() < participant.enrolled_on:
        first_contact = participant.enrolled_on.isoformat()
        raise RecordError(
            f"The first contact was {first_contact}, and the consent is dated before it; check both days."
        )
    with audited(actor, "consent signed"):
        Participant.objects.select_for_update().get(pk=participant.pk)  # two first consents would both make visits
        first = Consent.objects.filter(participant=participant).order_by("entered_at").first()
        if first is None:
            bind(actor, participant, on=occurred_at.astimezone(participant.site.zone).date())
        consent = enter(
            Consent,
            actor,
            participant=participant,
            occurred_at=occurred_at,
            key=key,
            origin=origin,
            form_version=form_version,
            copy_given=copy_given,
            is_reconsent=first is not None and first.key != key,
        )
        for axis, agreed in ((Status.Axis.CONTACT, contact), (Status.Axis.DATA, data)):
            value = Status.Value.GRANTED if agreed else Status.Value.REFUSED
            derived = uuid.uuid5(key, axis)
            put_status(actor, participant, axis, value, occurred_at=occurred_at, key=derived, origin=origin)
        if first is None:
            put_status(
                actor,
                participant,
                Status.Axis.ENROLMENT,
                Status.Value.SCREENING,
                occurred_at=occurred_at,
                key=uuid.uuid5(key, Status.Axis.ENROLMENT),
                origin=origin,
            )
            make_visits(actor, participant, origin=origin)
            judge_screening_anew(actor, participant, "the consent was recorded.")
    return consent


def bind(actor: User, participant: Participant, *, on: date) -> None:
    """Bind the participant to the protocol version in force on the day of the consent."""
    version = protocol.in_force(on)
    bind_protocol(version)
    if participant.protocol_version == version:
        return
    saved = amend(
        participant,
        actor,
        version=participant.version,
        reason="protocol version in force at consent",
        protocol_version=version,
    )
    participant.version, participant.protocol_version = saved.version, saved.protocol_version


def plan_infusion(
    actor: User, participant: Participant, *, on: date | None, version: int, reason: str = "infusion planned"
) -> Participant:
    """Plan the day of the infusion (or take it back); windows counted from it are provisional.

    The same plan again writes nothing. Raises StepRefused before consent and for a day before it or too long
    after it, StaleRecord when somebody else saved the participant meanwhile.
    """
    if on == participant.planned_infusion_on:
        return participant
    if on is not None:
        require_step(participant, "screening")
        _require_possible_plan(participant, on)
    with audited(actor, reason):
        saved = amend(participant, actor, version=version, reason=reason, planned_infusion_on=on)
        participant.version, participant.planned_infusion_on = saved.version, saved.planned_infusion_on
        refresh_windows(actor, participant)
    return participant


def _require_possible_plan(participant: Participant, on: date) -> None:
    consented_on, latest = queries.consented_on(participant), queries.consented_on(participant, latest=True)
    if consented_on is not None and on < consented_on:
        raise StepRefused(
            refuse(f"The consent was signed {consented_on.isoformat()}; no infusion is planned before it.")
        )
    if latest is not None and on > latest + LONGEST_WAIT:
        words = f"This day is more than two years after the consent of {latest.isoformat()}; check the year"
        raise StepRefused(refuse(f"{words}, or record the renewed consent first."))
