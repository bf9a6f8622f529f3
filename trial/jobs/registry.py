"""Which function does which kind of job."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trial.jobs.running import RunningJob

Work = Callable[["RunningJob"], None]
KINDS: dict[str, Work] = {}


def job_kind(name: str) -> Callable[[Work], Work]:
    """Register the decorated function as the work of jobs of kind *name*."""

    def register(work: Work) -> Work:
        if KINDS.setdefault(name, work) is not work:
            raise ValueError(f"Two functions claim the job kind {name!r}; give one another name.")
        return work

    return register
