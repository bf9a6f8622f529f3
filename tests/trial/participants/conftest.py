"""A site, its people and participants at each stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # models load only after Django is set up, which is later than this file
    from trial.participants.models import Participant
    from trial.users.models import Site, User


@pytest.fixture
def site(db: None) -> Site:
    """The site K."""
    from tests.trial.participants import people

    return people.make_site("K")


@pytest.fixture
def coordinator(site: Site) -> User:
    """A coordinator at K."""
    from tests.trial.participants import people

    return people.make_user("carla", site, "coordinator")


@pytest.fixture
def psychiatrist(site: Site) -> User:
    """A psychiatrist at K."""
    from tests.trial.participants import people

    return people.make_user("paul", site, "psychiatrist")


@pytest.fixture
def enrolled(site: Site, coordinator: User) -> Participant:
    """Known by a study id, no consent yet."""
    from tests.trial.participants import people

    return people.enrol(coordinator, site)


@pytest.fixture
def consented(enrolled: Participant, coordinator: User) -> Participant:
    """In screening."""
    from tests.trial.participants import people

    return people.consent(coordinator, enrolled)
