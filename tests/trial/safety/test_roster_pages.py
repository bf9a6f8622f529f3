"""Two people on one roster: the later is told by whom and what stands; a form sent twice is answered alike."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.trial.participants.people import make_user
from trial.audit.models import AuditEntry
from trial.safety.models import OnCallShift, SafetyContact
from trial.safety.services import roster
from trial.users.models import Site, User

MONDAY = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)  # 08:00 in Chicago
DAY = timedelta(days=1)


def key() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def shift(site: Site, pi: User, psychiatrist: User) -> OnCallShift:
    return roster.plan_shift(
        pi, site=site, starts_at=MONDAY, ends_at=MONDAY + DAY, person=psychiatrist, phone="314 555 0101"
    )


@pytest.fixture
def mine(client: Client, coordinator: User) -> Client:
    client.force_login(coordinator)
    return client


@pytest.fixture
def theirs(site: Site) -> Client:
    other = Client()
    other.force_login(make_user("quentin", site, "coordinator"))
    return other


def changed(shift: OnCallShift, **other: Any) -> dict[str, str]:
    """What the page of a shift sends."""
    sent = {"starts_at": "2026-03-02T08:00", "ends_at": "2026-03-03T08:00", "person": str(shift.person_id)}
    sent |= {"phone": "314 555 0101", "version": str(shift.version), "reason": "swap", "key": key()}
    return {**sent, **other}


def sides(answer: Any) -> dict[str, tuple[str, str, str]]:
    """Field by field: as it was opened, as it is saved, as it was typed."""
    return {
        one.label: (one.opened.words, one.saved.words, one.typed.words)
        for one in answer.context["form"].conflict.differences
    }


def test_a_stale_change_of_a_shift_shows_both_sides_with_who_and_when_and_can_then_be_saved(
    mine: Client, theirs: Client, shift: OnCallShift, pi: User
) -> None:
    address = reverse("safety:shift", args=[shift.pk])
    assert theirs.post(address, changed(shift, person=str(pi.pk), reason="Paul is ill")).status_code == 302
    entries = AuditEntry.objects.count()
    late = mine.post(address, changed(shift, phone="314 555 0199"))
    assert (late.status_code, AuditEntry.objects.count()) == (409, entries)
    page = late.content.decode()
    (save,) = late.context["form"].conflict.saves
    assert (save.name, save.reason) == ("Quentin", "Paul is ill")
    assert save.at.astimezone(shift.site.zone).strftime("%Y-%m-%d %H:%M") in page
    assert sides(late) == {
        "On call": ("Paul", "Ida", "Paul"),
        "Telephone": ("314 555 0101", "314 555 0101", "314 555 0199"),
    }
    form = late.context["form"]
    again = {name: form[name].value() for name in ("version", "person", "phone", "reason", "key")}
    assert (again["version"], again["reason"]) == (2, "swap")
    again = {**changed(shift), **{name: str(getattr(value, "pk", value)) for name, value in again.items()}}
    assert mine.post(address, again).status_code == 302
    shift.refresh_from_db()
    assert (shift.version, shift.person, shift.phone) == (3, pi, "314 555 0199")


def test_a_change_of_a_shift_that_was_taken_out_meanwhile_says_so_and_by_whom(
    mine: Client, theirs: Client, shift: OnCallShift
) -> None:
    gone = {"version": "1", "reason": "ill", "key": key()}
    assert theirs.post(reverse("safety:cancel", args=[shift.pk]), gone).status_code == 302
    address = reverse("safety:shift", args=[shift.pk])
    late = mine.post(address, changed(shift, phone="314 555 0199"))
    assert late.status_code == 409
    assert sides(late)["In the roster"][:2] == ("yes", "no, taken out")
    assert "Quentin" in late.content.decode()
    again = mine.post(address, changed(shift, version="2"))
    assert (again.status_code, "was taken out of the roster" in again.content.decode()) == (422, True)
    assert mine.get(address).status_code == 404


def test_taking_out_a_shift_that_somebody_changed_meanwhile_shows_what_it_is_now(
    mine: Client, theirs: Client, shift: OnCallShift, pi: User
) -> None:
    swap = changed(shift, person=str(pi.pk), ends_at="2026-03-04T08:00")
    assert theirs.post(reverse("safety:shift", args=[shift.pk]), swap).status_code == 302
    address = reverse("safety:cancel", args=[shift.pk])
    late = mine.post(address, {"version": "1", "reason": "Paul is ill", "key": key()})
    assert late.status_code == 409
    assert sides(late)["On call"][:2] == ("Paul, 314 555 0101", "Ida, 314 555 0101")
    assert sides(late)["From and to"][1] == "2026-03-02 08:00 to 2026-03-04 08:00"
    assert "Quentin" in late.content.decode()
    shift.refresh_from_db()
    assert not shift.is_cancelled


def test_a_stale_emergency_number_shows_both_sides(mine: Client, theirs: Client, site: Site, pi: User) -> None:
    roster.set_contact(pi, site, phone="314 555 0199", answers="Night desk")
    address = reverse("safety:contact", args=[site.code])
    sent = {"answers": "Night desk", "phone": "314 555 0199", "version": "1"}
    assert theirs.post(address, {**sent, "phone": "314 555 0111", "key": key()}).status_code == 302
    late = mine.post(address, {**sent, "phone": "314 555 0122", "key": key()})
    assert late.status_code == 409
    assert sides(late) == {"Emergency number": ("314 555 0199", "314 555 0111", "314 555 0122")}
    assert "Quentin" in late.content.decode()
    assert late.context["form"]["version"].value() == 2
    assert SafetyContact.objects.get().phone == "314 555 0111"


def test_two_first_emergency_numbers_at_once_are_shown_side_by_side(mine: Client, theirs: Client, site: Site) -> None:
    address = reverse("safety:contact", args=[site.code])
    sent = {"answers": "Night desk", "phone": "314 555 0199"}
    assert theirs.post(address, {**sent, "key": key()}).status_code == 302
    late = mine.post(address, {**sent, "answers": "Porter", "key": key()})
    assert late.status_code == 409
    assert sides(late)["Who answers"] == ("none", "Night desk", "Porter")


def each_form(shift: OnCallShift, pi: User) -> dict[str, tuple[str, dict[str, str], dict[str, str]]]:
    """Every form of the roster: its address, what is sent, and other content."""
    code, later = shift.site.code, {"starts_at": "2026-03-05T08:00", "ends_at": "2026-03-06T08:00"}
    number = {"answers": "Night desk", "phone": "314 555 0199"}
    plan = {**changed(shift), **later}
    return {
        "plan": (reverse("safety:plan", args=[code]), plan, {"phone": "2345"}),
        "shift": (reverse("safety:shift", args=[shift.pk]), changed(shift, person=str(pi.pk)), {"phone": "2345"}),
        "cancel": (
            reverse("safety:cancel", args=[shift.pk]),
            {"version": "1", "reason": "ill", "key": key()},
            {"reason": "on leave"},
        ),
        "contact": (reverse("safety:contact", args=[code]), {**number, "key": key()}, {"phone": "2345"}),
    }


@pytest.mark.parametrize("name", ["plan", "shift", "cancel", "contact", "known contact"])
def test_a_form_of_the_roster_sent_twice_is_answered_alike_and_written_once(
    mine: Client, shift: OnCallShift, site: Site, pi: User, name: str
) -> None:
    if name == "known contact":
        roster.set_contact(pi, site, phone="314 555 0111", answers="Porter")
    address, sent, other = each_form(shift, pi)[name.removeprefix("known ")]
    sent = {**sent, "version": "1"}
    first = mine.post(address, sent)
    assert first.status_code == 302, first.context["form"].errors
    entries = AuditEntry.objects.count()
    second = mine.post(address, sent)
    assert (second.status_code, second.headers["Location"]) == (302, first.headers["Location"])
    assert AuditEntry.objects.count() == entries
    refused = mine.post(address, {**sent, **other})
    assert (refused.status_code, "already saved with other" in refused.content.decode()) == (422, True)
    assert AuditEntry.objects.count() == entries


WARNS = ["safety:open", "safety:board", "safety:roster"]  # the first is the part of Today that is about safety


@pytest.mark.parametrize("name", WARNS)
def test_today_the_board_and_the_roster_warn_of_a_gap_in_the_next_14_days(
    mine: Client, on_duty: OnCallShift, site: Site, name: str
) -> None:
    words = " ".join(mine.get(reverse(name)).content.decode().split())
    assert "Nobody is on call for part of the next 14 days" in words
    begins = on_duty.ends_at.astimezone(site.zone)
    assert f"K: {begins:%Y-%m-%d %H:%M} to" in words
    assert f'href="{reverse("safety:roster")}">Open the roster' in words


@pytest.mark.parametrize("name", WARNS)
def test_a_roster_without_gaps_is_not_warned_of(
    mine: Client, on_duty: OnCallShift, site: Site, pi: User, name: str
) -> None:
    until = timezone.now() + 15 * DAY
    roster.plan_shift(pi, site=site, starts_at=on_duty.ends_at, ends_at=until, person=pi, phone="314 555 0102")
    assert "Nobody is on call for part" not in mine.get(reverse(name)).content.decode()


def test_today_loads_the_part_that_warns(mine: Client) -> None:
    assert f'hx-get="{reverse("safety:open")}"' in mine.get(reverse("participants:today")).content.decode()
