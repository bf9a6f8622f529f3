"""The real site in its own processes: `manage.py up` on a free loopback port."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.engines import programs
from tests.engines.clones import ROOT

READY_WITHIN = 60.0
UP = ("manage.py", "up")


@dataclass(frozen=True)
class RunningSite:
    """A started site: where it answers, where it writes, and its leading process (its own process group)."""

    url: str
    database_url: str
    var_dir: Path
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        """What the site's processes wrote so far."""
        return (self.var_dir / "site.log").read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """End every process of the site at once, as a power cut would."""
        _signal_group(self.process, signal.SIGKILL)
        self.process.wait()


@contextmanager
def running(
    database_url: str, var_dir: Path, *, command: Sequence[str] = UP, **environment: str
) -> Iterator[RunningSite]:
    """Start the site on a database and a folder, yield it when it answers, end its process group after.

    command: what Python runs. environment: further variables, as docs/configuration.md lists them.
    """
    port = programs.free_port()
    var_dir.mkdir(parents=True, exist_ok=True)
    own = {"DATABASE_URL": database_url, "VAR_DIR": str(var_dir), "HOST": "127.0.0.1", "PORT": str(port)}
    with (var_dir / "site.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**os.environ, **own, **environment},
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    site = RunningSite(f"http://127.0.0.1:{port}", database_url, var_dir, process)
    try:
        _wait_until_it_answers(site)
        yield site
    finally:
        _end(process)


def folder_of(template: Path, copy: Path) -> Path:
    """Copy a template's VAR_DIR without its database; return the copy."""
    shutil.copytree(template, copy, ignore=shutil.ignore_patterns("*.sqlite3*", "complete", "broker"))
    return copy


def _wait_until_it_answers(site: RunningSite) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and site.process.poll() is None:
        try:
            urllib.request.urlopen(site.url, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"manage.py up did not answer at {site.url} within {READY_WITHIN:.0f} s:\n{site.log[-4000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    _signal_group(process, signal.SIGTERM)
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        pass
    finally:
        _signal_group(process, signal.SIGKILL)
        process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
