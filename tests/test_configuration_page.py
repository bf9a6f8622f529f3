"""docs/configuration.md says what trial/settings.py reads."""

from __future__ import annotations

import re
from pathlib import Path

from tools.configuration import PAGE, text
from trial.settings import ENVIRONMENT

SETTINGS = Path(__file__).resolve().parents[1] / "trial" / "settings.py"


def test_the_page_is_what_make_config_writes() -> None:
    assert PAGE.read_text(encoding="utf-8") == text(), "Run `make config` and commit docs/configuration.md."


def test_every_variable_read_is_declared_and_every_declared_one_is_read() -> None:
    read = set(re.findall(r'\bread(?:_flag|_list)?\("([A-Z_]+)"\)', SETTINGS.read_text(encoding="utf-8")))
    assert read == set(ENVIRONMENT) - read_outside_settings()


def read_outside_settings() -> set[str]:
    """Names that another module asks settings.read for, as `read("NAME")`."""
    root = SETTINGS.parents[1]
    found: set[str] = set()
    for app in ("trial", "infusion", "assessments", "imaging", "reports"):
        for path in (root / app).rglob("*.py"):
            if path != SETTINGS:
                found |= set(re.findall(r'\bread(?:_flag|_list)?\("([A-Z_]+)"\)', path.read_text(encoding="utf-8")))
    return found
