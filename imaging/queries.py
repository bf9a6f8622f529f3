"""Named reads of imaging sessions and their numbers."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.shortcuts import get_object_or_404

from imaging.connectivity import baseline, change
from imaging.models import ImagingSession, NetworkConnectivity, Volume
from imaging.volumes import ETIV, per_mille
from trial import protocol
from trial.participants.models import Cohort, Participant, Visit
from trial.records import events
from trial.rules.schedule import elapsed_hours

CONTROL_VISITS = {"pre1": "control_1", "pre2": "control_2"}


class VolumeRow(NamedTuple):
    """A structure's volume in mm³, its share of the intracranial volume in per mille, its label, and its record."""

    pk: UUID
    structure: str
    label: str
    volume: Decimal
    share: Decimal | None


class NetworkRow(NamedTuple):
    """A network over a participant's usable sessions: Fisher z by session, baseline and change."""

    network: str
    label: str
    by_session: dict[str, float]
    baseline: float | None
    change: float | None


def sessions_at(sites: Iterable[UUID], search: str = "") -> QuerySet[ImagingSession]:
    """The sessions of the sites, newest first, of study ids that contain *search*.

    ``has_volumes`` and ``has_networks`` say which numbers are imported.
    """
    rows = ImagingSession.objects.filter(site_id__in=sites, participant__study_id__icontains=search.strip()).annotate(
        has_volumes=Exists(Volume.objects.filter(session=OuterRef("pk"))),
        has_networks=Exists(NetworkConnectivity.objects.filter(session=OuterRef("pk"))),
    )
    return rows.select_related("participant", "participant__site", "visit").order_by("-occurred_at")


def sessions_of(participant: Participant) -> list[ImagingSession]:
    """A participant's sessions in the order of scanning, with volumes and networks read along."""
    rows = ImagingSession.objects.filter(participant=participant).order_by("occurred_at")
    return list(rows.prefetch_related("volumes", "networks"))


def get_session(participant: Participant, timepoint: str) -> ImagingSession:
    """The participant's session of a timepoint; raises Http404."""
    return get_object_or_404(ImagingSession, participant=participant, timepoint=timepoint)


def visit_code(participant: Participant, timepoint: str) -> str | None:
    """The protocol's visit of a timepoint: a control has two scans and no Post."""
    return CONTROL_VISITS.get(timepoint) if participant.cohort == Cohort.CONTROL else timepoint


def visit_for(participant: Participant, timepoint: str) -> Visit | None:
    """The participant's visit of a timepoint, or None where it is not planned."""
    return participant.visits.filter(code=visit_code(participant, timepoint)).first()


def timepoint_of(participant: Participant, code: str) -> str:
    """The timepoint of the protocol's visit *code*; empty where no scan belongs to it."""
    names = ImagingSession.Timepoint.values
    return next((name for name in names if visit_code(participant, name) == code), "")


def network_names() -> dict[str, str]:
    """The networks that a table may name, by code, in the newest protocol's words."""
    networks = protocol.for_version(protocol.newest(protocol.versions())).imaging.networks
    return {code: network.label.text for code, network in networks.items()}


def timepoints_open(participant: Participant) -> list[str]:
    """The timepoints that the participant can be scanned at and has no session of yet."""
    taken = set(ImagingSession.objects.filter(participant=participant).values_list("timepoint", flat=True))
    names = [name for name in ImagingSession.Timepoint.values if visit_code(participant, name)]
    return [name for name in names if name not in taken]


def hours_after_infusion(session: ImagingSession) -> Decimal | None:
    """Hours from the end of the infusion to a Post scan, negative before it; None where either is unknown."""
    if session.timepoint != ImagingSession.Timepoint.POST:
        return None
    times: events.InfusionTimes | None = events.ask("infusion.times", participant=session.participant)
    if times is None or times.ended_at is None:
        return None
    return elapsed_hours(times.ended_at, session.occurred_at)


def labels_of(session: ImagingSession) -> dict[str, str]:
    """The protocol's words for its structures and networks, by code, the intracranial volume after the structures."""
    imaging = protocol.for_version(session.protocol_version).imaging
    structures = {name: structure.label.text for name, structure in imaging.structures.items()}
    networks = {name: network.label.text for name, network in imaging.networks.items()}
    return {**structures, ETIV: "Intracranial volume (estimated)", **networks}


def volume_rows(session: ImagingSession) -> list[VolumeRow]:
    """The session's volumes in the protocol's order, the intracranial volume last."""
    records = {row.structure: row for row in Volume.objects.filter(session=session)}
    found = {name: row.volume_mm3 for name, row in records.items()}
    etiv = found.get(ETIV)
    rows = []
    for name, label in labels_of(session).items():
        if name in found:
            share = per_mille(found[name], etiv) if etiv and name != ETIV else None
            rows.append(VolumeRow(records[name].pk, name, label, found[name], share))
    return rows


def network_rows(participant: Participant, sessions: Iterable[ImagingSession]) -> list[NetworkRow]:
    """Each network of the protocol over the usable ones of *sessions*."""
    networks = protocol.for_version(participant.protocol_version).imaging.networks
    values: dict[str, dict[str, float]] = {name: {} for name in networks}
    for session in sessions:
        for row in session.networks.all() if session.is_usable else ():
            values.setdefault(row.network, {})[session.timepoint] = row.value
    return [
        NetworkRow(name, network.label.text, values[name], baseline(values[name]), change(values[name]))
        for name, network in networks.items()
    ]


def networks_in(session: ImagingSession) -> list[tuple[str, NetworkConnectivity]]:
    """The session's network values with the protocol's names of the networks, in its order."""
    networks = protocol.for_version(session.protocol_version).imaging.networks
    found = {row.network: row for row in NetworkConnectivity.objects.filter(session=session)}
    return [(network.label.text, found[code]) for code, network in networks.items() if code in found]
