"""A site under the gun: orders and their jobs' states, killing, restarting, and watching the folder of reports."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from pypdf import PdfReader

from tests.engines import site as sites
from tests.engines.site import RunningSite
from tests.kill.person import Person, rows, stored_id, visible

# Another worker may take a job over after this long; also the pace of the sweep that finds lost ones.
LEASE_SECONDS = 2
WITHIN = 240.0
JOB = (
    "SELECT j.state, j.attempts, j.percent, j.error FROM reports_report r JOIN jobs_job j ON j.id = r.job_id "
    "WHERE r.id = :id"
)
PUBLISHED = "SELECT pdf_path, pdf_sha256, results_path, results_sha256 FROM reports_report WHERE id = :id"
PUBLICATIONS = (
    "SELECT count(*) FROM audit_entry WHERE table_name = 'reports_report' AND op = 'U' "
    "AND actor = 'system:reports.build' AND replace(row_id, '-', '') = :id"
)


class Job(NamedTuple):
    """The state of the job behind a report."""

    state: str
    attempts: int
    percent: int
    error: str

    @property
    def is_over(self) -> bool:
        return self.state in {"done", "failed"}


class Finished(NamedTuple):
    """What a finished report holds, without what differs from run to run: its id and its time."""

    content: str
    pages: int


@dataclass
class Gallows:
    """A site that is killed and started again on the same database and folder."""

    site: RunningSite
    started: ExitStack
    chance: random.Random
    environment: dict[str, str]
    reports: list[UUID] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """Where published files stand."""
        return self.site.var_dir / "reports"

    def order(self) -> UUID:
        """Order a report as the PI."""
        report = Person(self.site.url, "pi").order_report()
        self.reports.append(report)
        return report

    def job(self, report: UUID) -> Job:
        """The state of a report's job now."""
        url = self.site.database_url
        (row,) = rows(url, JOB, id=stored_id(url, report))
        return Job(*row)

    def wait(self, report: UUID, until: Callable[[Job], bool]) -> Job:
        """Wait for a state of the job, or for its end."""
        deadline = time.monotonic() + WITHIN
        while time.monotonic() < deadline:
            job = self.job(report)
            if until(job) or job.is_over:
                return job
            time.sleep(0.02)
        raise AssertionError(f"{self.job(report)} after {WITHIN:.0f} s:\n{self.site.log[-4000:]}")

    def finish(self, report: UUID) -> Job:
        """Wait for the end of a report's job."""
        return self.wait(report, lambda job: job.is_over)

    def restart(self) -> None:
        """Kill every process of the site at once and start it again where it wrote."""
        self.site.kill()
        again = sites.running(self.site.database_url, self.site.var_dir, **self.environment)
        self.site = self.started.enter_context(again)

    def worker(self) -> int:
        """The worker's leading process: a child of the site's."""
        found = [pid for pid in children(self.site.process.pid) if "celery" in command_of(pid)]
        assert len(found) <= 1
        return found[0] if found else 0

    def hands(self) -> list[int]:
        """The processes of the worker that do a report: those that have loaded what computes it."""
        lead = self.worker()
        return [pid for pid in children(lead) if "pandas" in text_of(pid, "maps")] if lead else []

    def kill_worker(self) -> None:
        """Kill the whole worker or only the process at work, as chance has it; the site starts a new one."""
        victims = self.hands() if self.chance.random() < 0.5 else []
        for pid in victims or [self.worker()]:
            if pid:
                os.kill(pid, signal.SIGKILL)

    def finished(self, report: UUID) -> Finished:
        """Open what was published and check it against its row."""
        url = self.site.database_url
        ((pdf, pdf_hash, results, results_hash),) = rows(url, PUBLISHED, id=stored_id(url, report))
        pdf_bytes, result_bytes = (self.folder / pdf).read_bytes(), (self.folder / results).read_bytes()
        assert hashlib.sha256(pdf_bytes).hexdigest() == pdf_hash
        assert hashlib.sha256(result_bytes).hexdigest() == results_hash
        return Finished(content_of(json.loads(result_bytes)), len(PdfReader(io.BytesIO(pdf_bytes)).pages))

    def publications(self, report: UUID) -> int:
        """How often the report's row was published, as the audit trail has it."""
        ((count,),) = rows(self.site.database_url, PUBLICATIONS, id=report.hex)
        return int(count)


def content_of(results: dict[str, Any]) -> str:
    """Hash of every number and word of a results.json; the run's id and time are not part of it."""
    kept = {name: results[name] for name in ("published", "findings")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def text_of(pid: int, name: str) -> str:
    """A file of /proc, empty when the process is gone."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def command_of(pid: int) -> str:
    """The command line of a process."""
    return text_of(pid, "cmdline")


def children(parent: int) -> list[int]:
    """The live child processes of a process; a dead one that nobody has waited for is none."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            _, _, rest = text_of(int(entry.name), "stat").rpartition(")")
            state, ppid = ([*rest.split(), "Z", "0"])[:2]
            if int(ppid) == parent and state != "Z":
                found.append(int(entry.name))
    return found


@contextmanager
def watched(folder: Path) -> Iterator[list[str]]:
    """Look at the folder all the time; yields the names seen whose content was not whole.

    A published file's name ends in the first 16 hex digits of its SHA-256, so a look tells whether it is whole.
    """
    broken: list[str] = []
    over = threading.Event()
    looking = threading.Thread(target=look, args=(folder, broken, over), daemon=True)
    looking.start()
    try:
        yield broken
    finally:
        over.set()
        looking.join()


def look(folder: Path, broken: list[str], over: threading.Event) -> None:
    """Check each file the moment it appears, and all of them once more at the end."""
    seen: set[str] = set()
    while not over.wait(0.002):
        for path in visible(folder):
            if path.name not in seen:
                seen.add(path.name)
                if not is_whole(path):
                    broken.append(path.name)
    broken += [path.name for path in visible(folder) if not is_whole(path)]


def is_whole(path: Path) -> bool:
    """Whether a file's content is what its name says."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] == path.stem.rpartition("-")[2]
