"""From the published totals to what a site would have entered: items, vital signs, serum levels, scans.

Everything here is invented around the totals of ``data/cohort.csv`` with a fixed seed, so that two loads are
the same. None of it is evidence of anything.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files

FOLLOW_UP = {"day_6": "d1", "week_2": "wk2", "week_4": "wk4", "week_6": "wk6", "week_8": "wk8"}
DISCHARGE_ITEMS = {
    "dc_fatigue": "fatigue",
    "dc_inattention": "inattention",
    "dc_sedation": "sedation",
    "dc_lighthead": "lightheadedness",
    "dc_restless": "restlessness",
    "dc_palpit": "palpitations",
}
# Published: systolic +8 and diastolic +5 mmHg at 08:00 on day 5. No SD is printed; this spread is invented.
PRESSURE_CHANGE = (8, 5)
# L/h/kg, a pooled adult clearance; it only gives the invented levels a plausible size.
CLEARANCE = 1.2
SERUM_SHARES = {"ketamine": 1.0, "s_ketamine": 0.46, "r_ketamine": 0.54}
NORKETAMINE_SHARES = {"norketamine": 0.83, "s_norketamine": 0.40, "r_norketamine": 0.43}


@dataclass(frozen=True)
class Scan:
    """Network connectivity (Fisher z) of one subject before infusion and, if scanned, after it."""

    before: Mapping[str, float]
    after: Mapping[str, float] | None


@dataclass(frozen=True)
class Patient:
    """One invented patient with the totals that the publication fixes; None where nothing was seen."""

    label: str
    started: bool
    age: int | None
    sex: str
    ethnicity: str
    severity: str
    trials: int
    final_rate: Decimal | None
    completed: bool
    madrs_baseline: int | None
    madrs: Mapping[str, int]
    cgi_i: Mapping[str, int]
    bprs_positive: tuple[int, ...]
    right_hippocampus: float | None
    discharge: Mapping[str, bool]

    @property
    def is_responder(self) -> bool | None:
        """Response at week 2 (a fall of at least half), as the model of connectivity groups it; None if not seen."""
        if self.madrs_baseline is None or "week_2" not in self.madrs:
            return None
        return 2 * self.madrs["week_2"] <= self.madrs_baseline


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of one data file, without its comments."""
    text = files("reports.cohort").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def number(text: str) -> int | None:
    """Return the whole number, or None for an empty cell."""
    return int(text) if text else None


def patients() -> list[Patient]:
    """Return the 27 who consented, in the order of the file."""
    return [patient(row) for row in rows("cohort.csv")]


def patient(row: Mapping[str, str]) -> Patient:
    """Read one row of the cohort."""
    return Patient(
        label=row["id"],
        started=bool(row["madrs_base"]),
        age=number(row["age"]),
        sex={"M": "male", "F": "female", "": ""}[row["sex"]],
        ethnicity=row["ethnicity"].replace(" ", "_"),
        severity=row["severity"],
        trials=number(row["prior_trials"]) or 0,
        final_rate=Decimal(row["dose"]) if row["dose"] else None,
        completed=row["completed_infusion"] == "1",
        madrs_baseline=number(row["madrs_base"]),
        madrs={visit: int(row[f"madrs_{key}"]) for visit, key in FOLLOW_UP.items() if row[f"madrs_{key}"]},
        cgi_i={visit: int(row[f"cgii_{key}"]) for visit, key in FOLLOW_UP.items() if row[f"cgii_{key}"]},
        bprs_positive=tuple(int(row[f"bprs_d{day}"]) for day in range(1, 6) if row[f"bprs_d{day}"]),
        right_hippocampus=float(row["rhipp_permille"]) if row["rhipp_permille"] else None,
        discharge={item: row[key] == "1" for key, item in DISCHARGE_ITEMS.items() if row[key]},
    )


def scans(cohort: Sequence[Patient]) -> dict[str, Scan]:
    """Give each patient seen at week 2 the connectivity of one synthetic subject of the same group.

    The subjects without a scan after infusion go to the patients without a usable structural scan first, so
    that those missing are as few people as possible.
    """
    before: dict[int, dict[str, float]] = {}
    after: dict[int, dict[str, float]] = {}
    for row in rows("connectivity.csv"):
        values = {name: float(row[name]) for name in ("dmn", "sgacc_dmn", "limbic")}
        (after if row["post"] == "1" else before)[int(row["position"])] = values
    assigned: dict[str, Scan] = {}
    for responder, positions in ((True, range(11)), (False, range(11, 21))):
        group = [p for p in cohort if p.is_responder is responder]
        group.sort(key=lambda p: p.right_hippocampus is not None)
        order = sorted(positions, key=lambda position: position in after)
        assigned |= {p.label: Scan(before[i], after.get(i)) for p, i in zip(group, order, strict=True)}
    return assigned


def split(
    total: int, items: Sequence[str], low: int, high: int, seed: str, *, capped: Iterable[str] = ()
) -> dict[str, int]:
    """Spread a total over items scored *low* to *high*, evenly but for a little noise; capped items stay near *low*.

    Raises ValueError for a total that the items cannot carry.
    """
    rng = random.Random(seed)  # noqa: S311 - invented data, no secret
    top = {item: low + 1 if item in set(capped) else high for item in items}
    scores = dict.fromkeys(items, low)
    if not low * len(items) <= total <= sum(top.values()):
        raise ValueError(f"A total of {total} does not fit {len(items)} items from {low} to {high}.")
    for _ in range(total - low * len(items)):
        open_items = [item for item in items if scores[item] < top[item]]
        least = min(scores[item] for item in open_items)
        item = rng.choice([item for item in open_items if scores[item] <= least + 1])
        scores[item] += 1
    return scores


def pressure_changes(count: int) -> list[tuple[int, int]]:
    """Return *count* systolic and diastolic changes (mmHg) whose means are the published ones exactly."""
    rng = random.Random("pressure")  # noqa: S311 - invented data, no secret
    systolic, diastolic = PRESSURE_CHANGE
    spread = [(rng.randint(2, 14), rng.randint(1, 9)) for _ in range(count // 2)]
    noise = [*spread, *[(-first, -second) for first, second in spread], *([(0, 0)] * (count % 2))]
    rng.shuffle(noise)
    return [(systolic + first, diastolic + second) for first, second in noise]


def serum_levels(rate: Decimal, seed: str) -> dict[str, Decimal]:
    """Return invented levels (ng/mL) of the six analytes at a steady *rate* (mg/kg/h)."""
    rng = random.Random(seed)  # noqa: S311 - invented data, no secret
    ketamine = 1000 * float(rate) / CLEARANCE * rng.lognormvariate(0, 0.25)
    norketamine = ketamine * rng.lognormvariate(0, 0.2)
    levels = {name: ketamine * share for name, share in SERUM_SHARES.items()}
    levels |= {name: norketamine * share for name, share in NORKETAMINE_SHARES.items()}
    return {name: Decimal(f"{level:.1f}") for name, level in levels.items()}


def rate_steps(
    final: Decimal, start: Decimal, step: Decimal, hours: Sequence[Decimal]
) -> list[tuple[Decimal, Decimal]]:
    """Return (hour, rate) from the start up to *final*, by the plan's steps; the last may be a smaller one."""
    course = [(Decimal(0), start)]
    for hour in hours:
        rate = course[-1][1]
        if rate >= final:
            break
        course.append((hour, min(final, rate + step)))
    return course


def volumes(patient: Patient) -> dict[str, Decimal]:
    """Return invented volumes (mm³) of the six structures with the intracranial volume; right hippocampus as given."""
    if patient.right_hippocampus is None:
        return {}
    rng = random.Random(f"volumes {patient.label}")  # noqa: S311 - invented data, no secret
    etiv = rng.uniform(1.25e6, 1.75e6)
    shares = {
        "left_hippocampus": 2.45,
        "left_amygdala": 1.05,
        "right_amygdala": 1.08,
        "left_accumbens": 0.34,
        "right_accumbens": 0.35,
    }
    found = {name: share * rng.uniform(0.88, 1.12) * etiv / 1000 for name, share in shares.items()}
    found |= {"right_hippocampus": patient.right_hippocampus * etiv / 1000, "etiv": etiv}
    return {name: Decimal(f"{value:.3f}") for name, value in found.items()}
