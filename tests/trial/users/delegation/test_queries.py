"""Who can be named for a duty: who holds the role while its duties are delegated, at the time that is asked about."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.trial.records import clinic
from tests.trial.users.staff import delegated
from trial.audit.context import audited
from trial.permissions import Role
from trial.users.delegation import services
from trial.users.delegation.queries import acting
from trial.users.models import RoleAssignment, Site, User
from trial.users.services import give_role

pytestmark = pytest.mark.django_db
BEDSIDE = ("nurse", "pi", "monitor")


@pytest.fixture
def site() -> Site:
    return clinic.make_site()


def waiting(site: Site) -> User:
    """A nurse whose duties nobody has delegated."""
    with audited("system:tests", "set up"):
        user = User.objects.create_user("waiting", password=clinic.PASSWORD, full_name="Waiting")
    give_role("system:tests", user=user, site=site, role=Role.NURSE, starts_on=site.today - timedelta(days=9))
    return user


def named(site: Site, days_ago: int = 0) -> set[str]:
    return {user.username for user in acting(site, BEDSIDE, timezone.now() - timedelta(days=days_ago))}


def test_only_those_in_a_role_with_delegated_duties_are_named(site: Site) -> None:
    nurse = clinic.make_person(site, Role.NURSE, username="nurse")
    clinic.make_person(site, Role.MONITOR, username="monitor")
    clinic.make_person(site, Role.COORDINATOR, username="coordinator")
    clinic.make_person(clinic.make_site("L"), Role.NURSE, username="elsewhere")
    late = waiting(site)
    assert named(site) == {"nurse", "monitor"}, "an overseer's role needs no delegation of the PI"
    delegated(late, site, Role.NURSE)
    assert named(site) == {"nurse", "monitor", "waiting"}
    with audited("system:tests", "set up"):
        User.objects.filter(pk=nurse.pk).update(is_active=False)
    assert named(site) == {"monitor", "waiting"}


def test_the_pi_needs_no_delegation_for_another_role_held(site: Site) -> None:
    late = waiting(site)
    give_role("system:tests", user=late, site=site, role=Role.PI, starts_on=site.today)
    assert {user.username for user in acting(site, ("nurse",), timezone.now())} == {"waiting"}


def test_whose_duties_are_over_is_named_for_the_time_before(site: Site) -> None:
    pi = clinic.make_person(site, Role.PI, username="pi")
    nurse = clinic.make_person(site, Role.NURSE, username="nurse")
    services.end(pi, nurse.delegations.get(), reason="has left the ward")
    assert named(site) == {"pi"}
    assert named(site, days_ago=2) == {"pi", "nurse"}
    with audited("system:tests", "set up"):
        RoleAssignment.objects.filter(user=nurse).update(starts_on=site.today + timedelta(days=1))
    assert named(site, days_ago=2) == {"pi"}, "a role to come allows nothing yet"
