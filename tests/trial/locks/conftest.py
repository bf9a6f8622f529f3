"""The ward of tests/trial/locks/ward.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # models load only after Django is set up, which is later than this file
    from tests.trial.locks.ward import Ward


@pytest.fixture
def ward(db: None) -> Ward:
    """A ward, rolled back after the test."""
    from tests.trial.locks import ward

    return ward.make_ward()
