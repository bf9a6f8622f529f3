"""A throw-away Redis on a loopback port."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.engines import programs


@contextmanager
def server() -> Iterator[str]:
    """Start Redis without persistence, yield its URL, stop it after."""
    program = programs.require(("redis-server",), "redis-server", purpose="A test of the Redis broker")
    port = programs.free_port()
    with tempfile.TemporaryDirectory(prefix="trial-redis-") as folder:
        options = [
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            folder,
        ]
        process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, cwd=Path(folder))
        try:
            wait_for_port(port, process, "Redis")
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait(timeout=30)


def wait_for_port(port: int, process: subprocess.Popen[bytes], name: str, seconds: float = 30) -> None:
    """Return once something listens on `port`; raises RuntimeError when the process ends or time runs out."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"{name} did not listen on 127.0.0.1:{port} within {seconds:.0f} s.")
