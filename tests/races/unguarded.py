"""The site without its guard against stale saves, for the control of the races: `python -m tests.races.unguarded`.

It exists in the tests alone; no setting of the site takes the guard away.
"""

from __future__ import annotations

import os

import django
from django.core.management import execute_from_command_line


def main() -> None:
    """Serve the site with every version taken for the current one."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trial.settings")
    django.setup()
    from trial.records import services

    services.require_version = lambda locked, version: None
    execute_from_command_line(["manage.py", "up"])


if __name__ == "__main__":
    main()
