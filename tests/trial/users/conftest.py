"""People and a clock for the tests of signing in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.trial.users.clock import Clock, freeze
from trial.permissions import Role

if TYPE_CHECKING:
    from trial.users.models import Site, User


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The site's clock, stopped on an evening."""
    return freeze(monkeypatch)


@pytest.fixture
def site(db: None) -> Site:
    """A site."""
    from tests.trial.records import clinic

    return clinic.make_site()


@pytest.fixture
def nora(site: Site) -> User:
    """A nurse of the site."""
    from tests.trial.records import clinic

    return clinic.make_person(site, Role.NURSE, username="nora")


@pytest.fixture
def pia(site: Site) -> User:
    """The PI of the site."""
    from tests.trial.records import clinic

    return clinic.make_person(site, Role.PI, username="pia")


@pytest.fixture
def ada(site: Site) -> User:
    """The administrator of the site."""
    from tests.trial.records import clinic

    return clinic.make_person(site, Role.ADMINISTRATOR, username="ada")
