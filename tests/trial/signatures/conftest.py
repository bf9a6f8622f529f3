"""A site with its people, and a participant whose screening visit holds a rating."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # models load only after Django is set up, which is later than this file
    from tests.trial.signatures.clinic import Clinic


@pytest.fixture
def clinic(db: None) -> Clinic:
    """A clinic with one participant in screening and a MADRS at the screening visit."""
    from tests.trial.signatures.clinic import make_clinic

    return make_clinic()
