"""Roles count from their first day to their last, site by site."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from tests.trial.records import clinic
from tests.trial.users.staff import delegated
from trial.audit.context import audited
from trial.permissions import Role, may, sites_permitting
from trial.users.models import RoleAssignment, Site, User

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def give(user: User, site: Site, role: Role, starts_on: date, ends_on: date | None = None) -> RoleAssignment:
    """A role of which every duty is delegated."""
    delegated(user, site, role, starts_on, ends_on)
    with audited("system:tests", "role"):
        return RoleAssignment.objects.create(user=user, site=site, role=role, starts_on=starts_on, ends_on=ends_on)


def test_a_role_counts_from_its_first_day_to_its_last() -> None:
    site = clinic.make_site()
    today = site.today
    user = clinic.make_person(site)
    give(user, site, Role.NURSE, today, today)
    give(user, site, Role.COORDINATOR, today - DAY)
    give(user, site, Role.PI, today + DAY)
    give(user, site, Role.MONITOR, today - 9 * DAY, today - DAY)
    assert user.roles_by_site() == {site.id: frozenset({"nurse", "coordinator"})}


def test_a_role_at_one_site_is_no_role_at_another() -> None:
    home, away = clinic.make_site("H"), clinic.make_site("A")
    user = clinic.make_person(home, Role.PI)
    give(user, away, Role.NURSE, date(2020, 1, 1))
    assert user.roles_by_site() == {home.id: frozenset({"pi"}), away.id: frozenset({"nurse"})}
    assert sites_permitting(user, "reports.order") == {home.id}
    assert sites_permitting(user, "infusion.record") == {home.id, away.id}
    assert may(user, "reports.order", home.id)
    assert not may(user, "reports.order", away.id)


def test_an_account_without_roles_may_do_nothing() -> None:
    user = clinic.make_person(clinic.make_site())
    assert user.roles_by_site() == {}
    assert sites_permitting(user, "protocol.read") == frozenset()


def test_roles_are_named_once_in_words() -> None:
    home, away = clinic.make_site("H"), clinic.make_site("A")
    user = clinic.make_person(home, Role.PI, Role.DATA_MANAGER)
    give(user, away, Role.PI, date(2020, 1, 1))
    assert user.role_names == "Data manager, PI"


def test_the_same_role_from_the_same_day_is_given_once() -> None:
    site = clinic.make_site()
    user = clinic.make_person(site, Role.NURSE)
    with pytest.raises(IntegrityError), transaction.atomic(), audited("system:tests", "role"):
        RoleAssignment.objects.create(user=user, site=site, role=Role.NURSE, starts_on=date(2020, 1, 1))


def test_an_account_with_roles_is_never_deleted() -> None:
    user = clinic.make_person(clinic.make_site(), Role.NURSE)
    with audited("system:tests", "left"), pytest.raises(ProtectedError):
        user.delete()


@pytest.mark.parametrize("zone", ["Chicago", "UTC+6", "", "../etc/passwd", "America/Chicago\n"])
def test_an_unknown_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Site(code="X", name="X", timezone=zone).full_clean()
    assert set(refused.value.message_dict) == {"timezone"}


def test_a_site_knows_its_zone() -> None:
    assert clinic.make_site().zone == ZoneInfo("America/Chicago")
