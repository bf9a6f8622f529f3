"""Named reads of the raters assigned to a participant."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.apps import apps
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone

from assessments.models import RaterAssignment
from trial.blinding import Blinded
from trial.participants.models import Participant
from trial.permissions import SHOWN_APPS
from trial.records import events
from trial.signatures.content import content_models, rows_in
from trial.signatures.models import Signature
from trial.users.models import User


def assignments_of(participant: Participant) -> list[RaterAssignment]:
    """Every assignment about a participant, the newest first."""
    rows = RaterAssignment.objects.filter(participant=participant)
    return list(rows.select_related("user", "assigned_by", "ended_by").order_by("-starts_on", "-assigned_at"))


def get_assignment(sites: Collection[UUID], pk: UUID) -> RaterAssignment:
    """An assignment of the sites; Http404 for another site's and a missing one alike."""
    rows = RaterAssignment.objects.select_related("participant__site", "user")
    row = rows.filter(pk=pk, participant__site_id__in=sites).first()
    if row is None:
        raise Http404("No such assignment.")
    return row


def holding_at(participant: Participant, at: datetime) -> QuerySet[RaterAssignment]:
    """The assignments about a participant that hold at an instant; an ended one held until its end."""
    day = at.astimezone(participant.site.zone).date()
    return RaterAssignment.objects.filter(
        Q(ends_on=None) | Q(ends_on__gte=day),
        Q(ended_at=None) | Q(ended_at__gt=at),
        participant=participant,
        starts_on__lte=day,
    )


def informed(participant: Participant) -> dict[UUID, str]:
    """The accounts that know the treatment by what they did, each with what that was, in words.

    Who entered doses, rates, levels or side effects, and who signed them, a visit or the whole record. Who only looked
    is not known: reading leaves no record.
    """
    found = dict.fromkeys(signers_of(participant), "has signed records of the treatment")
    entered = events.ask("infusion.staff", participant=participant)
    return found | dict.fromkeys(entered, "has entered doses, rates, levels or side effects")


def signers_of(participant: Participant) -> set[UUID]:
    """The accounts that signed a record of the treatment, or a visit or a whole participant that held one."""
    wholes = [str(participant.pk), *(str(pk) for pk in participant.visits.values_list("pk", flat=True))]
    given = Signature.objects.filter(site_id=participant.site_id)
    treatment = {model._meta.db_table for model in content_models() if model._meta.app_label not in SHOWN_APPS}
    found = {
        signer
        for signer, manifest in given.filter(subject_id__in=wholes).values_list("signer_id", "manifest")
        if any(row.table in treatment for row in rows_in(manifest))
    }
    singles = list(given.exclude(subject_id__in=wholes).values_list("subject_table", "subject_id", "signer_id"))
    for table in {table for table, _, _ in singles if table.partition(".")[0] not in SHOWN_APPS}:
        model = apps.get_model(table)
        if not any(field.name == "participant" for field in model._meta.fields):
            continue  # A review of the trail is about a site, and tells of nobody's treatment.
        signed = [subject for name, subject, _ in singles if name == table]
        own = model._default_manager.filter(participant=participant, pk__in=signed)
        ids = {str(pk) for pk in own.values_list("pk", flat=True)}
        found |= {signer for name, subject, signer in singles if name == table and subject in ids}
    return found


def blinded_to(user: User, versions: Collection[str]) -> list[Blinded]:
    """The participants whom an account rates now, of those under some protocol versions; in one query.

    It holds for the days of the assignment at the site, the last one included, or until the assignment is ended.
    """
    now = timezone.now()
    # No clock of any site is further than a day from UTC; which day it is there is asked below.
    rows = RaterAssignment.objects.filter(
        Q(ended_at=None) | Q(ended_at__gt=now),
        Q(ends_on=None) | Q(ends_on__gte=now.date() - timedelta(days=1)),
        user=user,
        starts_on__lte=now.date() + timedelta(days=1),
        participant__protocol_version__in=versions,
    ).select_related("participant__site")
    return [
        Blinded(one.pk, one.study_id, one.site_id, one.protocol_version, row.ends_on)
        for row in rows.order_by("starts_on")
        for one in [row.participant]
        if row.starts_on <= one.site.today and (row.ends_on is None or row.ends_on >= one.site.today)
    ]
