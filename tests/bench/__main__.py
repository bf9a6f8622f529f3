"""How fast the site is, as ratios that hold on any machine: `make bench`.

On PostgreSQL: `python -m tests.engines postgres --durable -- python -m tests.bench`. It asserts nothing but that
every request succeeded; docs/performance.md quotes one run.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.engines.clones import Template, Templates, manage

SAVES = 12
SAVES_BESIDE_REPORT = 15
# Ten pairs of SAVES, five pairs beside a report, and one save to count queries; a patient has several visits.
PATIENTS = 75


def of(work: Callable[[], float], times: int) -> float:
    """The median of several measures, in seconds."""
    return statistics.median(work() for _ in range(times))


def set_up(folder: Path) -> tuple[Templates, Template]:
    """Make the demo database in a folder of this run, and time the commands that do it."""
    from tests.bench.pages import show, timed

    url = os.environ.get("DATABASE_URL", "")
    templates = Templates(folder, url if url.startswith("postgres") else None)
    template = templates.demo()
    if templates.server is None:
        command = ["build_report", "per-protocol", "--site", "STL", "--out", str(folder / "report")]
        build = partial(manage, command, database_url=template.database_url, var_dir=template.var_dir)
        show("manage.py build_report", [timed(build)])
    return templates, template


def measure(database_url: str, var_dir: Path) -> None:
    """Print every comparison, on this database and beside a running site on it."""
    os.environ |= {"DATABASE_URL": database_url, "VAR_DIR": str(var_dir), "LOG_LEVEL": "ERROR"}
    os.environ["DJANGO_SETTINGS_MODULE"] = "trial.settings"
    import django

    django.setup()
    from django.db import connection

    from tests.bench import bare, triggers
    from tests.bench.figures import in_turn, say
    from tests.bench.saving import Saver

    bare.make_table()
    saver = Saver(PATIENTS)
    print(f"database {connection.vendor}, load {os.getloadavg()[0]:.1f}")
    ours, plain = saver.queries()
    print(f"queries of one form save: {ours}, bare ModelForm: {plain}")
    saves = in_turn(lambda: (of(saver.save, SAVES), of(saver.save_bare, SAVES)))
    say("MADRS form save", "bare ModelForm save", saves)
    saver.clock = time.process_time
    saves = in_turn(lambda: (of(saver.save, SAVES), of(saver.save_bare, SAVES)))
    say("the same in processor time", "bare ModelForm save", saves)
    saver.clock = time.perf_counter
    say("attributed update with triggers", "without", in_turn(triggers.pair))
    beside_report(saver, database_url, var_dir)


def beside_report(saver: object, database_url: str, var_dir: Path) -> None:
    """Print what a save takes while the worker builds a report, and while it is idle."""
    from tests.bench.figures import in_turn, say
    from tests.bench.pages import show_pages
    from tests.bench.saving import Saver
    from tests.engines import site
    from tests.kill.person import Person
    from trial.jobs.models import Job

    assert isinstance(saver, Saver)
    with site.running(database_url, var_dir) as running:
        person = Person(running.url, "pi")

        def pair() -> tuple[float, float]:
            idle = of(saver.save, SAVES_BESIDE_REPORT)
            person.order_report()
            job = Job.objects.latest("created_at")
            wait(lambda: Job.objects.get(id=job.id).percent >= 15)
            busy = of(saver.save, SAVES_BESIDE_REPORT)
            assert not Job.objects.get(id=job.id).is_over, "the report was over before the saves were"
            wait(lambda: Job.objects.get(id=job.id).is_over)
            return busy, idle

        say("MADRS form save beside a report", "alone", in_turn(pair))
        show_pages(running)


def wait(until: Callable[[], bool]) -> None:
    """Wait for something that a worker does."""
    deadline = time.monotonic() + 180
    while not until():
        assert time.monotonic() < deadline, "the worker did not come so far within 180 s"
        time.sleep(0.02)


def main() -> int:
    """Measure on databases of this run alone."""
    print(
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
    )
    sys.stdout.flush()
    with tempfile.TemporaryDirectory(prefix="trial-bench-") as name:
        folder = Path(name)
        os.environ.setdefault("SECRET_KEY", "bench-" + "0" * 50)
        os.environ.setdefault("AUDIT_SEAL_KEY", "5e" * 32)
        templates, template = set_up(folder)
        try:
            with templates.clone(template) as url:
                measure(url, folder / "site")
        finally:
            templates.drop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
