"""Flow of participants (S01 to S08)."""

from __future__ import annotations

from reports.analyses.finding import Finding, course, follow_up_visits, population, scores
from reports.datasets import Datasets
from reports.display.parts import Box, Flow, Number, Text
from reports.display.printing import Printer, sentence
from trial.protocol import Protocol

ID = "flow"


def run(datasets: Datasets, protocol: Protocol) -> Finding:
    """Count who consented, left, started, completed and was seen; the diagram after CONSORT."""
    say = Printer(ID)
    patients = datasets.adsl[datasets.adsl["COHORT"] == "patient"]
    consented, started = patients[patients["CONSFL"]], patients[patients["STARTFL"]]
    completed = started[started["COMPLFL"]]
    seen = _seen(datasets, protocol)
    exposure = datasets.adex[datasets.adex["USUBJID"].isin(completed["USUBJID"])]
    below = int((exposure["FINRATE"] < float(protocol.titration.target.decimal)).sum())
    failed, withdrew = int(consented["SCRFFL"].sum()), int(consented["WDRFL"].sum())
    n = {
        "consented": say.number("consented", "Consented", len(consented)),
        "failed": say.number("screen_failures", "Did not meet the criteria", failed),
        "withdrew": say.number("withdrew", "Withdrew before the infusion", withdrew),
        "started": say.number("started", "Infusion started", len(started)),
        "completed": say.number("completed", "Infusion completed", len(completed)),
        "stopped": say.number("stopped_early", "Infusion not completed", len(started) - len(completed)),
    }
    waiting = len(consented) - failed - withdrew - len(started)
    if waiting:
        n["waiting"] = say.number("waiting", "Consented, infusion not yet started", waiting)
    boxes = _boxes(say, n, seen, protocol)
    told = sentence(
        "Of {completed} participants who completed the infusion, {below} had a final rate below the target of "
        "{target} mg/kg/h.",
        completed=say.number("below_target.denominator", "Completed", len(completed)),
        below=say.number("below_target.count", "Final rate below target", below),
        target=protocol.titration.target.text,
    )
    readings = sentence(
        "The publication contradicts itself on completion: 22 of 23 in its Results, 21 of 23 in its Abstract. Here "
        "{completed} of {started} have an infusion recorded as completed.",
        completed=say.number("completed_again", "Infusion completed", len(completed)),
        started=say.number("started_again", "Infusion started", len(started)),
    )
    flow = Flow("", "All patients who consented", boxes)
    return Finding(ID, "Flow of participants", (flow, told, readings), _contract(datasets, protocol, seen, below))


def _seen(datasets: Datasets, protocol: Protocol) -> dict[str, int]:
    """Participants with a MADRS total at each visit after the infusion, among all who started."""
    wide = course(datasets, "MADRS", population(datasets, protocol, "started").subjects)
    return {visit: int(scores(wide, visit).notna().sum()) for visit in follow_up_visits(protocol, "madrs")}


def _boxes(say: Printer, n: dict[str, Number], seen: dict[str, int], protocol: Protocol) -> tuple[Box, ...]:
    left: list[Text] = [
        ("Did not meet the criteria: ", n["failed"]),
        ("Withdrew before infusion: ", n["withdrew"]),
    ]
    if "waiting" in n:
        left.append(("Infusion not yet started: ", n["waiting"]))
    boxes = [
        Box(0, (("Consented: ", n["consented"]),)),
        Box(0, tuple(left), is_side=True),
        Box(1, (("Infusion started: ", n["started"]),)),
        Box(1, (("Infusion not completed: ", n["stopped"]),), is_side=True),
        Box(2, (("Infusion completed: ", n["completed"]),)),
    ]
    for row, (visit, count) in enumerate(seen.items(), start=3):
        label = protocol.visits[visit].label
        number = say.number(f"seen.{visit}", f"MADRS obtained at {label}", count)
        boxes.append(Box(row, ((f"{label}, MADRS obtained: ", number),)))
    return tuple(boxes)


def _contract(datasets: Datasets, protocol: Protocol, seen: dict[str, int], below: int) -> dict[str, dict[str, object]]:
    adsl = datasets.adsl[(datasets.adsl["COHORT"] == "patient") & datasets.adsl["CONSFL"]]
    started, completed = int(adsl["STARTFL"].sum()), int((adsl["STARTFL"] & adsl["COMPLFL"]).sum())
    return {
        "S01": {"count": len(adsl)},
        "S02": {"count": int(adsl["SCRFFL"].sum())},
        "S03": {"count": int(adsl["WDRFL"].sum())},
        "S04": {"count": started},
        "S05": {"count": completed, "denominator": started},
        "S06": {"count": seen["day_6"]},
        "S07": {"week_2.count": seen["week_2"], "week_8.count": seen["week_8"]},
        "S08": {"count": below, "denominator": completed},
    }
