"""A site, its analyst, and a participant who has consented."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # models load only after Django is set up, which is later than this file
    from imaging.models import ImagingSession
    from trial.participants.models import Participant
    from trial.users.models import Site, User


@pytest.fixture
def site(db: None) -> Site:
    """The site K in Chicago."""
    from tests.trial.participants import people

    return people.make_site("K")


@pytest.fixture
def analyst(site: Site) -> User:
    """An imaging analyst at K."""
    from tests.trial.participants import people

    return people.make_user("ada", site, "imaging_analyst")


@pytest.fixture
def participant(site: Site) -> Participant:
    """In screening."""
    from tests.trial.participants import people

    coordinator = people.make_user("carla", site, "coordinator")
    return people.consent(coordinator, people.enrol(coordinator, site))


@pytest.fixture
def session(analyst: User, participant: Participant) -> ImagingSession:
    """The participant's first scan."""
    from tests.imaging import scans

    return scans.scan(analyst, participant)
