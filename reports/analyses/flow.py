"""Flow of participants (S01 to S08): who entered, who left where and why, who was seen."""

from __future__ import annotations

from textwrap import wrap
from typing import NamedTuple

import pandas as pd

from reports.analyses.finding import Finding, course, follow_up_visits, population, scores
from reports.datasets import Datasets
from reports.display.parts import Box, Flow, Text
from reports.display.printing import Printer, sentence
from trial.protocol import Protocol

ID = "flow"
COMPLETED_ROW = 2
UNKNOWN = "reason not recorded"
LINE, MOST_LINES = 32, 3


class Flowing(NamedTuple):
    """The patients of each step, as rows of adsl; every participant who consented is in one step only."""

    consented: pd.DataFrame
    failed: pd.DataFrame
    withdrew: pd.DataFrame
    waiting: pd.DataFrame
    started: pd.DataFrame
    unconsented: pd.DataFrame
    stopped: pd.DataFrame
    running: pd.DataFrame
    completed: pd.DataFrame


def steps(datasets: Datasets) -> Flowing:
    """Part the patients by their flags, not by subtracting totals."""
    patients = datasets.adsl[datasets.adsl["COHORT"] == "patient"]
    started, consented = patients[patients["STARTFL"]], patients[patients["CONSFL"]]
    before = consented[~consented["STARTFL"]]
    failed = before[before["SCRFFL"]]
    withdrew = before[before["WDRFL"] & ~before["SCRFFL"]]
    return Flowing(
        consented=consented,
        failed=failed,
        withdrew=withdrew,
        waiting=before[~before["SCRFFL"] & ~before["WDRFL"]],
        started=started,
        unconsented=started[~started["CONSFL"]],
        stopped=started[~started["COMPLFL"] & ~started["ONGOFL"]],
        running=started[started["ONGOFL"]],
        completed=started[started["COMPLFL"]],
    )


def run(datasets: Datasets, protocol: Protocol) -> Finding:
    """Count who consented, left, started, completed and was seen; the diagram after CONSORT."""
    say = Printer(ID)
    flow = steps(datasets)
    wide = course(datasets, "MADRS", pd.Index(flow.completed["USUBJID"]))
    seen = {visit: scores(wide, visit).notna() for visit in follow_up_visits(protocol, "madrs")}
    final = datasets.adex.set_index("USUBJID")["FINRATE"].reindex(flow.completed["USUBJID"]).dropna()
    below = (int((final < float(protocol.titration.target.decimal)).sum()), len(final))
    told = sentence(
        "Of {completed} participants who completed the infusion and have rates on record, {below} had a final rate "
        "below the target of {target} mg/kg/h.",
        completed=say.number("below_target.denominator", "Completed, with rates on record", below[1]),
        below=say.number("below_target.count", "Final rate below target", below[0]),
        target=protocol.titration.target.text,
    )
    readings = sentence(
        "The publication contradicts itself on completion: 22 of 23 in its Results, 21 of 23 in its Abstract. Here "
        "{completed} of {started} have an infusion recorded as completed.",
        completed=say.number("completed_again", "Infusion completed", len(flow.completed)),
        started=say.number("started_again", "Infusion started", len(flow.started)),
    )
    diagram = Flow(
        "", population(datasets, protocol, "consented").text(say), _boxes(say, datasets, flow, seen, protocol)
    )
    contract = _contract(flow, {visit: int(flags.sum()) for visit, flags in seen.items()}, below)
    return Finding(ID, "Flow of participants", (diagram, told, readings), contract)


def _boxes(
    say: Printer, datasets: Datasets, flow: Flowing, seen: dict[str, pd.Series], protocol: Protocol
) -> tuple[Box, ...]:
    def line(key: str, label: str, who: pd.DataFrame) -> Text:
        return (f"{label}: ", say.number(key, label, len(who)))

    left = [
        line("screen_failures", "Did not meet the criteria", flow.failed),
        line("withdrew", "Withdrew before the infusion", flow.withdrew),
    ]
    if len(flow.waiting):
        left.append(line("waiting", "Infusion not yet started", flow.waiting))
    starts = [line("started", "Infusion started", flow.started)]
    if len(flow.unconsented):
        starts.append(line("unconsented", "of them without consent on record", flow.unconsented))
    ends = [line("stopped_early", "Infusion not completed", flow.stopped), *_lost(say, "stopped_early", flow.stopped)]
    if len(flow.running):
        ends.append(line("running", "Infusion still running", flow.running))
    first = [line("consented", "Consented", flow.consented)]
    refused = datasets.refusals[datasets.refusals["COHORT"] == "patient"]
    if len(refused):
        first.append(line("refused", "Use of data refused, not counted", refused))
    boxes = [
        Box(0, tuple(first)),
        Box(0, tuple(left), is_side=True),
        Box(1, tuple(starts)),
        Box(1, tuple(ends), is_side=True),
        Box(COMPLETED_ROW, (line("completed", "Infusion completed", flow.completed),)),
    ]
    return (*boxes, *_follow_up(say, flow.completed, seen, protocol))


def _lost(say: Printer, key: str, who: pd.DataFrame) -> list[Text]:
    """Who was lost to follow-up, and a line for each reason."""
    lost = who[who["LOSTFL"]]
    if lost.empty:
        return []
    reasons = lost["LOSTRS"].str.strip().replace("", UNKNOWN).value_counts().sort_index()
    lines: list[Text] = [("Lost to follow-up: ", say.number(f"lost.{key}", f"Lost to follow-up, {key}", len(lost)))]
    for place, (reason, count) in enumerate(reasons.items(), start=1):
        number = say.number(f"lost.{key}.reason_{place}", f"Lost to follow-up: {reason}", int(count))
        *first, last = wrap(str(reason), LINE)[:MOST_LINES]
        lines += [*((f"   {line}",) for line in first), (f"   {last}: ", number)]
    return lines


def _follow_up(
    say: Printer, completed: pd.DataFrame, seen: dict[str, pd.Series], protocol: Protocol
) -> tuple[Box, ...]:
    """A box per visit; who was lost stands beside the arrow after the last visit at which they were seen."""
    visits, boxes = list(seen), list[Box]()
    by_subject = pd.DataFrame(seen).reindex(completed["USUBJID"])
    last = {
        who: max((visits.index(v) + 1 for v in visits if flags[v]), default=0) for who, flags in by_subject.iterrows()
    }
    left_after = completed["USUBJID"].map(last).where(completed["LOSTFL"])
    for place in range(len(visits) + 1):
        gone = completed[left_after == place]
        if lines := _lost(say, visits[place - 1] if place else "completed", gone):
            boxes.append(Box(COMPLETED_ROW + place, tuple(lines), is_side=True))
        if place == len(visits):
            break
        visit, still = visits[place], completed[~(left_after <= place)]
        label = protocol.visits[visit].label
        number = say.number(f"seen.{visit}", f"MADRS obtained at {label}", int(seen[visit].sum()))
        lines = [(f"{label}, MADRS obtained: ", number)]
        if missed := len(still) - int(seen[visit].sum()):
            text = "Not obtained, not lost"
            lines.append((f"{text}: ", say.number(f"missed.{visit}", f"{label}: {text.lower()}", missed)))
        boxes.append(Box(COMPLETED_ROW + 1 + place, tuple(lines)))
    return tuple(boxes)


def _contract(flow: Flowing, seen: dict[str, int], below: tuple[int, int]) -> dict[str, dict[str, object]]:
    started, completed = len(flow.started), len(flow.completed)
    return {
        "S01": {"count": len(flow.consented)},
        "S02": {"count": len(flow.failed)},
        "S03": {"count": len(flow.withdrew)},
        "S04": {"count": started},
        "S05": {"count": completed, "denominator": started},
        "S06": {"count": seen["day_6"]},
        "S07": {"week_2.count": seen["week_2"], "week_8.count": seen["week_8"]},
        "S08": {"count": below[0], "denominator": below[1]},
    }
