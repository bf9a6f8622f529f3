"""The periodic tasks tidy up what nobody needs any more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from trial.jobs.tasks import tidy_sessions

pytestmark = pytest.mark.django_db


def test_ended_sessions_are_forgotten_and_the_others_are_not() -> None:
    now = timezone.now()
    Session.objects.create(session_key="ended", session_data="", expire_date=now - timedelta(seconds=1))
    Session.objects.create(session_key="open", session_data="", expire_date=now + timedelta(hours=1))
    tidy_sessions()
    assert set(Session.objects.values_list("session_key", flat=True)) == {"open"}
