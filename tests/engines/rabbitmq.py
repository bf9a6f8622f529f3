"""A throw-away RabbitMQ on a loopback port."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.engines import programs
from tests.engines.redis import wait_for_port

# Debian's /usr/sbin/rabbitmq-server insists on its own account and folders; the script below it does not.
SCRIPT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


@contextmanager
def server() -> Iterator[str]:
    """Start RabbitMQ with its own node name and folders, yield its URL, stop it after."""
    found = programs.require(("rabbitmq-server",), "rabbitmq-server", purpose="A test of the RabbitMQ broker")
    program = SCRIPT if SCRIPT.exists() else found
    folder = Path(tempfile.mkdtemp(prefix="trial-rabbitmq-"))
    user = programs.ordinary_user("rabbitmq")
    programs.hand_over(folder, user)
    port, distribution, mapper = programs.free_port(), programs.free_port(), str(programs.free_port())
    environment = {
        **os.environ,
        "HOME": str(folder),
        "ERL_EPMD_PORT": mapper,
        "RABBITMQ_NODENAME": f"trial{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
    }
    process = subprocess.Popen(
        [program], env=environment, cwd=folder, stdout=subprocess.DEVNULL, **programs.as_user(user)
    )
    try:
        wait_for_port(port, process, "RabbitMQ", seconds=90)
        yield f"amqp://guest:guest@127.0.0.1:{port}//"
    finally:
        process.terminate()
        process.wait(timeout=60)
        # Erlang leaves its port mapper running; this one is the test's own.
        subprocess.run(["epmd", "-port", mapper, "-kill"], stdout=subprocess.DEVNULL, check=False)
        shutil.rmtree(folder, ignore_errors=True)
