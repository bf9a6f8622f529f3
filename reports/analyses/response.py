"""Response and remission (S29 to S38): proportions of those observed, with intervals."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from reports.analyses.finding import Finding, Population, attempt, course, follow_up_visits, population, scores, values
from reports.datasets import Datasets
from reports.datasets.baseline import BASELINE
from reports.display.parts import Table, Text
from reports.display.printing import Printer, cell, sentence
from reports.stats.proportions import McNemar, Proportion, mcnemar_exact, proportion
from trial.protocol import Protocol

ID = "response"
FIELDS = "count denominator percent wilson_low wilson_high exact_low exact_high"
RESPONSE_IDS = {"day_6": "S29", "week_2": "S30", "week_8": "S31"}
REMISSION_IDS = {"day_6": "S32", "week_2": "S33", "week_8": "S34"}
Counts = Mapping[str, tuple[int, int]]


def responded(wide: pd.DataFrame, visit: str, protocol: Protocol) -> pd.Series:
    """Whether the score fell by at least the protocol's share of the baseline; exact ties count; NA unobserved."""
    base, post = scores(wide, BASELINE), scores(wide, visit)
    share = float(protocol.outcomes.response_fall_at_least.decimal)
    fell = (100 * (base - post) >= share * base) & (base > 0)
    return fell.astype("boolean").mask(base.isna() | post.isna())


def remitted(wide: pd.DataFrame, visit: str, protocol: Protocol) -> pd.Series:
    """Whether the score is below the protocol's limit of remission; NA where not observed."""
    post = scores(wide, visit)
    return (post < float(protocol.outcomes.remission_below.decimal)).astype("boolean").mask(post.isna())


def improved(wide: pd.DataFrame, visit: str, protocol: Protocol) -> pd.Series:
    """Whether CGI-I is one of the protocol's responder categories; NA where not observed."""
    rated = scores(wide, visit)
    wanted = [float(category) for category in protocol.outcomes.cgi_i_responder.decimals]
    return rated.isin(wanted).astype("boolean").mask(rated.isna())


def counted(flags: pd.Series) -> tuple[int, int]:
    """How many are true, and how many are observed."""
    return int(flags.sum()), int(flags.notna().sum())


def counts_by_visit(datasets: Datasets, protocol: Protocol, subjects: pd.Index) -> dict[str, Counts]:
    """Response, remission and CGI-I responders at every visit after the infusion: (count, observed)."""
    madrs, cgi = course(datasets, "MADRS", subjects), course(datasets, "CGI_I", subjects)
    visits = follow_up_visits(protocol, "madrs")
    return {
        "response": {visit: counted(responded(madrs, visit, protocol)) for visit in visits},
        "remission": {visit: counted(remitted(madrs, visit, protocol)) for visit in visits},
        "cgi_i": {visit: counted(improved(cgi, visit, protocol)) for visit in visits},
    }


def estimate(count: int, of: int) -> Proportion | None:
    """The proportion with its intervals; None without a denominator."""
    return attempt(lambda: proportion(count, of))[0]


def proportion_cells(say: Printer, key: str, label: str, count: int, of: int) -> tuple[Text, ...]:
    """Cells of a proportion: share, Wilson limits, exact limits."""
    found = estimate(count, of)
    low, high = getattr(found, "wilson_low", None), getattr(found, "wilson_high", None)
    exact_low, exact_high = getattr(found, "exact_low", None), getattr(found, "exact_high", None)
    return (
        say.share(key, label, count, of),
        say.interval(f"{key}.wilson", f"{label}, Wilson", low, high, 1),
        say.interval(f"{key}.exact", f"{label}, Clopper-Pearson", exact_low, exact_high, 1),
    )


def contract_proportion(count: int, of: int) -> dict[str, object]:
    """The contract's keys of a proportion; counts stand even without a denominator."""
    return values(estimate(count, of), FIELDS) | {"count": count, "denominator": of}


def run(datasets: Datasets, protocol: Protocol) -> Finding:
    """Proportions on the per-protocol population, who stayed, and the worst case."""
    say = Printer(ID)
    who = population(datasets, protocol, "per_protocol")
    started = population(datasets, protocol, "started")
    counts = counts_by_visit(datasets, protocol, who.subjects)
    wide = course(datasets, "MADRS", who.subjects)
    first, later = protocol.outcomes.sustained_visits.codes
    sustained, changed = _sustained(wide, first, later, protocol)
    severe = int((scores(wide, "day_6") > float(protocol.outcomes.severe_above.decimal)).sum())
    worst = {visit: (counts["response"][visit][0], who.n) for visit in (first, later)}
    parts = (
        _table(say, counts, protocol, who),
        _strictly(say, wide, protocol),
        _kept(say, sustained, changed, protocol),
        _severe(say, severe, counts, protocol),
        _worst(say, worst, started.n, protocol),
    )
    rows: dict[str, dict[str, object]] = {}
    for name, ids in (("response", RESPONSE_IDS), ("remission", REMISSION_IDS)):
        rows |= {identity: contract_proportion(*counts[name][visit]) for visit, identity in ids.items()}
    rows["S35"] = contract_proportion(*sustained)
    count, seen = counts["response"][protocol.outcomes.response_visit.codes[0]]
    rows["S36"], rows["S37"] = {"count": seen - count}, {"count": severe}
    rows["S38"] = {
        f"{visit}.{key}": value
        for visit, pair in worst.items()
        for key, value in zip(("count", "denominator", "percent"), (*pair, _percent(*pair)), strict=True)
    }
    return Finding(ID, "Response and remission", parts, rows)


def _percent(count: int, of: int) -> float | None:
    return 100 * count / of if of else None


def _sustained(
    wide: pd.DataFrame, first: str, later: str, protocol: Protocol
) -> tuple[tuple[int, int], McNemar | None]:
    """Responders at the first visit who respond at the later one, of those observed; and exact McNemar."""
    pair = pd.DataFrame({"first": responded(wide, first, protocol), "later": responded(wide, later, protocol)})
    pair = pair.dropna().astype(bool)
    both, lost = int((pair["first"] & pair["later"]).sum()), int((pair["first"] & ~pair["later"]).sum())
    gained, neither = (
        int((~pair["first"] & pair["later"]).sum()),
        int((~pair["first"] & ~pair["later"]).sum()),
    )
    return (both, both + lost), attempt(lambda: mcnemar_exact(both, lost, gained, neither))[0]


def _table(say: Printer, counts: Mapping[str, Counts], protocol: Protocol, who: Population) -> Table:
    titles = {"response": "Response", "remission": "Remission"}
    rows = tuple(
        (
            cell(f"{title}, {protocol.visits[visit].label.lower()}"),
            *proportion_cells(say, f"{name}.{visit}", f"{title} at {protocol.visits[visit].label}", count, of),
        )
        for name, title in titles.items()
        for visit, (count, of) in counts[name].items()
    )
    fall, below = protocol.outcomes.response_fall_at_least.text, protocol.outcomes.remission_below.text
    return Table(
        "Response and remission by MADRS",
        who.text(say, "each visit counts those observed"),
        ("Outcome and visit", "n/N (%)", "95% CI, Wilson (%)", "95% CI, Clopper-Pearson (%)"),
        rows,
        (3, 1.5, 1.6, 1.9),
        (
            f"Response: a fall of at least {fall}% from the participant's own baseline; an exact tie counts. Figure "
            f"2 of the publication says more than {fall}%; its Methods say at least, which holds here. Remission: a "
            f"total below {below}.",
        ),
    )


def _strictly(say: Printer, wide: pd.DataFrame, protocol: Protocol) -> Text:
    """Response by the other reading, a fall of more than the share: without the exact ties."""
    share = float(protocol.outcomes.response_fall_at_least.decimal)
    text: Text = ("Response by the reading of Figure 2, where an exact tie does not count:",)
    for visit in RESPONSE_IDS:
        base, post = scores(wide, BASELINE), scores(wide, visit)
        seen = base.notna() & post.notna()
        count = int((seen & (100 * (base - post) > share * base)).sum())
        label = protocol.visits[visit].label
        found = say.share(f"strict.{visit}", f"Response at {label} by more than the share", count, int(seen.sum()))
        text += (";" if len(text) > 1 else "", f" {label.lower()} ", *found)
    return (*(piece for piece in text if piece), ".")


def _kept(say: Printer, kept: tuple[int, int], changed: McNemar | None, protocol: Protocol) -> Text:
    first, later = (protocol.visits[code].label.lower() for code in protocol.outcomes.sustained_visits.codes)
    text = sentence(
        f"Of the responders at {first} who were seen at {later}, {{share}} still responded then.",
        share=say.share("sustained", f"Sustained response, {first} to {later}", *kept),
    )
    if changed is None:
        return text
    return text + sentence(
        " {lost} lost the response and {gained} gained it: exact McNemar p {p} (n = {n}).",
        lost=say.number("mcnemar.lost", "Lost the response", changed.lost),
        gained=say.number("mcnemar.gained", "Gained the response", changed.gained),
        p=say.p("mcnemar.p", "Exact McNemar", changed.p),
        n=say.number("mcnemar.n", "Seen at both visits", changed.n),
    )


def _severe(say: Printer, severe: int, counts: Mapping[str, Counts], protocol: Protocol) -> Text:
    visit = protocol.outcomes.response_visit.codes[0]
    count, seen = counts["response"][visit]
    return sentence(
        f"{{severe}} of {{n}} had a MADRS above {protocol.outcomes.severe_above.text} at "
        f"{protocol.visits['day_6'].label.lower()}. At {protocol.visits[visit].label.lower()} {{non}} of {{seen}} "
        "did not respond.",
        severe=say.number("severe.count", "MADRS above the limit on day 6", severe),
        n=say.number("severe.n", "MADRS observed on day 6", counts["response"]["day_6"][1]),
        non=say.number("non_responders.count", "Non-responders", seen - count),
        seen=say.number("non_responders.n", "Observed at the response visit", seen),
    )


def _worst(say: Printer, worst: dict[str, tuple[int, int]], started: int, protocol: Protocol) -> Text:
    text: Text = ("Worst case, everyone not seen counted as a non-responder:",)
    for visit, (count, of) in worst.items():
        label = protocol.visits[visit].label
        text += sentence(
            f" {label.lower()} {{narrow}} of the per-protocol population, {{wide}} of all who started;",
            narrow=say.share(f"worst.{visit}", f"Worst-case response at {label}, per protocol", count, of),
            wide=say.share(f"worst_started.{visit}", f"Worst-case response at {label}, started", count, started),
        )
    return (*text, " the publication prints the first and leaves out who stopped the infusion.")
