"""A site with its people, a participant after consent, and a record to ask about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.trial.participants.conftest import consented, coordinator, enrolled, psychiatrist, site

if TYPE_CHECKING:  # models load only after Django is set up, which is later than this file
    from infusion.models import Vitals
    from trial.participants.models import Participant
    from trial.users.models import Site, User

__all__ = ["consented", "coordinator", "enrolled", "psychiatrist", "site"]


@pytest.fixture
def monitor(site: Site) -> User:
    """A monitor at K."""
    from tests.trial.participants import people

    return people.make_user("mona", site, "monitor")


@pytest.fixture
def manager(site: Site) -> User:
    """A data manager at K."""
    from tests.trial.participants import people

    return people.make_user("dora", site, "data_manager")


@pytest.fixture
def investigator(site: Site) -> User:
    """The PI at K."""
    from tests.trial.participants import people

    return people.make_user("ines", site, "pi")


@pytest.fixture
def vitals(consented: Participant, coordinator: User) -> Vitals:
    """Vital signs that no check asks about."""
    from tests.trial.monitoring.scenes import take

    return take(coordinator, consented)
