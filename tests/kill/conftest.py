"""A demo site that a test kills, and its undisturbed report to compare with."""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.engines.clones import Template
from tests.engines.site import RunningSite
from tests.kill.harness import LEASE_SECONDS, Gallows

Start = Callable[..., Gallows]


@pytest.fixture
def chance(record_property: Callable[[str, object], None]) -> random.Random:
    """Chance, with a seed that is printed when a test fails; KILL_SEED repeats it."""
    seed = os.environ.get("KILL_SEED", secrets.token_hex(4))
    record_property("seed", seed)
    print(f"KILL_SEED={seed}")  # noqa: T201
    return random.Random(seed)


@pytest.fixture
def gallows(
    site_factory: Callable[..., RunningSite], demo_database: str, demo_template: Template, chance: random.Random
) -> Iterator[Start]:
    """Start a site with the demo cohort and a short lease: `gallows(**environment)`."""
    with ExitStack() as started:

        def start(**environment: str) -> Gallows:
            all_of_it = {"JOB_LEASE_SECONDS": str(LEASE_SECONDS), **environment}
            site = site_factory(demo_database, demo_template, **all_of_it)
            return Gallows(site, started, chance, all_of_it)

        yield start
