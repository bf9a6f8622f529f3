"""Clonidine, the infusion, vital signs, side effects and serum levels."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal

from infusion import services
from infusion.models import Infusion
from reports.cohort.scene import DEMO, Scene, stated
from reports.cohort.screening_story import weight_of
from reports.cohort.synthesis import rate_steps, serum_levels
from trial.participants import services as participants

CLONIDINE = {-7: "0.10", -6: "0.10", -5: "0.20", -4: "0.20"}  # mg twice daily by day; then the target
CONCENTRATION, BAG_ML, BAG_HOURS = Decimal(2), Decimal(500), 24
STOPPED_AFTER_HOURS = 40
BASELINE_PRESSURE = (118, 74)
SAMPLED_AT = {
    "before_start": "admission",
    "day_2_0800": "infusion_day_2",
    "day_3_0800": "infusion_day_3",
    "day_4_0800": "infusion_day_4",
    "day_5_0800": "day_5_0800",
}
EARLY_EFFECTS = ("dissociation", "sedation", "lightheadedness", "nausea", "feeling_drunk", "dry_mouth")


def end_of(scene: Scene) -> datetime:
    """When the infusion ended: after the protocol's duration, or early."""
    hours = scene.protocol.titration.duration.elapsed
    return scene.start + (hours if scene.patient.completed else timedelta(hours=STOPPED_AFTER_HOURS))


def told_until(scene: Scene) -> datetime:
    """When the story of the infusion breaks off: at its end, or now while it runs."""
    return min(end_of(scene), scene.until)


def clonidine(scene: Scene) -> None:
    """Twice daily from a week before the start until the infusion ends."""
    target = scene.protocol.clonidine.target_dose.decimal
    end = told_until(scene)
    for day in range(-7, 5):
        for clock in ("08:30", "20:30"):
            at = scene.on(day, clock)
            if at < end:
                services.record_clonidine(
                    scene.people["nurse"], scene.participant, dose_mg=Decimal(CLONIDINE.get(day, target)),
                    occurred_at=at, happened=True, origin=DEMO,
                )  # fmt: skip


def infuse(scene: Scene) -> Infusion:
    """Start, titrate as far as tolerated, and end if it has; every rate is checked by a second person."""
    nurse, second, titration = scene.people["nurse"], scene.people["psychiatrist"], scene.protocol.titration
    infusion = services.start_infusion(
        nurse, scene.participant, dosing_weight_kg=weight_of(scene), rate=titration.start.rate.decimal,
        concentration=CONCENTRATION, volume_ml=BAG_ML, lot="DEMO-1", occurred_at=scene.start, checked_by=second,
        happened=True, origin=DEMO,
    )  # fmt: skip
    final = stated(scene.patient.final_rate)
    course = rate_steps(final, titration.start.rate.decimal, titration.step.decimal, titration.step_times.decimals)
    for hour, rate in course[1:]:
        if scene.hour(float(hour)) < told_until(scene):
            services.change_rate(
                nurse, infusion, rate=rate, occurred_at=scene.hour(float(hour)), reason="next step, tolerated",
                checked_by=second, happened=True, origin=DEMO,
            )  # fmt: skip
    bags(scene, infusion)
    if not scene.has_come(end_of(scene)):
        return infusion
    done = scene.patient.completed
    services.stop_infusion(
        nurse, infusion, completed=done, reason="" if done else "nausea and anxiety", occurred_at=end_of(scene),
        origin=DEMO,
    )  # fmt: skip
    return infusion


def bags(scene: Scene, infusion: Infusion) -> None:
    """A fresh bag every day."""
    for hour in range(BAG_HOURS, 96, BAG_HOURS):
        if scene.hour(hour) < told_until(scene):
            services.hang_bag(
                scene.people["nurse"], infusion, concentration=CONCENTRATION, volume_ml=BAG_ML,
                lot=f"DEMO-{1 + hour // BAG_HOURS}", occurred_at=scene.hour(hour), happened=True, origin=DEMO,
            )  # fmt: skip


def vital_signs(scene: Scene, change: tuple[int, int]) -> None:
    """Before the start, every four hours, and at 08:00 on day 5 the published mean change exactly."""
    rng = random.Random(f"vitals {scene.patient.label}")  # noqa: S311 - invented data, no secret
    before = tuple(value + rng.randint(-6, 6) for value in BASELINE_PRESSURE)
    measure(scene, scene.on(0, "08:00"), before[0], before[1], rng, visit="admission")
    last = scene.on(4, "08:00")
    for hour in range(0, 94, 4):
        at = scene.hour(hour + 0.25)
        if at < told_until(scene):
            measure(scene, at, before[0] + rng.randint(2, 14), before[1] + rng.randint(0, 9), rng)
    if scene.patient.completed and scene.has_come(last):
        measure(scene, last, before[0] + change[0], before[1] + change[1], rng, visit="day_5_0800")
    discharged = end_of(scene) + timedelta(hours=4)
    if scene.has_come(discharged):
        measure(scene, discharged, before[0] + rng.randint(-4, 6), before[1], rng, visit="discharge")


def measure(scene: Scene, at: datetime, systolic: int, diastolic: int, rng: random.Random, *, visit: str = "") -> None:
    """One set of vital signs."""
    services.record_vitals(
        scene.people["nurse"], scene.participant, systolic=systolic, diastolic=diastolic,
        heart_rate=rng.randint(58, 84), respiratory_rate=rng.randint(12, 18), oxygen_saturation=rng.randint(96, 99),
        occurred_at=at, visit=scene.visit(visit) if visit else None, origin=DEMO,
    )  # fmt: skip


def side_effects(scene: Scene) -> None:
    """The checklist before the start, on each day, and at discharge as the publication counts it."""
    items = list(scene.protocol.side_effects.items)
    moments = {"admission": scene.on(0, "08:15"), "infusion_day_5": scene.on(4, "09:15")}
    moments |= {f"infusion_day_{day + 1}": scene.on(day, "16:15") for day in range(4)}
    for visit, at in sorted(moments.items(), key=lambda moment: moment[1]):
        if at < told_until(scene):
            checklist(scene, visit, at, daily_effects(scene, visit, items))
    discharged = end_of(scene) + timedelta(hours=4)
    if scene.patient.discharge and scene.has_come(discharged):
        still = {item: int(scene.patient.discharge.get(item, False)) for item in items}
        checklist(scene, "discharge", discharged, still)
    if scene.has_come(discharged):
        participants.record_visit(scene.people["nurse"], scene.visit("discharge"), occurred_at=discharged)


def daily_effects(scene: Scene, visit: str, items: list[str]) -> dict[str, int]:
    """Invent mild effects that fade as the infusion goes on."""
    rng = random.Random(f"effects {scene.patient.label} {visit}")  # noqa: S311 - invented data, no secret
    day = 0 if visit == "admission" else int(visit[-1])
    chance = 0.1 if day == 0 else 0.6 / day
    return {item: int(rng.random() < (chance if item in EARLY_EFFECTS else 0.08)) for item in items}


def checklist(scene: Scene, visit: str, at: datetime, scores: dict[str, int]) -> None:
    """One side-effect checklist."""
    services.record_side_effects(
        scene.people["nurse"], scene.participant, scores=scores, occurred_at=at, visit=scene.visit(visit), origin=DEMO
    )


def serum(scene: Scene, infusion: Infusion) -> None:
    """The samples of the protocol, with levels that follow the rate at the time."""
    end = end_of(scene)
    moments = {f"day_{day + 1}_0800": scene.on(day, "08:00") for day in range(1, 5)}
    moments |= {"before_start": scene.on(0, "08:00"), "infusion_end": end, "one_hour_after": end + timedelta(hours=1)}
    rates = list(infusion.rates.order_by("occurred_at"))
    for sample, at in sorted(moments.items(), key=lambda moment: moment[1]):
        if not scene.has_come(at) or (at > end and sample != "one_hour_after"):
            continue
        running = [change.rate for change in rates if change.occurred_at < at and change.rate > 0]
        levels: dict[str, Decimal | None] = dict.fromkeys(scene.protocol.serum.analytes)
        if running:
            share = Decimal("0.5") if sample == "one_hour_after" else Decimal(1)
            levels.update(serum_levels(running[-1] * share, f"serum {scene.patient.label} {sample}"))
        services.record_serum_sample(
            scene.people["nurse"],
            scene.participant,
            sample=sample,
            levels=levels,
            occurred_at=at,
            visit=scene.visit(SAMPLED_AT[sample]) if sample in SAMPLED_AT else None,
            origin=DEMO,
        )
