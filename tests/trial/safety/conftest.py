"""The people and participants of the participants' tests."""

from __future__ import annotations

from tests.trial.participants.conftest import consented, coordinator, enrolled, psychiatrist, site

__all__ = ["consented", "coordinator", "enrolled", "psychiatrist", "site"]
