"""One clock for every part of signing in: it stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

START = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)


class Clock:
    """The site's time; called, it gives the time as `django.utils.timezone.now` does."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)


def freeze(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Stop the clocks that the site, axes and django-otp read."""
    clock = Clock()
    monkeypatch.setattr("django.utils.timezone.now", clock)
    monkeypatch.setattr("axes.handlers.proxy.now", clock)
    seconds = SimpleNamespace(time=lambda: clock.at.timestamp())
    monkeypatch.setattr("django_otp.plugins.otp_totp.models.time", seconds)
    return clock
