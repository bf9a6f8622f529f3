"""Connectivity before and after the infusion (S61 to S68): the published mixed model, and REML beside it."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from reports.analyses.finding import Finding, attempt, course, scores, values
from reports.analyses.response import responded
from reports.datasets import Datasets
from reports.datasets.baseline import BASELINE
from reports.display.parts import Table, Text
from reports.display.printing import Printer, cell, sentence
from reports.stats.description import describe
from reports.stats.mixed_model.fitting import fit_mixed_model
from reports.stats.mixed_model.results import Coefficient
from trial.protocol import Protocol

ID = "connectivity"
TIME, INTERACTION = "time", "time_by_non_response"
TERMS = {
    "time": (TIME, "change in responders (published as: time)"),
    "time_by_response": (
        INTERACTION,
        "change in non-responders minus change in responders (published as: time x response)",
    ),
}
PUBLISHED = {
    ("dmn", "time"): "S62",
    ("dmn", "time_by_response"): "S63",
    ("sgacc_dmn", "time"): "S64",
    ("sgacc_dmn", "time_by_response"): "S65",
    ("limbic", "time"): "S66",
    ("limbic", "time_by_response"): "S67",
}


class NetworkFit(NamedTuple):
    """The model of one network: its size and, per term, ML on residual df and REML with Kenward-Roger."""

    subjects: int
    observations: int
    df: int | None
    published: dict[str, Coefficient]
    adjusted: dict[str, Coefficient]
    refusal: str


def model_rows(datasets: Datasets, protocol: Protocol, network: str) -> pd.DataFrame:
    """Rows of one network's model: AVAL, time (0 before, 1 after) and time x non-response, all numeric.

    Patients with a usable scan before the infusion and a known response at the protocol's response visit; a scan
    after it counts where there is one. Responders are 0, so the coefficient of time is their change.
    """
    patients = datasets.adfc[(datasets.adfc["COHORT"] == "patient") & (datasets.adfc["PARAMCD"] == network)]
    subjects = pd.Index(patients["USUBJID"].unique())
    wide = course(datasets, "MADRS", subjects)
    response = responded(wide, protocol.outcomes.response_visit.codes[0], protocol).dropna().astype(bool)
    scanned = patients.loc[patients["AVISIT"] == BASELINE, "USUBJID"]
    rows = patients[patients["USUBJID"].isin(response.index) & patients["USUBJID"].isin(scanned)]
    time = (rows["AVISIT"] != BASELINE).astype(float)
    silent = 1.0 - rows["USUBJID"].map(response).astype(float)
    return rows.assign(**{TIME: time, INTERACTION: time * silent, "non_response": silent}).reset_index(drop=True)


def fit_network(rows: pd.DataFrame) -> NetworkFit:
    """Fit ML (published) and REML (small-sample) with a random intercept per participant."""
    subjects, observations = rows["USUBJID"].nunique(), len(rows)

    def fitted() -> NetworkFit:
        fixed = [TIME, INTERACTION]
        ml = fit_mixed_model(rows, value="AVAL", fixed=fixed, subject="USUBJID", method="ML")
        reml = fit_mixed_model(rows, value="AVAL", fixed=fixed, subject="USUBJID", method="REML")
        published, adjusted = ml.coefficients("residual"), reml.coefficients("kenward-roger")
        return NetworkFit(subjects, observations, ml.residual_df, published, adjusted, "")

    found, why = attempt(fitted)
    return found or NetworkFit(subjects, observations, None, {}, {}, why)


def fit_primary(datasets: Datasets, protocol: Protocol) -> dict[str, NetworkFit]:
    """The fits of the networks that are primary outcomes."""
    primary = [name for name, network in protocol.imaging.networks.items() if network.role == "primary"]
    return {name: fit_network(model_rows(datasets, protocol, name)) for name in primary}


def run(datasets: Datasets, protocol: Protocol) -> Finding:
    """Reproduce the published model and show what a small-sample test says of the same coefficients."""
    say = Printer(ID)
    fits = fit_primary(datasets, protocol)
    size = max(fits.values(), key=lambda fit: fit.observations)
    changes, counts = _changes(say, datasets, protocol, fits)
    parts = (_size(say, size), _table(say, fits, protocol, size), changes, _groups(say, counts))
    contract: dict[str, dict[str, object]] = {
        "S61": {"subjects": size.subjects, "observations": size.observations, "df": size.df}
    }
    for (network, term), identity in PUBLISHED.items():
        name = TERMS[term][0]
        row = values(fits[network].published.get(name), "estimate se statistic df p")
        adjusted = values(fits[network].adjusted.get(name), "statistic df p")
        contract[identity] = row | {f"kr.{key}": value for key, value in adjusted.items()}
    contract["S68"] = {f"{group}.count": count for group, count in counts.items()}
    return Finding(ID, "Functional connectivity", parts, contract)


def _size(say: Printer, size: NetworkFit) -> Text:
    return sentence(
        "Linear mixed model of mean connectivity on time and time x response with a random intercept per "
        "participant: {subjects} participants with a usable scan before the infusion and a known response, "
        "{observations} observations, residual df {df}.",
        subjects=say.number("subjects", "Participants in the model", size.subjects),
        observations=say.number("observations", "Observations in the model", size.observations),
        df=say.number("df", "Residual df", size.df),
    )


def _table(say: Printer, fits: dict[str, NetworkFit], protocol: Protocol, size: NetworkFit) -> Table:
    rows, refusals = [], []
    for network, fit in fits.items():
        label = protocol.imaging.networks[network].label.text
        if fit.refusal:
            refusals.append(f"{label}: {fit.refusal}")
        for term, (name, words) in TERMS.items():
            key, full = f"{network}.{term}", f"{label}, {words}"
            ml, kr = fit.published.get(name), fit.adjusted.get(name)
            rows.append(
                (
                    cell(full),
                    cell(say.number(f"{key}.estimate", f"{full}, estimate", getattr(ml, "estimate", None), 4)),
                    say.interval(key, full, getattr(ml, "ci_low", None), getattr(ml, "ci_high", None), 3),
                    cell(say.number(f"{key}.se", f"{full}, SE", getattr(ml, "se", None), 4)),
                    cell(say.number(f"{key}.t", f"{full}, t", getattr(ml, "statistic", None), 2)),
                    cell(say.p(f"{key}.p", f"{full}, ML", getattr(ml, "p", None))),
                    say.interval(
                        f"{key}.kr", f"{full}, KR", getattr(kr, "ci_low", None), getattr(kr, "ci_high", None), 3
                    ),
                    cell(say.number(f"{key}.kr.t", f"{full}, Kenward-Roger t", getattr(kr, "statistic", None), 2)),
                    cell(say.number(f"{key}.kr.df", f"{full}, Kenward-Roger df", getattr(kr, "df", None), 1)),
                    cell(say.p(f"{key}.kr.p", f"{full}, Kenward-Roger", getattr(kr, "p", None))),
                )
            )
    return Table(
        "Change in connectivity (Fisher z)",
        ("Connectivity model, n = ", say.size("Connectivity model", size.subjects)),
        (
            "Network and coefficient",
            "Estimate",
            "95% CI (ML)",
            "SE (ML)",
            "t (ML)",
            "p (ML)",
            "95% CI (KR)",
            "t (KR)",
            "df (KR)",
            "p (KR)",
        ),
        tuple(rows),
        (3.5, 1.15, 1.4, 0.95, 0.8, 0.85, 1.4, 0.8, 0.85, 0.85),
        (
            "Columns are numeric and responders are 0, as the published signs require: the coefficient published as "
            "the effect of time is the change in responders only. The published fit is taken to be ML tested on "
            "observations minus coefficients; REML with Kenward-Roger (KR) is the small-sample test of the same "
            "model. The published model has no effect of response before the infusion: it gives both groups one mean "
            "there, so its change in non-responders need not be the observed one (next table).",
            *refusals,
        ),
    )


def _by_model(fit: NetworkFit | None, group: str) -> float | None:
    """The change that the published model gives a group: time, and for non-responders time plus interaction."""
    if fit is None or not fit.published:
        return None
    change = fit.published[TIME].estimate
    return change if group == "responders" else change + fit.published[INTERACTION].estimate


def _changes(
    say: Printer, datasets: Datasets, protocol: Protocol, fits: dict[str, NetworkFit]
) -> tuple[Table, dict[str, int]]:
    """Mean change per group, of those scanned both before and after, beside the model's; and how many they are.

    A network without a value of any patient has no row.
    """
    rows, counts = [], {"responders": 0, "non_responders": 0}
    for network, declared in protocol.imaging.networks.items():
        own = model_rows(datasets, protocol, network)
        if own.empty and network not in fits:
            continue
        wide = own.pivot(index=["USUBJID", "non_response"], columns="AVISIT", values="AVAL")
        change = (scores(wide, "post") - scores(wide, BASELINE)).dropna().reset_index("non_response", name="CHG")
        for group, code in (("responders", 0.0), ("non_responders", 1.0)):
            found = describe(change.loc[change["non_response"] == code, "CHG"])
            counts[group] = max(counts[group], found.n)
            key, label = f"change.{network}.{group}", f"{declared.label.text}, {group.replace('_', '-')}"
            n = say.number(f"{key}.n", f"{label}, n", found.n)
            modelled = _by_model(fits.get(network), group)
            rows.append(
                (
                    cell(label),
                    cell(n),
                    say.mean_sd(key, f"{label}, change", found.mean, found.sd, (3, 3)),
                    cell(say.number(f"{key}.model", f"{label}, change by the model (ML)", modelled, 3)),
                )
            )
    table = Table(
        "Observed change in connectivity by response at week 2 (Fisher z, after minus before)",
        "Those with a usable scan before and after the infusion",
        ("Network and group", "n", "Observed, mean (SD)", "By the model (ML)"),
        tuple(rows),
        (4, 0.8, 1.8, 1.6),
    )
    return table, counts


def _groups(say: Printer, counts: dict[str, int]) -> Text:
    return sentence(
        "The publication gives 11 responders and 10 non-responders for its plots of change, together 21, but only 19 "
        "can have a change. Here {responders} responders and {non} non-responders have both scans.",
        responders=say.number("pairs.responders", "Responders with both scans", counts["responders"]),
        non=say.number("pairs.non_responders", "Non-responders with both scans", counts["non_responders"]),
    )
