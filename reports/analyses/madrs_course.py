"""MADRS over time (S18 to S28): description, repeated-measures ANOVA, paired t tests and effect sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from reports.analyses.finding import (
    Finding,
    Population,
    attempt,
    course,
    follow_up_visits,
    population,
    scores,
    values,
)
from reports.analyses.response import counts_by_visit
from reports.datasets import Datasets
from reports.datasets.baseline import BASELINE
from reports.display.figures import course_figure
from reports.display.parts import Figure, Table, Text
from reports.display.printing import Printer, cell, rounded, sentence
from reports.stats.description import Description, describe
from reports.stats.paired import DEFINITIONS, PairedEffects, PairedT, paired_effects, paired_t
from reports.stats.repeated_measures import RepeatedMeasures, rm_anova
from trial.protocol import Protocol

ID = "madrs_course"
MARKED = 0.001
EFFECTS = ("d_total", "d_z", "d_av", "hedges_g")
PUBLISHED = {"day_6": ("S18", "S19", "S20"), "week_2": ("S21", "S22", "S23"), "week_8": ("S24", "S25", "S26")}


class AtVisit(NamedTuple):
    """One visit: description, paired test and effects against baseline, and why a test is missing."""

    described: Description
    test: PairedT | None
    effects: PairedEffects | None
    refusal: str


def at_visit(wide: pd.DataFrame, visit: str) -> AtVisit:
    """Describe one visit and compare it with the baseline over complete pairs."""
    base, post = scores(wide, BASELINE), scores(wide, visit)
    test, refusal = attempt(lambda: paired_t(base, post))
    effects, _ = attempt(lambda: paired_effects(base, post))
    return AtVisit(describe(post), test, effects, refusal)


def over_time(wide: pd.DataFrame, visits: Sequence[str]) -> tuple[RepeatedMeasures | None, str]:
    """Repeated-measures ANOVA over the visits, listwise; refused when nobody was observed at one of them."""
    empty = [visit.replace("_", " ") for visit in visits if not scores(wide, visit).notna().any()]
    if empty:
        return None, f"Nobody was observed at {', '.join(empty)}."
    tall = wide[list(visits)].rename_axis("USUBJID").reset_index().melt("USUBJID", var_name="AVISIT", value_name="AVAL")
    return attempt(lambda: rm_anova(tall, subject="USUBJID", within="AVISIT", value="AVAL"))


def run(datasets: Datasets, protocol: Protocol) -> Finding:
    """Reproduce the published course on the per-protocol population; n is printed with every number."""
    say = Printer(ID)
    who = population(datasets, protocol, "per_protocol")
    started = population(datasets, protocol, "started")
    wide = course(datasets, "MADRS", who.subjects)
    visits = follow_up_visits(protocol, "madrs")
    found = {visit: at_visit(wide, visit) for visit in visits}
    anova, refusal = over_time(wide, protocol.analysis.repeated_measures_visits.codes)
    before = describe(scores(course(datasets, "MADRS", started.subjects), BASELINE))
    parts = (
        _summary(say, found, before, started.n, protocol),
        _figure(say, datasets, protocol, wide, found),
        _test_table(say, found, protocol, who, describe(scores(wide, BASELINE))),
        _effect_table(say, found, protocol, who),
        _anova_sentence(say, anova, refusal, protocol),
    )
    return Finding(ID, "Depression severity (MADRS)", parts, _contract(found, anova))


def _label(protocol: Protocol, visit: str) -> str:
    return protocol.visits[visit].label


def _summary(say: Printer, found: dict[str, AtVisit], before: Description, started: int, protocol: Protocol) -> Text:
    others: Text = ()
    if before.n != started:
        others = (" with a baseline of the ", say.number("before.started", "Infusion started", started))
    pieces = sentence(
        "Mean MADRS was {mean} (SD {sd}) before the infusion in the {n}{others} who started",
        others=others,
        mean=say.number("before.mean", "MADRS before the infusion, mean", before.mean, 0),
        sd=say.number("before.sd", "MADRS before the infusion, SD", before.sd, 0),
        n=say.number("before.n", "MADRS before the infusion, n", before.n),
    )
    for visit in PUBLISHED:
        at, label = found[visit].described, _label(protocol, visit)
        pieces += sentence(
            f"; at {label.lower()} {{mean}} (SD {{sd}}, n = {{n}})",
            mean=say.number(f"text.{visit}.mean", f"MADRS {label}, mean", at.mean, 0),
            sd=say.number(f"text.{visit}.sd", f"MADRS {label}, SD", at.sd, 0),
            n=say.number(f"text.{visit}.n", f"MADRS {label}, n", at.n),
        )
    return (*pieces, ".")


def _test_table(
    say: Printer, found: dict[str, AtVisit], protocol: Protocol, who: Population, before: Description
) -> Table:
    n = cell(say.number("table.baseline.n", "MADRS baseline, n", before.n))
    moments = say.mean_sd("table.baseline", "MADRS baseline", before.mean, before.sd, (2, 2))
    rows: list[tuple[Text, ...]] = [(cell("Baseline"), n, moments, *[cell("")] * 5)]
    for visit, at in found.items():
        label, key, test = _label(protocol, visit), f"table.{visit}", at.test
        t = say.number(f"{key}.t", f"MADRS {label}, t", getattr(test, "statistic", None), 2)
        df = say.number(f"{key}.df", f"MADRS {label}, df", getattr(test, "df", None))
        low, high = getattr(test, "ci_low", None), getattr(test, "ci_high", None)
        change, sd = getattr(test, "mean_change", None), getattr(test, "sd_change", None)
        rows.append(
            (
                cell(label),
                cell(say.number(f"{key}.n", f"MADRS {label}, n", at.described.n)),
                say.mean_sd(key, f"MADRS {label}", at.described.mean, at.described.sd, (2, 2)),
                say.mean_sd(f"{key}.change", f"MADRS change at {label}", change, sd, (2, 2)),
                say.interval(f"{key}.change", f"MADRS change at {label}", low, high, 2),
                cell(t),
                cell(df),
                cell(say.p(f"{key}.p", f"MADRS change at {label}", getattr(test, "p", None))),
            )
        )
    refusals = tuple(f"{_label(protocol, v)}: no test. {at.refusal}" for v, at in found.items() if at.refusal)
    return Table(
        "MADRS total by visit, and change from baseline",
        who.text(say, "each visit counts those observed"),
        ("Visit", "n", "Mean (SD)", "Change (SD)", "95% CI", "t", "df", "p"),
        tuple(rows),
        (2.6, 0.6, 1.7, 1.9, 2.1, 0.9, 0.6, 1),
        (
            "Change is the visit minus baseline, in points: negative is improvement. Paired t test, two-sided, "
            "unadjusted, over pairs with both scores: the analysis as published. The mixed model in the section on "
            "sensitivity drops nobody for a missed visit and is to be read first.",
            *refusals,
        ),
    )


def _effect_table(say: Printer, found: dict[str, AtVisit], protocol: Protocol, who: Population) -> Table:
    rows = []
    for visit, at in found.items():
        label = _label(protocol, visit)
        shown = [
            cell(say.number(f"effect.{visit}.{name}", f"{name} at {label}", getattr(at.effects, name, None), 2))
            for name in EFFECTS
        ]
        n = say.number(f"effect.{visit}.n", f"Pairs at {label}", getattr(at.effects, "n", 0))
        rows.append((cell(label), cell(n), *shown))
    return Table(
        "Standardised effect of the change in MADRS, by definition",
        who.text(say, "pairs of baseline and visit"),
        ("Visit", "Pairs", "d (total SD)", "d_z", "d_av", "Hedges g"),
        tuple(rows),
        (2.6, 0.7, 1.2, 1, 1, 1),
        tuple(f"{name}: {DEFINITIONS[name]}" for name in EFFECTS),
    )


def _anova_sentence(say: Printer, anova: RepeatedMeasures | None, refusal: str, protocol: Protocol) -> Text:
    if anova is None:
        return (f"Repeated-measures ANOVA over time: not possible. {refusal}",)
    names = ", ".join(
        "baseline" if code == BASELINE else _label(protocol, code).lower()
        for code in protocol.analysis.repeated_measures_visits.codes
    )
    text = sentence(
        "Repeated-measures ANOVA over " + names + ", listwise, n = {n}: F({df1}, {df2}) = {f}, uncorrected p {p}; "
        "Greenhouse-Geisser epsilon {epsilon}, corrected df {cdf1} and {cdf2}, corrected p {p_gg}; generalised eta "
        "squared {ges}.",
        n=say.number("anova.n", "ANOVA, participants with every visit", anova.n),
        df1=say.number("anova.df1", "ANOVA, numerator df", anova.df1),
        df2=say.number("anova.df2", "ANOVA, denominator df", anova.df2),
        f=say.number("anova.f", "ANOVA, F", anova.statistic, 2),
        p=say.p("anova.p", "ANOVA, uncorrected", anova.p),
        epsilon=say.number("anova.epsilon", "ANOVA, Greenhouse-Geisser epsilon", anova.epsilon, 3),
        cdf1=say.number("anova.cdf1", "ANOVA, corrected numerator df", anova.epsilon * anova.df1, 2),
        cdf2=say.number("anova.cdf2", "ANOVA, corrected denominator df", anova.epsilon * anova.df2, 2),
        p_gg=say.p("anova.p_gg", "ANOVA, Greenhouse-Geisser", anova.p_gg),
        ges=say.number("anova.ges", "ANOVA, generalised eta squared", anova.ges, 3),
    )
    dropped = ", ".join(anova.dropped)
    return (*text, f" Left out for a missing visit: {dropped}.") if dropped else text


def _figure(
    say: Printer, datasets: Datasets, protocol: Protocol, wide: pd.DataFrame, found: dict[str, AtVisit]
) -> Figure:
    """The published Figure 1: the course with its shares and n below; ** where the published test gives p < 0.001."""
    visits = tuple(found)
    who = population(datasets, protocol, "per_protocol")
    columns = (BASELINE, *visits)
    labels = ["Baseline", *(_label(protocol, visit).split(" (")[0] for visit in visits)]
    counts = counts_by_visit(datasets, protocol, who.subjects)
    rows: list[tuple[Text, ...]] = []
    for name, title in (("response", "Response"), ("remission", "Remission"), ("cgi_i", "CGI-I 1 or 2")):
        cells = [cell("")]
        for visit in visits:
            count, of = counts[name][visit]
            percent = 100 * count / of if of else None
            full = f"{title} at {_label(protocol, visit)}, percent"
            cells.append(cell(say.percent(f"figure.{visit}.{name}", full, percent)))
        rows.append((cell(title), *cells))
    seen = [say.number(f"figure.{v}.n", f"MADRS observed at {v}", int(scores(wide, v).notna().sum())) for v in columns]
    rows.append((cell("n"), *[cell(number) for number in seen]))
    below = Table("", "", ("", *labels), tuple(rows), (1.4, *[1.0] * len(columns)))
    described = {label: describe(scores(wide, visit)) for label, visit in zip(labels, columns, strict=True)}
    frame = wide.reindex(columns=list(columns))
    marks = ("", *("**" if at.test is not None and at.test.p < MARKED else "" for at in found.values()))
    caption = (
        f"** p < {MARKED} against baseline (paired t test, unadjusted). "
        "Mean and SD (black) and each participant (pale). Red: infusion period. Visits are evenly spaced. Response: "
        f"fall of at least {protocol.outcomes.response_fall_at_least.text}% from baseline; remission: below "
        f"{protocol.outcomes.remission_below.text}.",
    )
    return Figure(
        "Figure 1. MADRS before and after the infusion",
        who.text(say),
        course_figure(frame, labels, marks),
        caption,
        _seen(described),
        below,
    )


def _seen(described: dict[str, Description]) -> str:
    """The course of the means in words, as the table of tests prints them."""
    course_of = "; ".join(
        f"{label} {rounded(found.mean, 2)} ({rounded(found.sd, 2)})" for label, found in described.items()
    )
    return (
        "Line chart of the MADRS total in points over the visits: a pale line for each participant, and in black the "
        f"mean with its SD. Mean (SD): {course_of}. A red bar between the first two visits marks the infusion."
    )


def _contract(found: dict[str, AtVisit], anova: RepeatedMeasures | None) -> dict[str, dict[str, object]]:
    rows: dict[str, dict[str, object]] = {}
    for visit, (described, tested, sized) in PUBLISHED.items():
        at = found[visit]
        rows[described] = values(at.described, "n mean sd")
        rows[tested] = values(at.test, "n mean_change sd_change statistic df p ci_low ci_high")
        rows[sized] = values(at.effects, " ".join(EFFECTS))
    rows["S27"] = values(anova, "n df1 df2 statistic epsilon p p_gg ges")
    rows["S28"] = {}
    for visit in ("week_4", "week_6"):
        rows["S28"] |= {f"{visit}.p": getattr(found[visit].test, "p", None)}
    for visit in ("week_4", "week_6"):
        rows["S28"] |= {f"{visit}.n": getattr(found[visit].test, "n", 0)}
    return rows
