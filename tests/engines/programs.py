"""Find the programs that tests drive, or install them, and start them as an ordinary user."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any


class MissingProgramError(RuntimeError):
    """A program that a test drives is absent; the message says what to install."""


def find(names: Iterable[str], folders: Iterable[Path] = ()) -> Path | None:
    """Return the first of `names` on PATH or in `folders`, or None."""
    for name in names:
        if found := shutil.which(name):
            return Path(found)
        for folder in folders:
            if os.access(folder / name, os.X_OK):
                return folder / name
    return None


@cache
def require(names: tuple[str, ...], package: str, *, purpose: str, folders: tuple[Path, ...] = ()) -> Path:
    """Return one of `names`; as root on a Debian-like system install `package` first when none is there.

    Raises MissingProgramError when it is neither there nor installable.
    """
    if found := find(names, folders):
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _apt_install(package)
        if found := find(names, folders):
            return found
    raise MissingProgramError(
        f"{purpose} needs one of {', '.join(names)} on PATH. "
        f"Install it (Debian: apt-get install {package}) and run again."
    )


def _apt_install(package: str) -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
    for command in (install, ["apt-get", "update", "-qq"], install):
        done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
        if command is install and done.returncode == 0:
            return


def free_port() -> int:
    """Return a loopback TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@cache
def ordinary_user(*preferred: str) -> pwd.struct_passwd | None:
    """Return the account for servers that refuse root, or None when this process is not root."""
    if os.geteuid() != 0:
        return None
    for name in (*preferred, "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise MissingProgramError("PostgreSQL refuses to run as root; add a user 'nobody' to run it as.")


def as_user(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """Return the subprocess arguments that run a child as `user`."""
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def hand_over(folder: Path, user: pwd.struct_passwd | None) -> None:
    """Make `folder` belong to `user` and to nobody else."""
    folder.chmod(0o700)
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)


def output(command: Sequence[str | Path]) -> str:
    """Return the first line a command prints, or a note that it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except OSError:
        return "not installed"
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if lines else "no version given"
