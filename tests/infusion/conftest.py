"""A ward: a site with its people and a participant who may be infused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # models load only after Django is set up, which is later than this file
    from tests.infusion.ward import Ward


@pytest.fixture
def ward(db: None) -> Ward:
    """A participant enrolled and consented, with the people who may order, give and check."""
    from tests.infusion.ward import make_ward

    return make_ward()
