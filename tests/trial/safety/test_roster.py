"""Who is on call: shifts that never overlap, gaps that are told, in site time across a change of clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from trial.records.events import ask
from trial.records.services import ReasonRequired, RecordError, StaleRecord
from trial.safety import on_call, weeks
from trial.safety.models import OnCallShift
from trial.safety.rules.roster import Span, gaps
from trial.safety.services import roster
from trial.users.models import Site, User

DAY = timedelta(days=1)
MONDAY = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)  # 08:00 in Chicago


def plan(actor: User, site: Site, person: User, starts: datetime, ends: datetime, **other: Any) -> OnCallShift:
    values: dict[str, Any] = {"person": person, "phone": "314 555 0101", "backup": None, "backup_phone": "", **other}
    return roster.plan_shift(actor, site=site, starts_at=starts, ends_at=ends, **values)


def test_shifts_may_meet_but_not_overlap(site: Site, pi: User, psychiatrist: User) -> None:
    plan(pi, site, psychiatrist, MONDAY, MONDAY + DAY)
    plan(pi, site, pi, MONDAY + DAY, MONDAY + 2 * DAY)
    with pytest.raises(RecordError, match=r"Paul is on call then \(2026-03-02 08:00 to 2026-03-03 08:00\)"):
        plan(pi, site, pi, MONDAY + DAY / 2, MONDAY + DAY)


def test_a_shift_taken_out_leaves_its_time_free(site: Site, pi: User, psychiatrist: User) -> None:
    shift = plan(pi, site, psychiatrist, MONDAY, MONDAY + DAY)
    with pytest.raises(ReasonRequired):
        roster.cancel_shift(pi, shift, version=1, reason=" ")
    roster.cancel_shift(pi, shift, version=1, reason="ill")
    assert plan(pi, site, pi, MONDAY, MONDAY + DAY).pk != shift.pk


def test_a_changed_shift_may_cover_its_own_time_but_no_other(site: Site, pi: User, psychiatrist: User) -> None:
    shift = plan(pi, site, psychiatrist, MONDAY, MONDAY + DAY)
    plan(pi, site, pi, MONDAY + 2 * DAY, MONDAY + 3 * DAY)
    values: dict[str, Any] = {"person": psychiatrist, "phone": "1234", "backup": None, "backup_phone": ""}

    def change(version: int, ends: datetime) -> OnCallShift:
        return roster.change_shift(pi, shift, version=version, reason="swap", starts_at=MONDAY, ends_at=ends, **values)

    assert change(1, MONDAY + 2 * DAY).version == 2
    with pytest.raises(RecordError, match="Ida is on call then"):
        change(2, MONDAY + 2 * DAY + timedelta(minutes=1))
    with pytest.raises(StaleRecord):
        change(1, MONDAY + DAY)


def test_only_who_may_acknowledge_can_be_on_call(site: Site, pi: User, coordinator: User) -> None:
    with pytest.raises(RecordError, match="may not acknowledge alerts at K"):
        plan(pi, site, coordinator, MONDAY, MONDAY + DAY)


@pytest.mark.parametrize(
    ("values", "field"),
    [({"phone": "ask the desk"}, "phone"), ({"backup_phone": "1234"}, "backup_phone")],
)
def test_a_shift_without_a_number_to_phone_is_refused(site: Site, pi: User, values: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        plan(pi, site, pi, MONDAY, MONDAY + DAY, **values)
    assert field in refused.value.message_dict


def test_an_end_before_the_start_is_refused(site: Site, pi: User) -> None:
    with pytest.raises(ValidationError, match="must end after it begins"):
        plan(pi, site, pi, MONDAY, MONDAY)


spans = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=12)


def at(minute: int) -> datetime:
    return MONDAY + timedelta(minutes=minute)


@given(spans)
def test_gaps_are_exactly_the_minutes_that_no_shift_covers(drawn: list[tuple[int, int]]) -> None:
    shifts: list[Span] = [(at(start), at(start + length)) for start, length in drawn]
    free = {m for m in range(60) if not any(start <= at(m) < end for start, end in shifts)}
    found = gaps(shifts, at(0), at(60))
    assert {m for m in range(60) if any(start <= at(m) < end for start, end in found)} == free
    assert all(one[1] < other[0] for one, other in pairwise(found))


def test_the_gaps_of_the_next_14_days_are_told_for_each_site(site: Site, on_duty: OnCallShift) -> None:
    now = timezone.now()
    (gap,) = on_call.roster_gaps([site.pk], now)
    assert (gap.starts_at, gap.ends_at) == (on_duty.ends_at, now + timedelta(days=14))


def test_the_day_of_the_change_of_clocks_has_23_hours(site: Site, pi: User) -> None:
    # 2026-03-08, America/Chicago: 02:00 becomes 03:00 (tzdata).
    noon, end = datetime(2026, 3, 8, 17, 0, tzinfo=UTC), datetime(2026, 3, 9, 5, 0, tzinfo=UTC)
    plan(pi, site, pi, noon, end)
    (found,) = weeks.rosters(frozenset({site.pk}), noon.date())
    sunday = found.days[6]
    assert [end - start for start, end in sunday.gaps] == [timedelta(hours=11)]


def test_a_site_never_filled_is_named_until_its_first_shift(site: Site, pi: User) -> None:
    assert ask("safety.sites_without_roster") == ["K"]
    plan(pi, site, pi, MONDAY, MONDAY + DAY)
    assert ask("safety.sites_without_roster") == []


def test_the_first_shift_can_be_planned_from_the_command_line(site: Site, pi: User) -> None:
    given_span = {"site": "K", "phone": "314 555 0101", "begins": "2026-03-02T08:00", "ends": "2026-03-09T08:00"}
    call_command("add_on_call", "ida", **given_span)
    assert OnCallShift.objects.get().starts_at == MONDAY
    with pytest.raises(CommandError, match="Ida is on call then"):
        call_command("add_on_call", "ida", **given_span)
    with pytest.raises(CommandError, match="no such site or account"):
        call_command("add_on_call", "nobody", **given_span)
