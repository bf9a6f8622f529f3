"""An administrator keeps the accounts of their sites, with a reason, and never their own rights."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from tests.trial.records import clinic
from trial.audit.models import AuditEntry
from trial.permissions import Role, may
from trial.users.accounts import services
from trial.users.models import Site, User
from trial.users.refusals import RightRefused

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
FIRST = "a first passphrase"


@pytest.fixture
def site() -> Site:
    return clinic.make_site()


@pytest.fixture
def admin(site: Site) -> User:
    return clinic.make_person(site, Role.ADMINISTRATOR, username="ada")


def wanted(site: Site, **changes: Any) -> dict[str, Any]:
    """What an administrator asks for."""
    given: dict[str, Any] = {
        "username": "mona",
        "full_name": "Mona Monitor",
        "email": "mona@clinic.invalid",
        "password": FIRST,
    }
    given |= {"site": site, "role": Role.MONITOR, "starts_on": site.today, "reason": "joined the study team"}
    return {**given, **changes}


def again(user: User) -> User:
    """The account as the next request reads it."""
    return User.objects.get(pk=user.pk)


def test_an_account_is_opened_with_a_role_and_a_password_to_be_changed(site: Site, admin: User) -> None:
    mona = services.open_account(admin, **wanted(site))
    assert again(mona).roles_by_site() == {site.pk: frozenset({"monitor"})}
    assert again(mona).is_password_given
    told = AuditEntry.objects.filter(table_name__in=("users_user", "users_roleassignment"), actor="ada")
    assert set(told.values_list("reason", flat=True)) == {"joined the study team"}


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_only_an_administrator_of_the_site_keeps_accounts(site: Site, admin: User, role: Role) -> None:
    other = clinic.make_person(site, role, username="otto")
    elsewhere = clinic.make_person(clinic.make_site("X"), Role.ADMINISTRATOR)
    target = clinic.make_person(site, Role.MONITOR, username="tara")
    for actor in (other, elsewhere):
        with pytest.raises(RightRefused, match="kept by its administrator"):
            services.open_account(actor, **wanted(site))
        with pytest.raises(RightRefused, match="kept by its administrator"):
            services.end_role(actor, target.role_assignments.get(), reason="because")
        with pytest.raises(RightRefused, match="kept by its administrator"):
            services.close_account(actor, target, reason="because")
    assert not User.objects.filter(username="mona").exists()


def test_nobody_changes_their_own_rights(site: Site, admin: User) -> None:
    own = admin.role_assignments.get()
    days: dict[str, Any] = {"starts_on": site.today, "reason": "more work"}
    for refused in (
        lambda: services.give_role(admin, user=admin, site=site, role=Role.PI, **days),
        lambda: services.end_role(admin, own, reason="tired"),
        lambda: services.close_account(admin, admin, reason="tired"),
        lambda: services.reopen_account(admin, admin, password=FIRST, reason="back"),
    ):
        with pytest.raises(RightRefused, match="their own rights"):
            refused()
    assert again(admin).roles_by_site() == {site.pk: frozenset({"administrator"})}


@pytest.mark.parametrize("reason", ["", "  "])
def test_every_change_of_rights_has_a_reason(site: Site, admin: User, reason: str) -> None:
    mona = services.open_account(admin, **wanted(site))
    for refused in (
        lambda: services.open_account(admin, **wanted(site, username="mia", reason=reason)),
        lambda: services.end_role(admin, mona.role_assignments.get(), reason=reason),
        lambda: services.close_account(admin, mona, reason=reason),
    ):
        with pytest.raises(RightRefused, match="Say why"):
            refused()


@pytest.mark.parametrize("username", ["mona", "MONA"])
def test_the_name_of_a_closed_account_is_not_given_again(site: Site, admin: User, username: str) -> None:
    services.close_account(admin, services.open_account(admin, **wanted(site)), reason="left")
    with pytest.raises(RightRefused, match="belongs to an account"):
        services.open_account(admin, **wanted(site, username=username))


def test_a_weak_first_password_is_refused(site: Site, admin: User) -> None:
    with pytest.raises(ValidationError, match="too short"):
        services.open_account(admin, **wanted(site, password="short"))
    assert not User.objects.filter(username="mona").exists()


def test_an_ended_role_allows_nothing_from_that_moment_and_can_be_given_again(site: Site, admin: User) -> None:
    mona = services.open_account(admin, **wanted(site))
    services.end_role(admin, mona.role_assignments.get(), reason="moved on")
    assert not may(again(mona), "protocol.read")
    with pytest.raises(RightRefused, match="ended already"):
        services.end_role(admin, mona.role_assignments.get(), reason="twice")
    services.give_role(admin, user=mona, site=site, role=Role.MONITOR, starts_on=site.today, reason="came back")
    assert may(again(mona), "protocol.read")


def test_a_role_is_given_once_for_any_day_and_never_dated_back(site: Site, admin: User) -> None:
    mona = services.open_account(admin, **wanted(site))
    given: dict[str, Any] = {"user": mona, "site": site, "reason": "more work"}
    with pytest.raises(RightRefused, match="has this role"):
        services.give_role(admin, **given, role=Role.MONITOR, starts_on=site.today + DAY)
    with pytest.raises(RightRefused, match="not dated back"):
        services.give_role(admin, **given, role=Role.DATA_MANAGER, starts_on=site.today - DAY)
    days: dict[str, Any] = {"starts_on": site.today + DAY, "ends_on": site.today}
    with pytest.raises(RightRefused, match="last day lies before"):
        services.give_role(admin, **given, role=Role.DATA_MANAGER, **days)


def test_a_closed_account_is_reopened_with_another_password_only(site: Site, admin: User) -> None:
    mona = services.open_account(admin, **wanted(site))
    services.close_account(admin, mona, reason="on leave")
    assert not again(mona).is_active
    with pytest.raises(RightRefused, match="closed already"):
        services.close_account(admin, mona, reason="twice")
    with pytest.raises(RightRefused, match="account is closed"):
        services.give_role(
            admin, user=mona, site=site, role=Role.DATA_MANAGER, starts_on=site.today, reason="more work"
        )
    services.reopen_account(admin, mona, password="another first passphrase", reason="back")
    assert again(mona).is_active
    assert again(mona).is_password_given
    assert not again(mona).check_password(FIRST)
    with pytest.raises(RightRefused, match="open already"):
        services.reopen_account(admin, mona, password=FIRST, reason="twice")


def test_an_account_with_roles_elsewhere_is_not_closed_by_one_site_alone(site: Site, admin: User) -> None:
    mona = services.open_account(admin, **wanted(site))
    away = clinic.make_site("X")
    far = clinic.make_person(away, Role.ADMINISTRATOR)
    services.give_role(far, user=mona, site=away, role=Role.MONITOR, starts_on=away.today, reason="works there too")
    with pytest.raises(RightRefused, match="other sites as well"):
        services.close_account(admin, mona, reason="left")
    assert again(mona).is_active
