"""Write docs/configuration.md from the variables that trial/settings.py declares: `make config`."""

from __future__ import annotations

from pathlib import Path

from trial.settings import ENVIRONMENT, Variable

PAGE = Path(__file__).resolve().parents[1] / "docs" / "configuration.md"
INTRODUCTION = """# Configuration

Every setting is an environment variable; without any, the site runs on SQLite in one folder.
`make config` writes this page from `ENVIRONMENT` in `trial/settings.py`; a test fails when the two differ.

| Variable | Default | Meaning |
|---|---|---|
"""


def text() -> str:
    """Return the page as Markdown."""
    return INTRODUCTION + "".join(_row(name, variable) for name, variable in ENVIRONMENT.items())


def _row(name: str, variable: Variable) -> str:
    default = f"`{variable.default}`" if variable.default else "none"
    return f"| `{name}` | {default} | {_cell(variable.meaning)} |\n"


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text(), encoding="utf-8")
