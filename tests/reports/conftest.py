"""The synthetic cohort and the empty trial, as extracts, data sets and assembled reports, made once per process."""

from __future__ import annotations

import pytest

from reports.assemble import Assembled, assemble
from reports.books import BOOKS
from reports.datasets import Datasets, build
from reports.datasets.extracts import Extracts
from tests.reports import extracts
from trial import protocol as protocols
from trial.protocol import Protocol


@pytest.fixture(scope="session")
def protocol() -> Protocol:
    return protocols.for_version(protocols.FIRST)


@pytest.fixture(scope="session")
def cohort_extracts() -> Extracts:
    return extracts.cohort()


@pytest.fixture(scope="session")
def cohort(cohort_extracts: Extracts, protocol: Protocol) -> Datasets:
    return build(cohort_extracts, protocol)


@pytest.fixture(scope="session")
def nobody(protocol: Protocol) -> Datasets:
    return build(extracts.empty(), protocol)


@pytest.fixture(scope="session")
def report(cohort_extracts: Extracts, protocol: Protocol) -> Assembled:
    return assemble(cohort_extracts, protocol, BOOKS["per-protocol"], site="STL Clinic")
