"""Who is told of an alert, and who counts as on call, is asked of what the gate asks: no delegation, no action.

The gate (`trial/permissions.py` with the sign-in, which refuses a closed account) is the source that is compared with.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.trial.participants.people import PASSWORD, make_site, make_user
from tests.trial.safety.conftest import Clock
from tests.trial.safety.roster_people import with_address
from tests.trial.safety.smtp import Mailbox
from trial.audit.context import audited
from trial.jobs.models import Job
from trial.jobs.tasks import run
from trial.participants.models import Participant
from trial.permissions import Role, may
from trial.records.services import RecordError
from trial.safety import on_call, services, weeks
from trial.safety.models import Alert, OnCallShift
from trial.safety.services import roster
from trial.safety.tasks import notify
from trial.users.accounts.services import close_account, end_role
from trial.users.delegation import services as delegation
from trial.users.models import RoleAssignment, Site, User

DAY = timedelta(days=1)
LoseRight = Callable[[User, Site], None]


def by_ending_the_role(person: User, site: Site) -> None:
    keeper = make_user("keeper", site, "administrator")
    end_role(keeper, RoleAssignment.objects.get(user=person, site=site), reason="left the clinic")


def by_ending_the_delegation(person: User, site: Site) -> None:
    delegation.end(User.objects.get(username="ida"), person.delegations.get(site=site), reason="on leave")


def by_closing_the_account(person: User, site: Site) -> None:
    close_account(make_user("keeper", site, "administrator"), person, reason="left the clinic")


def by_the_last_day_of_the_role(person: User, site: Site) -> None:
    with audited("system:tests", "a last day"):
        RoleAssignment.objects.filter(user=person, site=site).update(ends_on=site.today - DAY)


def by_the_last_day_of_the_delegation(person: User, site: Site) -> None:
    with audited("system:tests", "a last day"):
        person.delegations.filter(site=site).update(ends_on=site.today - DAY)


WAYS = [
    by_ending_the_role,
    by_ending_the_delegation,
    by_closing_the_account,
    by_the_last_day_of_the_role,
    by_the_last_day_of_the_delegation,
]
every_way = pytest.mark.parametrize("lose", WAYS, ids=lambda way: way.__name__)


def passes_the_gate(person: User, site: Site) -> bool:
    """Whether a request is let through to "I am on it" (405: it takes no GET), by somebody who may there."""
    client, known = Client(), User.objects.get(pk=person.pk)
    client.force_login(known)
    answer = client.get(reverse("safety:attend", args=[site.pk]))
    assert answer.status_code in {405, 403, 302}, "let through, refused, led to the sign-in"
    return answer.status_code == 405 and may(known, "safety.acknowledge", site.pk)


def raised(participant: Participant, coordinator: User) -> Alert:
    return services.raise_alert(
        coordinator, participant=participant, kind="suicidal_thoughts", level="urgent", summary="Item 10 is 4."
    )


def work() -> None:
    """What the clock and the worker do."""
    notify()
    for job in Job.objects.filter(state=Job.State.QUEUED):
        run(str(job.pk))


def test_as_long_as_the_person_on_call_may_answer_they_are_told_first_and_no_gap_is_shown(
    on_duty: OnCallShift, site: Site, psychiatrist: User, pi: User
) -> None:
    now = timezone.now()
    assert on_call.chain(site, now) == [psychiatrist, pi]
    (gap,) = on_call.roster_gaps([site.pk], now)
    assert (gap.starts_at, gap.planned) == (on_duty.ends_at, "")


@every_way
def test_who_may_no_longer_answer_is_not_told_but_the_next_person_at_once(
    lose: LoseRight, on_duty: OnCallShift, site: Site, psychiatrist: User, pi: User, coordinator: User,
    consented: Participant, mail: Mailbox, clock: Clock,
) -> None:  # fmt: skip
    lose(psychiatrist, site)
    assert not passes_the_gate(psychiatrist, site)
    alert = raised(consented, coordinator)
    for minutes in (0, 15, 30):
        clock(alert.entered_at + timedelta(minutes=minutes))
        work()
    assert mail.receivers == ["ida@example.org"] * 3


@every_way
def test_a_back_up_who_may_no_longer_answer_is_left_out(
    lose: LoseRight, site: Site, psychiatrist: User, pi: User
) -> None:
    now = timezone.now()
    roster.plan_shift(
        pi, site=site, starts_at=now - DAY, ends_at=now + DAY, person=pi, phone="1234",
        backup=psychiatrist, backup_phone="2345",
    )  # fmt: skip
    assert on_call.chain(site, now) == [pi, psychiatrist]
    lose(psychiatrist, site)
    assert on_call.chain(site, now) == [pi]
    (gap,) = on_call.roster_gaps([site.pk], now)
    assert gap.starts_at == now + DAY, "the person on call may answer"


@every_way
def test_the_screen_names_the_next_and_never_who_may_not_answer(
    lose: LoseRight, on_duty: OnCallShift, site: Site, psychiatrist: User, coordinator: User, consented: Participant
) -> None:
    lose(psychiatrist, site)
    alert = raised(consented, coordinator)
    (found,) = on_call.unreached([alert], timezone.now())
    assert [one.name for one in found.contacts] == ["Ida"]
    assert not found.is_empty


def test_a_shift_of_which_nobody_may_answer_gives_the_emergency_number_alone(
    on_duty: OnCallShift, site: Site, psychiatrist: User, pi: User, coordinator: User, consented: Participant
) -> None:
    roster.set_contact(pi, site, phone="314 555 0199", answers="Night desk")
    alert = raised(consented, coordinator)
    for person in (psychiatrist, pi):
        with audited("system:tests", "closed"):
            User.objects.filter(pk=person.pk).update(is_active=False)
    (found,) = on_call.unreached([alert], timezone.now())
    assert found.is_empty
    assert [one.name for one in found.contacts] == ["Night desk"]
    assert on_call.chain(site, timezone.now()) == []


@every_way
def test_the_shift_of_who_may_not_answer_is_shown_as_a_gap_on_every_page_that_warns(
    lose: LoseRight, on_duty: OnCallShift, client: Client, site: Site, psychiatrist: User, coordinator: User
) -> None:
    lose(psychiatrist, site)
    now = timezone.now()
    (gap,) = on_call.roster_gaps([site.pk], now)
    assert (gap.starts_at, gap.ends_at, gap.planned) == (now, now + timedelta(days=14), "Paul")
    client.force_login(coordinator)
    for name in ("safety:open", "safety:board", "safety:roster"):
        assert "Paul may not answer alerts then" in client.get(reverse(name)).content.decode()
    week = client.get(reverse("safety:roster")).content.decode()
    assert "Paul may not answer alerts.</strong>" in week


def test_a_role_that_ends_in_the_middle_of_a_shift_leaves_a_gap_from_the_next_midnight_of_the_site(
    on_duty: OnCallShift, site: Site, psychiatrist: User
) -> None:
    last = site.today + DAY
    with audited("system:tests", "a last day"):
        RoleAssignment.objects.filter(user=psychiatrist).update(ends_on=last)
    now = timezone.now()
    (gap,) = on_call.roster_gaps([site.pk], now)
    begins = gap.starts_at.astimezone(site.zone)
    assert (begins.date(), begins.hour, begins.minute) == (last + DAY, 0, 0)
    assert on_call.chain(site, now)[0] == psychiatrist


def test_what_has_passed_of_a_shift_stays_as_it_was_planned(
    on_duty: OnCallShift, site: Site, psychiatrist: User
) -> None:
    by_ending_the_delegation(psychiatrist, site)
    now = timezone.now()
    assert on_call.covered(on_duty, on_call.Answering([site.pk]), now, now + DAY) == [(on_duty.starts_at, now)]
    yesterday = (now - DAY).astimezone(site.zone).date()
    (found,) = weeks.rosters(frozenset({site.pk}), yesterday)
    shown = found.days[yesterday.weekday()]
    assert (shown.gaps, shown.barred) == ((), frozenset())


def test_the_pi_of_another_year_comes_after_the_pi_of_today(site: Site, pi: User, psychiatrist: User) -> None:
    former = make_user("adam", site, "psychiatrist")
    with audited("system:tests", "set up"):
        RoleAssignment.objects.create(
            user=former, site=site, role="pi", starts_on=site.today - 9 * DAY, ends_on=site.today - DAY
        )
    now = timezone.now()
    assert on_call.chain(site, now) == [pi, former, psychiatrist]
    assert on_call.chain(site, now - 2 * DAY) == [former, pi, psychiatrist], "a control: two PIs, by name"


def test_who_may_answer_is_whom_the_gate_lets_through(site: Site, pi: User, psychiatrist: User) -> None:
    """Every role, with and without a delegation, at this site and at another; the PI's own roles need none."""
    other = make_site("L")
    for number, role in enumerate(Role):
        make_user(f"delegated{number}", site, role.value)
        make_user(f"elsewhere{number}", other, role.value)
        with audited("system:tests", "set up"):
            bare = User.objects.create_user(f"bare{number}", password=PASSWORD, full_name=f"Bare {number}")
            RoleAssignment.objects.create(user=bare, site=site, role=role.value, starts_on=site.today)
    for place in (site, other):
        let_through = {person for person in User.objects.all() if passes_the_gate(person, place)}
        assert set(on_call.may_answer(place, timezone.now())) == let_through
        assert let_through


@every_way
def test_nobody_is_put_on_call_who_may_not_answer(lose: LoseRight, site: Site, psychiatrist: User, pi: User) -> None:
    lose(with_address(psychiatrist), site)
    now = timezone.now()
    with pytest.raises(RecordError, match=r"Paul may not acknowledge alerts at K on .* the delegation log"):
        roster.plan_shift(pi, site=site, starts_at=now, ends_at=now + DAY, person=psychiatrist, phone="1234")


def test_a_shift_of_who_may_not_answer_is_given_to_another_on_its_page(
    client: Client, on_duty: OnCallShift, site: Site, psychiatrist: User, pi: User, coordinator: User
) -> None:
    by_ending_the_delegation(psychiatrist, site)
    client.force_login(coordinator)
    address = reverse("safety:shift", args=[on_duty.pk])
    form = client.get(address).context["form"]
    assert [str(person) for person in form.fields["person"].queryset] == ["Ida", "Paul"], "who it was is named"
    begins = timezone.now().astimezone(site.zone).strftime("%Y-%m-%dT%H:%M")
    sent = {
        "starts_at": begins, "ends_at": on_duty.ends_at.astimezone(site.zone).strftime("%Y-%m-%dT%H:%M"),
        "phone": "1234", "version": "1", "reason": "Paul left", "key": str(form["key"].value()),
    }  # fmt: skip
    refused = client.post(address, {**sent, "person": str(psychiatrist.pk)})
    assert (refused.status_code, "Paul may not acknowledge alerts" in refused.content.decode()) == (422, True)
    assert client.post(address, {**sent, "person": str(pi.pk)}).status_code == 302
    assert on_call.chain(site, timezone.now()) == [pi]
    assert on_call.roster_gaps([site.pk], timezone.now())[0].planned == ""


def test_gaps_cost_three_queries_for_any_number_of_people_and_shifts(
    site: Site, pi: User, django_assert_num_queries: Any
) -> None:
    now = timezone.now()
    for number in range(8):
        person = make_user(f"many{number}", site, "psychiatrist")
        begins = now + number * DAY
        roster.plan_shift(pi, site=site, person=person, phone="1234", starts_at=begins, ends_at=begins + DAY)
    with django_assert_num_queries(3):
        assert len(on_call.roster_gaps([site.pk], now)) == 1
