"""Run a command with real servers beside it: `python -m tests.engines postgres redis -- pytest -m services`.

`python -m tests.engines versions` prints what the tests will run on.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from tests.engines import chromium, postgres, programs, rabbitmq, redis

ENGINES = ("postgres", "redis", "rabbitmq")
PACKAGES = ("django", "celery", "pandas", "scipy", "statsmodels", "pingouin", "reportlab", "pytest")


def print_versions() -> None:
    """Print one line per program and package that the results depend on."""
    print(f"python      {platform.python_version()} on {platform.platform()}")
    for package in PACKAGES:
        print(f"{package:<11} {importlib.metadata.version(package)}")
    print(f"sqlite      {sqlite3.sqlite_version}")
    for name, program in (
        ("postgres", programs.find(["postgres"], postgres.installed_folders())),
        ("chromium", programs.find(chromium.NAMES)),
        ("node", programs.find(["node"])),
    ):
        print(f"{name:<11} {programs.output([program, '--version']) if program else 'not installed yet'}")
    sys.stdout.flush()


def run(engines: Sequence[str], command: Sequence[str], *, durable: bool) -> int:
    """Run `command` with DATABASE_URL and the brokers' URLs set; return its exit code."""
    environment = dict(os.environ)
    with ExitStack() as servers:
        if "postgres" in engines:
            url = servers.enter_context(postgres.cluster(durable=durable))
            print(f"PostgreSQL at {url.rpartition('@')[2]}", flush=True)
            environment["DATABASE_URL"] = environment["TEST_POSTGRES_URL"] = url
        if "redis" in engines:
            environment["TEST_REDIS_URL"] = servers.enter_context(redis.server())
        if "rabbitmq" in engines:
            environment["TEST_RABBITMQ_URL"] = servers.enter_context(rabbitmq.server())
        return subprocess.run(command, env=environment, check=False).returncode


def main() -> int:
    """Parse the command line; return the exit code of the command that was run."""
    words = sys.argv[1:]
    split = words.index("--") if "--" in words else len(words)
    command = words[split + 1 :]
    parser = argparse.ArgumentParser(prog="python -m tests.engines", description=__doc__)
    parser.add_argument("engines", nargs="+", choices=("versions", *ENGINES))
    parser.add_argument("--durable", action="store_true", help="keep PostgreSQL's fsync on")
    arguments = parser.parse_args(words[:split])
    if arguments.engines == ["versions"]:
        print_versions()
        return 0
    if not command:
        parser.error("give the command to run after --")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are stopped
    try:
        return run(arguments.engines, command, durable=arguments.durable)
    except programs.MissingProgramError as missing:
        print(missing, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
