"""People who save vital signs as fast as they are answered, and remember which saves were acknowledged."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from tests.engines.clones import ROOT

TOKEN = "t" * 32
COMMENT = "asleep, breathes quietly"


@dataclass
class Parent:
    """The process of tests/kill/nest.py, and what it said when the database was made."""

    process: subprocess.Popen[str]
    said: dict[str, Any] = field(default_factory=dict)

    def order(self, do: str, **given: Any) -> Any:
        """Give one order and wait for its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **given}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the nest died at {do!r}"
        return json.loads(line)


@contextmanager
def nest(database_url: str, var_dir: Path) -> Iterator[Parent]:
    """Load the site on a new database."""
    own = {"DATABASE_URL": database_url, "VAR_DIR": str(var_dir), "LOG_LEVEL": "CRITICAL"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.kill.nest"],
        cwd=ROOT,
        env={**os.environ, **own},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    parent = Parent(process)
    try:
        parent.said = parent.order("prepare")
        yield parent
    finally:
        process.kill()
        process.wait()


@dataclass
class Writers:
    """Several nurses at once; `acknowledged` are the one-use keys of what the site said it had saved."""

    said: dict[str, Any]
    acknowledged: list[str] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    pages: dict[int, str] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def writing(self, people: int = 2) -> Iterator[None]:
        """Save all the time inside the block."""
        self.over.clear()
        threads = [threading.Thread(target=self._write, daemon=True) for _ in range(people)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join()

    def _write(self) -> None:
        while not self.over.is_set():
            key = str(uuid4())
            status, page = self.save(key)
            self.answers[status] += 1
            if status == 302:
                self.acknowledged.append(key)
            else:
                self.pages[status] = page
                time.sleep(0.005)

    def save(self, key: str) -> tuple[int, str]:
        """Send vital signs under a one-use key; the status and page, 0 where the connection broke."""
        at = datetime.now(UTC).astimezone(ZoneInfo("America/Chicago")) - timedelta(minutes=1)
        form = {
            "csrfmiddlewaretoken": TOKEN, "key": key, "occurred_at": f"{at:%Y-%m-%dT%H:%M}", "systolic": "124",
            "diastolic": "79", "heart_rate": "71", "comment": COMMENT,
        }  # fmt: skip
        headers = {
            "Cookie": f"sessionid={self.said['session']}; csrftoken={TOKEN}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.said["port"], timeout=10)
        try:
            connection.request(
                "POST", f"/infusion/{self.said['study_id']}/vitals/", urllib.parse.urlencode(form), headers
            )
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()
