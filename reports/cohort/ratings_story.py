"""The ratings during and after the infusion, item by item."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta

from assessments.instruments import instrument
from assessments.services import record_assessment
from reports.cohort.scene import DEMO, Scene, stated
from reports.cohort.synthesis import FOLLOW_UP, split
from trial.participants import services
from trial.participants.models import Status
from trial.safety import services as safety

SUICIDAL_THOUGHTS = "suicidal_thoughts"
INFUSION_DAYS = ("infusion_day_1", "infusion_day_2", "infusion_day_3", "infusion_day_4", "infusion_day_5")
HOSPITALISED = "psychiatric hospitalisation"


def rate(
    scene: Scene, visit: str, at: datetime, scores: Mapping[str, Mapping[str, int]], *, mode: str = "in_person"
) -> None:
    """Record the instruments of one visit as the psychiatrist rated them."""
    rater = scene.people["psychiatrist"]
    for name, items in scores.items():
        record_assessment(
            rater, participant=scene.participant, visit=scene.visit(visit), instrument=name, scores=items, mode=mode,
            rater=rater, occurred_at=at, origin=DEMO,
        )  # fmt: skip


def madrs_scores(scene: Scene, visit: str, total: int) -> dict[str, int]:
    """Spread a MADRS total over its items; suicidal thoughts stay low unless the story says otherwise."""
    items = list(instrument("madrs").items)
    if in_crisis(scene, visit):
        rest = [item for item in items if item != SUICIDAL_THOUGHTS]
        return {**split(total - 4, rest, 0, 6, f"{scene.patient.label} {visit}"), SUICIDAL_THOUGHTS: 4}
    return split(total, items, 0, 6, f"{scene.patient.label} {visit}", capped=[SUICIDAL_THOUGHTS])


def in_crisis(scene: Scene, visit: str) -> bool:
    """The one patient above 30 a day after the infusion, who was then admitted to hospital."""
    return visit == "day_6" and scene.patient.madrs.get(visit, 0) > scene.protocol.outcomes.severe_above.integer


def bprs_scores(scene: Scene, visit: str, positive: int) -> dict[str, int]:
    """Spread the positive subscale's total over its items and invent the others."""
    scale = instrument("bprs")
    rng = random.Random(f"bprs {scene.patient.label} {visit}")  # noqa: S311 - invented data, no secret
    scores = split(positive, scale.subscales["positive"].items, 1, 7, f"{scene.patient.label} {visit}")
    others = [item for item in scale.items if item not in scores]
    return {**dict.fromkeys(others, 1), "depressive_mood": 3, "anxiety": rng.randint(1, 3), **scores}


def infusion_days(scene: Scene) -> None:
    """BPRS on each day of the infusion; the last one before it ends."""
    for visit, positive in zip(INFUSION_DAYS, scene.patient.bprs_positive, strict=False):
        at = scene.on(4, "09:00") if visit == INFUSION_DAYS[-1] else scene.on(INFUSION_DAYS.index(visit), "16:00")
        if scene.has_come(at):
            rate(scene, visit, at, {"bprs": bprs_scores(scene, visit, positive)})


def follow_up(scene: Scene) -> None:
    """MADRS and CGI-I the day after and by phone until week 8, as far as it has come; or why they are missing."""
    for visit in FOLLOW_UP:
        due = stated(scene.visit(visit).due_at)
        rated_at = due + (timedelta(minutes=30) if visit == "day_6" else timedelta(hours=15))
        # A call of today is still to be made, at whatever hour the demo is loaded.
        if not scene.has_come(rated_at if visit == "day_6" else due + timedelta(days=1)):
            return
        if visit not in scene.patient.madrs:
            miss(scene, visit, due)
            continue
        mode = "in_person" if visit == "day_6" else "phone"
        rate(
            scene, visit, rated_at,
            {
                "madrs": madrs_scores(scene, visit, scene.patient.madrs[visit]),
                "cgi_i": {"improvement": scene.patient.cgi_i[visit]},
            },
            mode=mode,
        )  # fmt: skip
        if in_crisis(scene, visit):
            admit(scene, due)
    close(scene)


def why_missing(scene: Scene) -> str:
    """The reason for missed follow-up that fits the story."""
    return HOSPITALISED if scene.patient.completed else "left the trial with the infusion"


def miss(scene: Scene, visit: str, due: datetime) -> None:
    """A visit that was not held, with the reason."""
    services.miss_visit(
        scene.people["coordinator"], scene.visit(visit), reason=why_missing(scene), occurred_at=due + timedelta(days=1)
    )


def admit(scene: Scene, due: datetime) -> None:
    """A serious adverse event, reported: the paper's hospitalisation; the alert about it is acknowledged."""
    actor = scene.people["psychiatrist"]
    event = safety.record_adverse_event(
        actor, participant=scene.participant, occurred_at=due + timedelta(hours=3), origin=DEMO,
        term="Depression, admitted to a psychiatric hospital", grade=3, is_serious=True,
        is_hospitalisation=True,
        seriousness="hospitalisation", ketamine_causality="unlikely", clonidine_causality="unlikely",
        procedure_causality="unrelated", aware_at=due + timedelta(hours=3),
    )  # fmt: skip
    safety.report_serious_event(
        actor, event, occurred_at=due + timedelta(hours=4), recipient="sponsor", means="telephone", origin=DEMO
    )
    for alert in scene.participant.alert_set.filter(acknowledged_at=None):
        safety.acknowledge(
            actor,
            alert,
            action_taken="Seen at once, admitted the same day, reported.",
            confirmation=None,
            at=due + timedelta(hours=4),
        )


def finish(scene: Scene, *, on_day: int) -> None:
    """Nothing more is expected of a control who was scanned as often as planned."""
    services.set_status(
        scene.people["coordinator"], scene.participant, axis=Status.Axis.FOLLOW_UP, value=Status.Value.COMPLETED,
        occurred_at=scene.on(on_day, "12:00"), origin=DEMO,
    )  # fmt: skip


def close(scene: Scene) -> None:
    """Follow-up completed, or lost and why."""
    done = "week_8" in scene.patient.madrs
    services.set_status(
        scene.people["coordinator"], scene.participant, axis=Status.Axis.FOLLOW_UP,
        value=Status.Value.COMPLETED if done else Status.Value.LOST, reason="" if done else why_missing(scene),
        occurred_at=scene.on(62, "12:00"), origin=DEMO,
    )  # fmt: skip
