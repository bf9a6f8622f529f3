"""Scans of patients and of the healthy controls, with volumes and network connectivity."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from imaging import services
from imaging.models import ImagingSession
from reports.cohort.scene import DEMO, Scene
from reports.cohort.synthesis import Scan, volumes
from trial.participants import services as participants

# Published: 23, 18 and 20 sessions; the gap between the first two is 1-14 days with median 2.
GAPS = (1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3, 4, 6, 7, 9, 12, 14)
WITHOUT_PRE2 = ("S02", "S06", "S12", "S19", "S23")
SCANNER = "Siemens Trio 3 T"
FRAMES = 300


def pre_gaps(labels: list[str]) -> dict[str, int]:
    """Give each patient with two scans before infusion the days between them."""
    with_two = [label for label in labels if label not in WITHOUT_PRE2]
    return dict(zip(with_two, GAPS, strict=True))


def before(scene: Scene, scan: Scan | None, gap: int | None) -> None:
    """One or two scans before the infusion; their mean is the synthetic baseline."""
    rng = random.Random(f"scan {scene.patient.label}")  # noqa: S311 - invented data, no secret
    values = scan.before if scan else {name: rng.gauss(0.17, 0.05) for name in ("dmn", "sgacc_dmn", "limbic")}
    apart = {name: rng.gauss(0, 0.02) if gap else 0.0 for name in values}
    first = session(scene, "pre1", -10 - (gap or 0))
    connectivity(scene, first, {name: value + apart[name] for name, value in values.items()})
    for structure, volume in volumes(scene.patient).items():
        services.record_volume(
            scene.people["imaging"], session=first, structure=structure, volume_mm3=Decimal(volume), origin=DEMO
        )
    if gap:
        second = session(scene, "pre2", -10)
        connectivity(scene, second, {name: value - apart[name] for name, value in values.items()})
    else:
        miss(scene, "pre2", "the scanner was not free")


def after(scene: Scene, scan: Scan | None) -> None:
    """The scan two weeks after: taken and usable, taken and excluded, or not taken."""
    if scan is None:
        miss(scene, "post", "did not come to the scan")
    elif scan.after is not None:
        connectivity(scene, session(scene, "post", 18), scan.after)
    elif scene.patient.right_hippocampus is not None:
        session(scene, "post", 18, excluded="too much head motion")
    else:
        miss(scene, "post", "claustrophobia")


def miss(scene: Scene, code: str, reason: str) -> None:
    """A scan that was not taken, with the reason."""
    participants.miss_visit(
        scene.people["coordinator"], scene.visit(code), reason=reason, occurred_at=scene.on(21, "12:00")
    )


def session(scene: Scene, timepoint: str, day: int, *, excluded: str = "") -> ImagingSession:
    """One scan session."""
    return services.record_session(
        scene.people["imaging"], participant=scene.participant, timepoint=timepoint,
        occurred_at=scene.on(day, "13:00") + timedelta(minutes=15), scanner=SCANNER, is_usable=not excluded,
        exclusion_reason=excluded, origin=DEMO,
    )  # fmt: skip


def connectivity(scene: Scene, taken: ImagingSession, values: Mapping[str, float]) -> None:
    """The mean connectivity of each network in one session."""
    for network, value in values.items():
        services.record_connectivity(
            scene.people["imaging"], session=taken, network=network, value=value, frames=FRAMES, origin=DEMO
        )
