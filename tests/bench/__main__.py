"""Time the set-up commands and the pages of a running demo site: `make bench`.

Prints one line per measure: name, median, 95th percentile and number of repeats. It asserts nothing; a
machine's figures are compared with its own earlier ones.
"""

from __future__ import annotations

import os
import re
import statistics
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from functools import partial
from http.cookiejar import CookieJar
from pathlib import Path

from tests.engines import site
from tests.engines.clones import SQLITE_FILE, manage

REPEATS = 50
PASSWORD = "bench-only-2026"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that `work` took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def show(name: str, seconds: list[float]) -> None:
    """Print the median and 95th percentile in milliseconds."""
    tail = statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else seconds[0]
    print(f"{name:<28} {statistics.median(seconds) * 1000:9.1f} ms {tail * 1000:9.1f} ms {len(seconds):4d}")


def signed_in(address: str, username: str) -> urllib.request.OpenerDirector:
    """Return an opener whose cookies are those of a signed-in person."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    page = opener.open(f"{address}/sign-in/").read().decode()
    token = TOKEN.search(page)
    assert token, f"{address}/sign-in/ holds no form"
    form = {"csrfmiddlewaretoken": token[1], "username": username, "password": PASSWORD}
    answer = opener.open(f"{address}/sign-in/", urllib.parse.urlencode(form).encode())
    assert "/sign-in" not in answer.geturl(), f"{username} could not sign in"
    return opener


def read(opener: urllib.request.OpenerDirector, address: str) -> bytes:
    """Return a whole page."""
    body: bytes = opener.open(address).read()
    return body


def measure(folder: Path) -> None:
    """Print every measure; `folder` is emptied by the caller."""
    url = f"sqlite:///{folder / SQLITE_FILE}"
    report = str(folder / "report")
    for command in (["bootstrap"], ["load_cohort"], ["build_report", "per-protocol", "--out", report]):
        show(f"manage.py {command[0]}", [timed(partial(manage, command, database_url=url, var_dir=folder))])
    start = time.perf_counter()
    with site.running(url, folder) as running:
        show("manage.py up, first answer", [time.perf_counter() - start])
        opener = signed_in(running.url, "coordinator")
        for name, path in (("today's page", "/"), ("sign-in page", "/sign-in/"), ("reports", "/reports/")):
            show(name, [timed(partial(read, opener, running.url + path)) for _ in range(REPEATS)])


def main() -> int:
    """Measure on a database of its own; nothing of the clone is touched."""
    os.environ["DEMO_PASSWORD"] = PASSWORD
    with tempfile.TemporaryDirectory(prefix="trial-bench-") as folder:
        print(f"{'measure':<28} {'median':>12} {'95 %':>12} {'n':>4}")
        measure(Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
