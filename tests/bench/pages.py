"""Seconds of the set-up commands and of the pages of a running site."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

from tests.engines.site import RunningSite
from tests.kill.person import Person

REPEATS = 30
PAGES = (("today's page", "/"), ("participants", "/participants/"), ("reports", "/reports/"))


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that `work` took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def show(name: str, seconds: list[float]) -> None:
    """Print the median and 95th percentile in milliseconds."""
    tail = statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else seconds[0]
    print(
        f"{name:<34} median {statistics.median(seconds) * 1000:9.1f} ms  95 % {tail * 1000:9.1f} ms  n {len(seconds)}"
    )


def show_pages(site: RunningSite) -> None:
    """Time each page as the PI sees it, over HTTP."""
    person = Person(site.url, "pi")
    for name, path in PAGES:
        show(f"GET {name}", [timed(partial(person.get, path)) for _ in range(REPEATS)])
