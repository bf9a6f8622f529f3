"""What every analysis gives: a Finding, and the tools they share to make one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import ParamSpec, TypeVar

import pandas as pd

from reports.datasets import Datasets
from reports.display.parts import Number, Part, Text, numbers
from reports.display.printing import Printer
from reports.display.quoting import quoted
from reports.stats.errors import NotConverged, StatsError
from trial.protocol import Protocol

Result = TypeVar("Result")
Given = ParamSpec("Given")
ContractRow = Mapping[str, object]


@dataclass(frozen=True)
class Finding:
    """One section of the report.

    parts: sentences, tables and figures in reading order. contract: for each published id the computed values by
    their dotted key, at full precision.
    """

    id: str
    title: str
    parts: tuple[Part, ...]
    contract: Mapping[str, ContractRow] = field(default_factory=dict)

    def quoted(self) -> Finding:
        """The same section in which the numbers that stand in words are numbers of the report, too."""
        places = count(1)
        return replace(self, parts=tuple(quoted(part, self.id, places) for part in self.parts))

    def numbers(self) -> Iterator[Number]:
        """Every number printed in the section, in reading order."""
        for part in self.parts:
            yield from numbers(part)


@dataclass(frozen=True)
class Population:
    """Who is counted: study ids, and the words for them."""

    id: str
    label: str
    subjects: pd.Index

    @property
    def n(self) -> int:
        """How many they are."""
        return len(self.subjects)

    def text(self, say: Printer, more: str = "") -> Text:
        """Label and size, as the tables name their population, and what they count beyond that."""
        return (f"{self.label}, n = ", say.size(self.label, self.n), *([f"; {more}"] if more else []))


_FLAGS = {"consented": "CONSFL", "started": "STARTFL", "completed": "COMPLFL", "per_protocol": "PPFL"}


def population(datasets: Datasets, protocol: Protocol, name: str) -> Population:
    """The patients of a declared population."""
    adsl = datasets.adsl
    chosen = adsl[(adsl["COHORT"] == "patient") & adsl[_FLAGS[name]]]
    return Population(name, protocol.analysis.populations[name].label, pd.Index(chosen["USUBJID"]))


def course(datasets: Datasets, parameter: str, subjects: pd.Index) -> pd.DataFrame:
    """Scores of one scale: a row per subject of the population, a column per visit; NaN where not observed."""
    own = datasets.adqs[(datasets.adqs["PARAMCD"] == parameter) & datasets.adqs["USUBJID"].isin(subjects)]
    return own.pivot(index="USUBJID", columns="AVISIT", values="AVAL").reindex(subjects)


def scores(wide: pd.DataFrame, visit: str) -> pd.Series:
    """One column of a course; all missing when nobody was seen at the visit."""
    return wide[visit] if visit in wide.columns else pd.Series(float("nan"), index=wide.index, name=visit)


def attempt(statistic: Callable[Given, Result], *given: Given.args, **named: Given.kwargs) -> tuple[Result | None, str]:
    """The statistic, or None with the reason why the data do not allow it. A fit that fails still fails."""
    try:
        return statistic(*given, **named), ""
    except NotConverged:
        raise
    except StatsError as refusal:
        return None, str(refusal)


def values(result: object, names: str) -> dict[str, object]:
    """The named attributes (space separated) of a result; each None when there is no result."""
    return {name: getattr(result, name, None) for name in names.split()}


def follow_up_visits(protocol: Protocol, instrument: str) -> tuple[str, ...]:
    """Codes of the visits after the infusion at which an instrument is rated, in order."""
    return tuple(
        code
        for code, visit in protocol.visits.items()
        if instrument in visit.instruments.codes and visit.anchor == "infusion_end"
    )


def infusion_days(protocol: Protocol) -> tuple[str, ...]:
    """Codes of the visits during the infusion at which the BPRS is rated, in order."""
    return tuple(
        code
        for code, visit in protocol.visits.items()
        if "bprs" in visit.instruments.codes and visit.anchor == "infusion_start" and visit.offset.decimal >= 0
    )
