"""What still departs from the protocol about a participant's visits, judged anew when a visit changes.

A departure found earlier may lose its ground: a date is corrected, a missed visit turns out held, windows move.
It is then closed with the words why, never deleted.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from trial.participants import queries
from trial.participants.models import Participant, Visit
from trial.participants.services.order import report
from trial.records.events import ask, emit
from trial.records.models import ClinicalRecord
from trial.rules.deviations import Deviation, consent_deviation, order_deviations, window_deviation
from trial.rules.schedule import Anchors, visit_window
from trial.users.models import User

Held = tuple[Deviation, datetime]


def judge_anew(actor: User, participant: Participant, why: str) -> None:
    """Close what departed from the protocol at a visit and does no longer, saying *why*.

    Costs one reading while no automatic deviation of the participant's visits is open.
    """
    in_question = ask("deviations.open", participant=participant, table=Visit._meta.label_lower)
    if not in_question:
        return
    anchors, order = queries.anchors_of(participant), out_of_order(participant)
    for visit in participant.visits.filter(pk__in=in_question):
        visit.participant = participant
        standing = [*departures_of(visit, anchors), *(one for one in order if one[0].visit == visit.code)]
        holding = [found for found, _ in standing]
        if visit.state == Visit.State.MISSED:
            holding.append(missed(visit, visit.missed_reason))
        emit("deviations.judged", actor=actor, source=visit, standing=holding, why=why)
        for found, at in standing:
            report(actor, participant, found, occurred_at=at, source=visit, visit=visit)


def departures_of(visit: Visit, anchors: Anchors) -> list[Held]:
    """Where a visit departs from window and consent, by when it was held and by everything recorded at it."""
    instants = instants_of(visit) | ({visit.done_at} if visit.done_at is not None else set())
    return [(found, at) for at in sorted(instants) for found in departures_at(visit, at, anchors)]


def instants_of(visit: Visit) -> set[datetime]:
    """When anything was done with the participant at the visit, by the records that name it, in one query."""
    models = [kind.related_model for kind in Visit._meta.related_objects if is_done_at_visit(kind.related_model)]
    parts = [
        model._default_manager.filter(visit=visit).order_by().values_list("occurred_at", flat=True) for model in models
    ]
    return set(parts[0].union(*parts[1:])) if parts else set()


def is_done_at_visit(model: Any) -> bool:
    """Whether rows of a model are acts at a visit."""
    return issubclass(model, ClinicalRecord) and model.is_done_at_visit


def departures_at(visit: Visit, at: datetime, anchors: Anchors) -> list[Deviation]:
    """What departs from window and consent when something is done at a visit at an instant."""
    zone, bound = visit.participant.site.zone, queries.protocol_at(visit)
    planned = bound.visits[visit.code]
    window = visit_window(bound, planned, anchors, zone)
    found = (window_deviation(window, at, zone), consent_deviation(planned.label, at, anchors.consent, zone))
    return [one for one in found if one is not None]


def missed(visit: Visit, reason: str) -> Deviation:
    """A visit recorded as missed; important where it carries the primary outcome."""
    planned = queries.protocol_at(visit).visits[visit.code]
    important = "madrs" in planned.instruments.codes
    return Deviation("missed", important, f"{planned.label} was missed: {reason}", visit.code)


def out_of_order(participant: Participant) -> list[Held]:
    """The participant's visits held before the visit that goes before them."""
    done = participant.visits.filter(state=Visit.State.DONE).values_list("code", "done_at")
    held = {code: at for code, at in done if at is not None}
    found = order_deviations(queries.protocol_of(participant), held, participant.site.zone)
    return [(one, held[one.visit]) for one in found]
