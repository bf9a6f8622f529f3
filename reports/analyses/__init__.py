"""The analyses of the plan: one module per section, each `run(datasets, protocol) -> Finding`."""

from __future__ import annotations

from collections.abc import Callable

from reports.analyses import (
    baseline,
    blood_pressure,
    cgi,
    connectivity,
    exclusions,
    flow,
    madrs_course,
    multiplicity,
    psychotomimetic,
    response,
    sensitivity,
    serum,
    side_effects,
    volumes,
)
from reports.analyses.finding import Finding
from reports.datasets import Datasets
from trial.protocol import Protocol

Analysis = Callable[[Datasets, Protocol], Finding]

ANALYSES: dict[str, Analysis] = {
    module.ID: module.run
    for module in (
        flow,
        baseline,
        madrs_course,
        response,
        cgi,
        multiplicity,
        psychotomimetic,
        blood_pressure,
        side_effects,
        serum,
        connectivity,
        volumes,
        sensitivity,
        exclusions,
    )
}
