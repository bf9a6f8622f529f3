"""The browser of the browser tests: the system's Chromium, never a downloaded one."""

from __future__ import annotations

from pathlib import Path

from tests.engines import programs

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Root in a container has no user namespace to sandbox in; the rest keeps the browser off the network.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def executable() -> Path:
    """Return the path of Chromium; raises MissingProgramError saying what to install."""
    return programs.require(NAMES, "chromium", purpose="A browser test")
