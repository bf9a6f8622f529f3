"""Extract-shaped frames from tests/reports/data: a synthetic cohort that holds the published clinical numbers.

cohort.csv keeps the totals that the publication fixes (its header lists them); connectivity.csv holds values that
give the published T of all six model terms. Vital signs and serum levels are made here: changes of exactly +8 and
+5 mmHg in the mean, and levels in proportion to the final rate.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from reports.datasets.extracts import Extracts, Signed

DATA = Path(__file__).parent / "data"
CUT = datetime(2016, 12, 1, 12, tzinfo=UTC)
START = datetime(2014, 3, 3, 16, tzinfo=UTC)
AFTER = {
    "day_6": ("d1", 1),
    "week_2": ("wk2", 14),
    "week_4": ("wk4", 28),
    "week_6": ("wk6", 42),
    "week_8": ("wk8", 56),
}
DISCHARGE = {
    "dc_fatigue": "fatigue", "dc_inattention": "inattention", "dc_sedation": "sedation",
    "dc_lighthead": "lightheadedness", "dc_restless": "restlessness", "dc_palpit": "palpitations",
}  # fmt: skip
DAYS = {"pre1": -5, "pre2": -3, "post": 18}
SHARES = {
    "ketamine": 700.0, "s_ketamine": 320.0, "r_ketamine": 380.0, "norketamine": 580.0, "s_norketamine": 280.0,
    "r_norketamine": 300.0,
}  # fmt: skip
COLUMNS = {
    "participants": "id study_id cohort origin",
    "demographics": "participant_id age_years sex race ethnicity",
    "consents": "participant_id occurred_at",
    "statuses": "participant_id axis value explanation occurred_at entered_at",
    "eligibility": "participant_id is_eligible",
    "antidepressant_trials": "participant_id drug",
    "infusions": "id participant_id occurred_at ended_at is_completed",
    "rates": "infusion_id participant_id occurred_at rate",
    "assessments": "participant_id visit_id occurred_at instrument total subscales",
    "vitals": "participant_id visit_id occurred_at systolic diastolic",
    "side_effects": "participant_id visit_id occurred_at scores",
    "serum": "participant_id occurred_at analyte concentration below_limit sample__sample",
    "sessions": "id participant_id occurred_at timepoint is_usable",
    "volumes": "participant_id session_id structure volume_mm3",
    "networks": "participant_id session_id network value",
    "visits": "id participant_id code due_at opens_at closes_at",
    "adverse_events": "participant_id occurred_at term grade is_serious",
    "deviations": "participant_id occurred_at kind summary is_important is_void",
}


def read_csv(name: str) -> list[dict[str, str]]:
    """Rows of a data file without its comments."""
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


@dataclass
class Builder:
    """Collects rows per table and turns them into frames."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    signatures: tuple[Signed, ...] = ()

    def add(self, table: str, **values: Any) -> None:
        self.rows[table].append(values)

    def visit(self, person: str, code: str, at: datetime) -> str:
        identity = f"{person}/{code}"
        half = timedelta(minutes=15)
        self.add(
            "visits",
            id=identity,
            participant_id=person,
            code=code,
            due_at=at,
            opens_at=at - half,
            closes_at=at + half,
        )
        return identity

    def extracts(self) -> Extracts:
        frames: dict[str, Any] = {
            name: pd.DataFrame(self.rows[name], columns=COLUMNS[name].split()) for name in COLUMNS
        }
        return Extracts(**frames, data_cut=CUT, is_cohort=True, signatures=self.signatures)


def empty() -> Extracts:
    """A trial in which nothing has happened yet."""
    return Builder().extracts()


def signatures() -> tuple[Signed, ...]:
    """The PI has signed the protocol and three visits, of which one was changed afterwards and one line altered."""

    def one(place: int, standing: str, **changes: Any) -> Signed:
        at = CUT - timedelta(days=9 - place)
        name = f"Visit Week {place} of STL-0001-2"
        signed = Signed(name, "visits", False, "Pia Lead", "PI", "approved", at, "0" * 64, standing)
        return signed._replace(**changes)

    protocol = one(0, "valid", subject="Protocol ketamine_96h_v1", kind="protocol versions", is_protocol=True)
    void = one(2, "void", since=CUT - timedelta(days=1))
    return protocol, one(1, "valid"), void, one(3, "broken")


def cohort() -> Extracts:
    """The whole synthetic cohort."""
    build = Builder(signatures=signatures())
    rows = read_csv("cohort.csv")
    for place, row in enumerate(rows):
        enrol(build, row, place)
    started = [row for row in rows if row["madrs_base"]]
    for place, row in enumerate(started):
        treat(build, row, place, len(started))
    scan(build, started)
    return build.extracts()


def enrol(build: Builder, row: dict[str, str], place: int) -> None:
    """Consent, and for who did not start the reason: one failed the criteria, three withdrew."""
    person, at = row["id"], START - timedelta(days=20)
    build.add("participants", id=person, study_id=person, cohort="patient", origin="demo")
    build.add("consents", participant_id=person, occurred_at=at)
    if row["madrs_base"]:
        return
    value = "screen_failure" if person == "X01" else "withdrew"
    status(build, person, at, "enrolment", value)


def status(build: Builder, person: str, at: datetime, axis: str, value: str, why: str = "") -> None:
    """A dated status."""
    build.add(
        "statuses", participant_id=person, axis=axis, value=value, explanation=why, occurred_at=at, entered_at=at
    )  # fmt: skip


def begins(place: int) -> datetime:
    """When the infusion of the participant at that place among those who started begins."""
    return START + timedelta(days=30 * place)


def treat(build: Builder, row: dict[str, str], place: int, number: int) -> None:
    """Everything of one participant whose infusion started."""
    person, start = row["id"], begins(place)
    completed = row["completed_infusion"] == "1"
    end = start + timedelta(hours=96 if completed else 30)
    build.add(
        "demographics", participant_id=person, age_years=int(row["age"]), race="white",
        sex={"M": "male", "F": "female"}[row["sex"]], ethnicity=row["ethnicity"].replace(" ", "_"),
    )  # fmt: skip
    for trial in range(int(row["prior_trials"])):
        build.add("antidepressant_trials", participant_id=person, drug=f"drug {trial}")
    build.add(
        "infusions",
        id=f"I-{person}",
        participant_id=person,
        occurred_at=start,
        ended_at=end,
        is_completed=completed,
    )
    for hour, rate in ((0, "0.15"), (12, row["dose"]), (90, "0")):
        at = start + timedelta(hours=hour)
        build.add("rates", infusion_id=f"I-{person}", participant_id=person, occurred_at=at, rate=Decimal(rate))
    if not row["madrs_wk8"]:
        why = "psychiatric hospitalisation" if completed else "left the trial with the infusion"
        status(build, person, end + timedelta(days=60), "follow_up", "lost", why)
    rate_before(build, row, person, start)
    rate_after(build, row, person, end)
    rate_days(build, row, person, start)
    if completed:
        measure(build, person, start, place, number)
        discharge(build, row, person, end)
        levels(build, person, start, float(row["dose"]), place)


def score(
    build: Builder, person: str, visit: str, at: datetime, instrument: str, total: int | None, **parts: int
) -> None:
    """One rated instrument."""
    value = None if total is None else Decimal(total)
    build.add(
        "assessments", participant_id=person, visit_id=visit, occurred_at=at, instrument=instrument, total=value,
        subscales=parts,
    )  # fmt: skip


def rate_before(build: Builder, row: dict[str, str], person: str, start: datetime) -> None:
    """Screening, and the baseline that counts."""
    early = start - timedelta(days=15)
    score(build, person, build.visit(person, "screening", early), early, "madrs", 30)
    at = start - timedelta(days=1)
    visit = build.visit(person, "baseline", at)
    score(build, person, visit, at, "madrs", int(row["madrs_base"]))
    severity = {"moderate": 4, "marked": 5, "severe": 6}[row["severity"]]
    score(build, person, visit, at, "cgi_s", severity)
    score(build, person, visit, at, "bprs", 30, positive=4)


def rate_after(build: Builder, row: dict[str, str], person: str, end: datetime) -> None:
    """MADRS and CGI-I after the infusion."""
    for code, (key, days) in AFTER.items():
        if row[f"madrs_{key}"]:
            at = end + timedelta(days=days)
            visit = build.visit(person, code, at)
            score(build, person, visit, at, "madrs", int(row[f"madrs_{key}"]))
            score(build, person, visit, at, "cgi_i", int(row[f"cgii_{key}"]))


def rate_days(build: Builder, row: dict[str, str], person: str, start: datetime) -> None:
    """BPRS positive symptoms on each infusion day."""
    for day in range(1, 6):
        if row[f"bprs_d{day}"]:
            at = start + timedelta(days=day - 1, hours=5 if day < 5 else -1)
            visit = build.visit(person, f"infusion_day_{day}", at)
            score(build, person, visit, at, "bprs", 30, positive=int(row[f"bprs_d{day}"]))
            nausea = {
                "fatigue": int((day + len(person) + int(row["age"])) % 3 == 0),
                "nausea": int(row["age"]) % 2,
            }
            build.add("side_effects", participant_id=person, visit_id=visit, occurred_at=at, scores=nausea)


def measure(build: Builder, person: str, start: datetime, place: int, number: int) -> None:
    """Pressures: 120/70 before, and changes around +8/+5 that balance over the completers."""
    sway = (place % 2 * 2 - 1) * (1 + place // 2)
    before = start - timedelta(hours=2)
    build.add(
        "vitals", participant_id=person, visit_id=build.visit(person, "admission", before), occurred_at=before,
        systolic=120, diastolic=70,
    )  # fmt: skip
    at = start + timedelta(hours=94)
    build.visit(person, "day_5_0800", at)
    build.add(
        "vitals", participant_id=person, visit_id=None, occurred_at=at + timedelta(minutes=3), systolic=128 + sway,
        diastolic=75 - sway,
    )  # fmt: skip


def discharge(build: Builder, row: dict[str, str], person: str, end: datetime) -> None:
    """The checklist at discharge, for those the publication counts."""
    if row["dc_fatigue"]:
        at = end + timedelta(hours=4)
        scores = {item: int(row[key]) for key, item in DISCHARGE.items()}
        visit = build.visit(person, "discharge", at)
        build.add("side_effects", participant_id=person, visit_id=visit, occurred_at=at, scores=scores)


def levels(build: Builder, person: str, start: datetime, rate: float, place: int) -> None:
    """A sample a day at a level that follows the rate, with a fixed scatter."""
    for sample, hour in (
        ("before_start", -1),
        ("day_2_0800", 22),
        ("day_5_0800", 94),
        ("one_hour_after", 97),
    ):
        for analyte, share in SHARES.items():
            scatter = 1 + 0.1 * ((7 * place + len(analyte)) % 5 - 2)
            value = Decimal(f"{share * rate * scatter:.3f}") if hour > 0 else None
            build.add(
                "serum", participant_id=person, occurred_at=start + timedelta(hours=hour), analyte=analyte,
                concentration=value, below_limit=value is None, sample__sample=sample,
            )  # fmt: skip


def scan(build: Builder, started: list[dict[str, str]]) -> None:
    """Connectivity of one synthetic subject of the same response for each patient seen at week 2; volumes."""
    seen = [row for row in started if row["madrs_wk2"]]
    rows = read_csv("connectivity.csv")
    for silent in ("0", "1"):
        people = [row for row in seen if (2 * int(row["madrs_wk2"]) > int(row["madrs_base"])) == (silent == "1")]
        known = sorted({int(r["subject"]) for r in rows if r["non_responder"] == silent})
        for row, subject in zip(people, known, strict=True):
            own = [r for r in rows if int(r["subject"]) == subject]
            sessions(build, row["id"], begins(started.index(row)), own)
    for row in started:
        if row["rhipp_permille"]:
            session = f"{row['id']}/pre1"
            ratio = float(row["rhipp_permille"])
            for structure, volume in structures(ratio, int(row["age"])):
                build.add(
                    "volumes", participant_id=row["id"], session_id=session, structure=structure,
                    volume_mm3=Decimal(f"{volume:.3f}"),
                )  # fmt: skip


def structures(ratio: float, age: int) -> Iterable[tuple[str, float]]:
    """Volumes (mm3) with an intracranial volume of 1,500,000 mm3."""
    yield "etiv", 1_500_000.0
    yield "right_hippocampus", ratio * 1500
    for place, name in enumerate(
        ("left_hippocampus", "left_amygdala", "right_amygdala", "left_accumbens", "right_accumbens")
    ):
        yield name, 1000.0 + 10 * ((age * (place + 3)) % 17)


def sessions(build: Builder, person: str, start: datetime, rows: list[dict[str, str]]) -> None:
    """Pre1 and Pre2 lie evenly around the value before, so that their mean is that value."""
    for row in rows:
        shifts = {"post": 0.0} if row["post"] == "1" else {"pre1": 0.01, "pre2": -0.01}
        for timepoint, shift in shifts.items():
            session = f"{person}/{timepoint}"
            at = start + timedelta(days=DAYS[timepoint])
            build.add(
                "sessions", id=session, participant_id=person, occurred_at=at, timepoint=timepoint, is_usable=True
            )  # fmt: skip
            for network in ("dmn", "sgacc_dmn", "limbic"):
                value = float(row[network]) + shift
                build.add("networks", participant_id=person, session_id=session, network=network, value=value)
