"""The whole site under one command: waitress in this process, one Celery worker with its clock beside it."""

from __future__ import annotations

import errno
import logging
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from typing import Any

import waitress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.wsgi import get_wsgi_application
from django.db import Error, connection

from trial.celery import die_with_parent
from trial.jobs.queries import no_work_since
from trial.records.checks import assert_fit_to_serve
from trial.users.backends import DEMO_DOMAIN
from trial.users.models import User

RESTART_AFTER_SECONDS = 1.0
# Longer than a dead process can hold the lease of the sweep (trial/jobs/tasks.py).
SILENCE = timedelta(seconds=max(120, 4 * settings.JOB_LEASE_SECONDS))
LOOK_SECONDS = 5.0
LOOKS = 3

log = logging.getLogger(__name__)
# Above the largest file that may be imported; what is larger is refused before it fills the disk.
LARGEST_REQUEST_BYTES = 25_000_000


def worker_command() -> list[str]:
    """Return the command line of the embedded worker.

    One process needs no pool: without the queues of a pool there is no lock that a killed process can take along.
    """
    processes = settings.WORKER_PROCESSES
    pool = ["--pool", "solo"] if processes == 1 else ["--concurrency", str(processes)]
    return [
        sys.executable, "-m", "celery", "--quiet", "-A", "trial", "worker", "-B", *pool, "--loglevel", "WARNING",
        "--without-gossip", "--without-mingle", "--without-heartbeat",
    ]  # fmt: skip


def forget_clock() -> None:
    """Remove the clock's file: a worker killed while it wrote leaves it damaged, and then the clock never starts."""
    for path in settings.VAR_DIR.glob("beat-schedule*"):
        path.unlink(missing_ok=True)


def hangs() -> bool:
    """Whether the worker does nothing; no when the database cannot say."""
    try:
        return no_work_since(SILENCE)
    except Error:
        return False
    finally:
        connection.close()


class Worker:
    """The worker child: started, started again when it dies, and stopped with the site."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.child: subprocess.Popen[bytes] | None = None
        self.keeper = threading.Thread(target=self.keep, daemon=True)

    def keep(self) -> None:
        """Run the worker until the site stops.

        The child dies with the thread that started it, so one thread starts it and waits.
        """
        while not self.over.is_set():
            forget_clock()
            self.child = subprocess.Popen(worker_command(), cwd=settings.BASE_DIR, preexec_fn=die_with_parent)
            self.attend(self.child)
            self.over.wait(RESTART_AFTER_SECONDS)

    def attend(self, child: subprocess.Popen[bytes]) -> None:
        """Wait for the worker's end, and end it when it hangs.

        The processes of a pool share a queue when the broker is a polled one; a process that is killed while it
        waits there takes the lock with it, and the others wait for ever.
        """
        started, silent_looks = time.monotonic(), 0
        while child.poll() is None:
            try:
                child.wait(timeout=LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                is_old = time.monotonic() - started > SILENCE.total_seconds()
                silent_looks = silent_looks + 1 if is_old and hangs() else 0
                if silent_looks >= LOOKS:
                    log.error("the worker does nothing; it is started again")
                    child.kill()

    def stop(self) -> None:
        """End the worker; it finishes what it does within ten seconds or is killed, and its job is done later."""
        self.over.set()
        if self.child is None or self.child.poll() is not None:
            return
        self.child.terminate()
        try:
            self.child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.child.kill()


def serve_at(host: str, port: int) -> Any:
    """Return a server that listens there; raises CommandError where that is not possible."""
    try:
        return waitress.create_server(
            get_wsgi_application(),
            host=host,
            port=port,
            threads=settings.WEB_THREADS,
            max_request_body_size=LARGEST_REQUEST_BYTES,
        )
    except OSError as refused:
        if refused.errno != errno.EADDRINUSE:
            raise
        raise CommandError(
            f"Port {port} of {host} is taken by another program, perhaps by this site, started before. "
            f"Stop that, or choose another port: make demo PORT={port + 1}."
        ) from refused


class Command(BaseCommand):
    help = "Serve the site and do its background work until interrupted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        assert_fit_to_serve()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        server = serve_at(options["host"], options["port"])
        worker = Worker()
        worker.keeper.start()
        self.greet(options["host"], options["port"])
        try:
            server.run()
        finally:
            # The port is given back at once, so that the next start need not wait for the worker's end.
            server.close()
            worker.stop()
            self.stdout.write("Stopped. Nothing is lost: start again with the same command.")

    def greet(self, host: str, port: int) -> None:
        """Say where the site is and who may sign in."""
        self.stdout.write(f"The site is at http://{host}:{port}/ (stop it with Ctrl-C).")
        demo = User.objects.filter(email__endswith=DEMO_DOMAIN).order_by("username")
        if settings.SITE_MODE == "demo" and demo:
            self.stdout.write(f"Demo accounts, all with the password {settings.DEMO_PASSWORD!r}:")
            for user in demo:
                self.stdout.write(f"  {user.username:<14} {user.role_names}")
        self.stdout.flush()
