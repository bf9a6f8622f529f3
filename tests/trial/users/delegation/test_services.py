"""The PI delegates, confirms and ends; whoever waits for a delegation may do nothing. One query reads it."""

from __future__ import annotations

from datetime import date, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.trial.records import clinic
from tests.trial.users.staff import delegated
from trial.audit.context import audited
from trial.audit.models import AuditEntry
from trial.permissions import Role, may, sites_permitting
from trial.users.delegation import queries, services
from trial.users.delegation.models import Delegation, Training
from trial.users.models import RoleAssignment, Site, User
from trial.users.refusals import RightRefused
from trial.users.services import give_role

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def site() -> Site:
    return clinic.make_site()


@pytest.fixture
def pi(site: Site) -> User:
    return clinic.make_person(site, Role.PI, username="pi")


@pytest.fixture
def nurse(site: Site) -> User:
    """A nurse by role only."""
    user = clinic.make_person(site, username="nora")
    give_role("system:tests", user=user, site=site, role=Role.NURSE, starts_on=date(2020, 1, 1))
    return user


def again(user: User) -> User:
    """The account as the next request reads it."""
    return User.objects.get(pk=user.pk)


def test_a_role_allows_nothing_until_the_pi_delegates_it(site: Site, pi: User, nurse: User) -> None:
    assert sites_permitting(nurse, "infusion.record") == frozenset()
    assert [row.role for row in nurse.roles_undelegated] == ["nurse"]
    line = services.delegate(pi, user=nurse, site=site, role=Role.NURSE, starts_on=site.today)
    assert line.duties.startswith("Clonidine and infusion")
    assert may(again(nurse), "infusion.record", site.pk)
    assert again(nurse).roles_undelegated == []


def test_an_ended_delegation_allows_nothing_from_that_moment(site: Site, pi: User, nurse: User) -> None:
    line = services.delegate(pi, user=nurse, site=site, role=Role.NURSE, starts_on=site.today)
    services.end(pi, line, reason="left the ward")
    assert not may(again(nurse), "infusion.record")
    entry = AuditEntry.objects.filter(table_name="users_delegation").latest("id")
    assert (entry.actor, entry.reason) == ("pi", "left the ward")
    with pytest.raises(RightRefused, match="ended already"):
        services.end(pi, line, reason="twice")
    services.delegate(pi, user=nurse, site=site, role=Role.NURSE, starts_on=site.today)
    assert may(again(nurse), "infusion.record")


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.PSYCHIATRIST, Role.ADMINISTRATOR, Role.MONITOR])
def test_only_the_pi_of_the_site_delegates(site: Site, nurse: User, role: Role) -> None:
    other = clinic.make_person(site, role)
    elsewhere = clinic.make_person(clinic.make_site("X"), Role.PI)
    for actor in (other, elsewhere):
        with pytest.raises(RightRefused, match="delegated by its PI"):
            services.delegate(actor, user=nurse, site=site, role=Role.NURSE, starts_on=site.today)
    assert not Delegation.objects.filter(user=nurse).exists()


def test_nobody_delegates_to_themselves_not_even_in_the_database(site: Site, pi: User) -> None:
    give_role("system:tests", user=pi, site=site, role=Role.NURSE, starts_on=site.today)
    with pytest.raises(RightRefused, match="themselves"):
        services.delegate(pi, user=pi, site=site, role=Role.NURSE, starts_on=site.today)
    with pytest.raises(IntegrityError), transaction.atomic(), audited("system:tests", "forged"):
        Delegation.objects.create(user=pi, site=site, role="nurse", duties="x", starts_on=site.today, delegated_by=pi)


def test_the_pi_needs_no_delegation_for_another_role_at_the_site(site: Site, pi: User) -> None:
    give_role("system:tests", user=pi, site=site, role=Role.NURSE, starts_on=site.today)
    assert again(pi).roles_by_site() == {site.pk: frozenset({"pi", "nurse"})}


def test_a_delegation_at_one_site_is_none_at_another(site: Site, pi: User, nurse: User) -> None:
    away = clinic.make_site("A")
    give_role("system:tests", user=nurse, site=away, role=Role.NURSE, starts_on=date(2020, 1, 1))
    services.delegate(pi, user=nurse, site=site, role=Role.NURSE, starts_on=site.today)
    assert sites_permitting(again(nurse), "infusion.record") == {site.pk}


def test_a_delegation_of_one_role_is_none_of_another(site: Site, nurse: User) -> None:
    delegated(nurse, site, "coordinator")
    assert again(nurse).roles_by_site() == {}


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("dated back", {"starts_on": -1}, "not dated back"),
    ("end before start", {"starts_on": 3, "ends_on": 2}, "last day lies before"),
    ("not held", {"role": Role.PSYCHIATRIST}, "does not hold the role"),
    ("not delegated at all", {"role": Role.MONITOR}, "not delegated by the PI"),
]


@pytest.mark.parametrize(("_", "changed", "words"), REFUSED, ids=[case[0] for case in REFUSED])
def test_what_cannot_be_delegated_is_refused(
    site: Site, pi: User, nurse: User, _: str, changed: dict[str, Any], words: str
) -> None:
    days: dict[str, Any] = {
        name: site.today + changed[name] * DAY for name in ("starts_on", "ends_on") if name in changed
    }
    given: dict[str, Any] = {"user": nurse, "site": site, "role": Role.NURSE, "starts_on": site.today}
    given |= changed | days
    with pytest.raises(RightRefused, match=words):
        services.delegate(pi, **given)
    assert not Delegation.objects.exists()


def test_one_role_has_one_line_at_a_time(site: Site, pi: User, nurse: User) -> None:
    services.delegate(pi, user=nurse, site=site, role=Role.NURSE, starts_on=site.today, ends_on=site.today + 5 * DAY)
    with pytest.raises(RightRefused, match="delegated to Nora already"):
        services.delegate(pi, user=nurse, site=site, role=Role.NURSE, starts_on=site.today + 5 * DAY)
    services.delegate(pi, user=nurse, site=site, role=Role.NURSE, starts_on=site.today + 6 * DAY)


def test_a_line_that_was_carried_over_holds_and_waits_for_the_pi(site: Site, pi: User, nurse: User) -> None:
    line = delegated(nurse, site, "nurse")
    assert line is not None
    assert not line.is_confirmed
    assert may(again(nurse), "infusion.record")
    assert [row.pk for row in queries.log_of(site).unconfirmed] == [line.pk]
    confirmed = services.confirm(pi, line)
    assert (confirmed.delegated_by, confirmed.is_carried_over) == (pi, True)
    assert queries.log_of(site).unconfirmed == []
    with pytest.raises(RightRefused, match="confirmed or ended already"):
        services.confirm(pi, line)


def test_the_migration_carries_over_what_is_held_and_nothing_that_is_over(site: Site, pi: User, nurse: User) -> None:
    old = clinic.make_person(site, username="olga")
    with audited("system:tests", "set up"):
        RoleAssignment.objects.create(
            user=old, site=site, role="nurse", starts_on=date(2020, 1, 1), ends_on=date(2020, 2, 1)
        )
        import_module("trial.users.migrations.0005_carry_delegations_over").carry_over(apps, None)
    assert [(line.user, line.role, line.is_confirmed) for line in Delegation.objects.all()] == [(nurse, "nurse", False)]
    assert may(again(nurse), "infusion.record")


def test_the_roles_of_an_account_are_read_in_one_query(site: Site, pi: User, nurse: User) -> None:
    delegated(nurse, site, "nurse")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        user = again(nurse)
        assert user.roles_by_site()
        assert user.role_names == "Nurse"
        assert user.roles_undelegated == []
    assert len(asked) == 2  # the account, and its roles with the lines that cover them


def test_training_warns_until_it_is_recorded_and_blocks_nothing(site: Site, pi: User, nurse: User) -> None:
    delegated(nurse, site, "nurse")
    assert may(again(nurse), "infusion.record")
    ((place, topics),) = queries.own_lacks(again(nurse))
    assert place == site
    assert topics[1:] == ["GCP", "rating scales", "infusion and monitoring"]
    for topic in topics:
        services.record_training(pi, user=nurse, site=site, topic=topic, trained_on=site.today)
    assert queries.own_lacks(again(nurse)) == []
    assert [lack.user for lack in queries.log_of(site).lacks] == [pi]


def test_a_training_recorded_in_error_is_withdrawn_and_stays_in_the_log(site: Site, pi: User, nurse: User) -> None:
    row = services.record_training(pi, user=nurse, site=site, topic="GCP", trained_on=site.today)
    services.withdraw_training(pi, row, reason="another person")
    assert Training.objects.get().withdrawn_reason == "another person"
    assert "GCP" in dict(queries.own_lacks(again(nurse)))[site]


def test_training_is_recorded_when_it_was_by_who_may(site: Site, pi: User, nurse: User) -> None:
    given: dict[str, Any] = {"user": nurse, "site": site, "topic": "GCP"}
    with pytest.raises(RightRefused, match="not taken place"):
        services.record_training(pi, **given, trained_on=site.today + DAY)
    with pytest.raises(RightRefused, match="before the training"):
        services.record_training(pi, **given, trained_on=site.today, valid_until=site.today - DAY)
    with pytest.raises(RightRefused, match="PI or a coordinator"):
        services.record_training(nurse, **given, trained_on=site.today)
