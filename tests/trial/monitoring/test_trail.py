"""The periodic review of the audit trail: what is looked at, written once, entry after entry."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from infusion.models import Vitals
from tests.trial.monitoring import scenes
from tests.trial.participants import people
from trial.audit.context import audited
from trial.audit.models import AuditEntry
from trial.monitoring import trail
from trial.monitoring.models import TrailReview
from trial.monitoring.services import review_trail
from trial.monitoring.services.queries import NotYours
from trial.monitoring.trail_rules import Entry, Reading, is_night, kinds_of, moment, next_due
from trial.participants.models import Participant
from trial.records.services import RecordError
from trial.signatures.queries import signatures_of
from trial.signatures.rules import SENTENCES
from trial.signatures.services import Confirmation, SignatureRefused
from trial.users.models import Site, User

CHICAGO = ZoneInfo("America/Chicago")
NOON = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
READING = Reading(
    zone=CHICAGO,
    late_after=timedelta(minutes=60),
    clinical=frozenset({"infusion.vitals", "assessments.assessment", "imaging.networkconnectivity"}),
    instruments=frozenset({"madrs"}),
    outcome_tables=frozenset({"imaging.networkconnectivity"}),
)


def an_entry(label: str = "infusion.vitals", **changes: Any) -> Entry:
    """A change of vital signs at noon by a person, unless told otherwise."""
    given: dict[str, Any] = {"op": "U", "at": NOON, "actor": "nora", "reason": "misread"}
    given |= {"old": {"systolic": 126, "version": 1}, "new": {"systolic": 128, "version": 2}}
    return Entry(**{"id": 7, "label": label, "row_id": "r", "is_whole": True, **given, **changes})


def kinds(entry: Entry) -> list[str]:
    return list(kinds_of(entry, READING))


def test_a_correction_is_shown_and_an_entry_or_a_change_by_the_system_is_not() -> None:
    assert kinds(an_entry()) == ["corrections"]
    assert kinds(an_entry(op="I")) == []
    assert kinds(an_entry(actor="system:migrate x")) == []
    assert kinds(an_entry("users.user")) == []
    assert kinds(an_entry(old={"ended_at": None, "version": 1}, new={"ended_at": "2026", "version": 2})) == []


def test_only_a_change_of_what_decides_the_outcome_counts_as_such() -> None:
    old = {"instrument": "madrs", "scores": {"a": 1}, "total": 1, "comment": "a"}
    assert kinds(an_entry("assessments.assessment", old=old, new={**old, "total": 2})) == ["outcomes", "corrections"]
    assert kinds(an_entry("assessments.assessment", old=old, new={**old, "comment": "x"})) == ["corrections"]
    other = {**old, "instrument": "bprs"}
    assert kinds(an_entry("assessments.assessment", old=other, new={**other, "total": 2})) == ["corrections"]
    assert kinds(an_entry("imaging.networkconnectivity")) == ["outcomes", "corrections"]


@pytest.mark.parametrize(("minutes", "is_late"), [(60, False), (61, True)])
@pytest.mark.parametrize("written", ["%Y-%m-%dT%H:%M:%S+00:00", "%Y-%m-%d %H:%M:%S"])
def test_what_was_typed_more_than_an_hour_late_is_shown(minutes: int, is_late: bool, written: str) -> None:
    happened = (NOON - timedelta(minutes=minutes)).strftime(written)
    new = {"origin": "form", "occurred_at": happened}
    assert kinds(an_entry(op="I", new=new)) == (["late"] if is_late else [])
    assert kinds(an_entry(op="I", new={**new, "origin": "demo"})) == []


@pytest.mark.parametrize(
    ("clock", "expected"),
    [(time(21, 59), False), (time(22), True), (time(3), True), (time(5, 59), True), (time(6), False)],
)
def test_night_is_from_ten_to_six(clock: time, expected: bool) -> None:
    assert is_night(clock) is expected


def test_night_is_the_sites_night() -> None:
    assert "night" in kinds(an_entry(at=datetime(2026, 3, 3, 5, 0, tzinfo=UTC)))
    assert "night" not in kinds(an_entry(at=datetime(2026, 3, 3, 0, 0, tzinfo=UTC)))


def test_a_limit_passed_with_a_reason_is_shown() -> None:
    passed = {"summary": "Rate: 0.65 exceeds 0.6. Reason given: the psychiatrist ordered it"}
    assert kinds(an_entry("safety.deviation", op="I", new=passed)) == ["overrides"]
    assert kinds(an_entry("safety.deviation", op="I", new={"summary": "Week 2 was late."})) == []


def test_a_broken_glass_is_shown_and_its_review_is_not() -> None:
    assert kinds(an_entry("contacts.breakglass", op="I")) == ["emergency"]
    assert kinds(an_entry("contacts.breakglass")) == []


def test_an_entry_that_does_not_carry_its_hash_is_shown() -> None:
    assert kinds(an_entry(op="I", is_whole=False)) == ["tampered"]


@pytest.mark.parametrize("text", [None, "", 3])
def test_a_moment_that_is_none_is_none(text: object) -> None:
    assert moment(text) is None


def test_the_next_review_is_due_in_thirty_days() -> None:
    assert next_due(date(2026, 3, 2)) == date(2026, 4, 1)


def write(actor: User, site: Site, to_entry: int | None = None, **changes: Any) -> TrailReview:
    """Write the review that waits."""
    period = trail.period_of(site)
    last = to_entry if to_entry is not None else period.to_entry if period else 0
    said = {"findings": "None.", "has_findings": False, "confirmation": Confirmation(actor.pk, uuid4(), ""), **changes}
    return review_trail(actor, site, to_entry=last, **said)


def test_a_review_holds_what_the_trail_holds_up_to_its_last_entry(
    vitals: Vitals, coordinator: User, monitor: User, site: Site
) -> None:
    scenes.correct(coordinator, vitals, systolic=128)
    last = AuditEntry.objects.order_by("-id")[0]
    review = write(monitor, site, findings="One correction, explained.")
    assert (review.from_entry, review.to_entry, review.entered_by) == (1, last.pk, monitor)
    assert (review.counts["corrections"], review.counts["tampered"]) == (1, 0)
    assert review.next_due == timezone.now().astimezone(site.zone).date() + timedelta(days=30)


def test_the_next_review_begins_where_the_last_one_ended(
    vitals: Vitals, coordinator: User, monitor: User, manager: User, site: Site
) -> None:
    first = write(monitor, site)
    scenes.correct(coordinator, vitals, systolic=128)
    second = write(manager, site)
    assert second.from_entry == first.to_entry + 1
    assert second.counts["corrections"] == 1


def test_what_came_after_the_page_was_opened_is_left_to_the_next_review(
    vitals: Vitals, coordinator: User, monitor: User, site: Site
) -> None:
    period = trail.period_of(site)
    assert period is not None
    scenes.correct(coordinator, vitals, systolic=128)
    review = write(monitor, site, period.to_entry)
    assert (review.to_entry, review.counts["corrections"]) == (period.to_entry, 0)
    following = trail.period_of(site)
    assert following is not None
    assert following.from_entry == review.to_entry + 1


def test_entries_are_reviewed_once_and_a_form_sent_twice_is_one_review(
    vitals: Vitals, monitor: User, manager: User, site: Site
) -> None:
    key = uuid4()
    first = write(monitor, site, key=key)
    again = write(monitor, site, first.to_entry, key=key)
    assert again.pk == first.pk
    with pytest.raises(RecordError, match="wait for no review"):
        write(manager, site, first.to_entry)
    assert TrailReview.objects.count() == 1


@pytest.mark.parametrize("role", ["coordinator", "psychiatrist", "nurse", "imaging_analyst", "administrator"])
def test_nobody_else_reviews_the_trail(vitals: Vitals, site: Site, role: str) -> None:
    with pytest.raises(NotYours):
        write(people.make_user("rosa", site, role), site)


def test_a_review_without_words_is_refused(vitals: Vitals, monitor: User, site: Site) -> None:
    with pytest.raises(RecordError, match="Say what you found"):
        write(monitor, site, findings=" ")


def test_another_sites_entries_are_no_part_of_the_review(
    vitals: Vitals, monitor: User, site: Site, coordinator: User
) -> None:
    other = people.make_site("O")
    olga = people.make_user("olga", other, "coordinator")
    there = people.consent(olga, people.enrol(olga, other))
    row = scenes.take(olga, there)
    scenes.correct(olga, row, systolic=128)
    assert write(monitor, site).counts["corrections"] == 0


def test_a_review_is_due_thirty_days_after_the_first_record_and_says_so_on_today(
    vitals: Vitals, monitor: User, site: Site, consented: Participant
) -> None:
    sites = frozenset({site.pk})
    assert trail.due_at(sites) == []
    with audited("system:tests", "set up"):
        Participant.objects.filter(pk=consented.pk).update(entered_at=timezone.now() - timedelta(days=31))
    assert [place.pk for place, _ in trail.due_at(sites)] == [site.pk]
    client = Client()
    client.force_login(monitor)
    assert "review of the audit trail due" in client.get(reverse("monitoring:today")).content.decode()
    write(monitor, site)
    assert trail.due_at(sites) == []


def form_of(client: Client, site: Site, **changes: Any) -> dict[str, Any]:
    """The fields of the review that waits at a site, as its page offers them."""
    page = client.get(reverse("monitoring:review", args=[site.pk]))
    given = {"key": str(uuid4()), "to_entry": page.context["period"].to_entry, "findings": "All explained."}
    return {**given, "password": people.PASSWORD, **changes}


def test_a_monitor_closes_a_review_on_its_page_with_a_signature(
    vitals: Vitals, coordinator: User, monitor: User, site: Site
) -> None:
    scenes.correct(coordinator, vitals, systolic=128)
    client = Client()
    client.force_login(monitor)
    address = reverse("monitoring:review", args=[site.pk])
    page = client.get(address).content.decode()
    assert "Corrections of clinical records" in page
    assert SENTENCES["reviewed"] in page
    sent = form_of(client, site, username=monitor.username)
    assert client.post(address, sent)["Location"] == reverse("monitoring:reviews")
    assert client.post(address, sent)["Location"] == reverse("monitoring:reviews")
    review = TrailReview.objects.get()
    (signed,) = signatures_of(review)
    assert (signed.state, signed.signature.signer, signed.signature.meaning) == ("valid", monitor, "reviewed")
    written = client.get(reverse("monitoring:written", args=[review.pk])).content.decode()
    assert "All explained." in written
    assert f"<strong>{monitor.full_name}</strong>, reviewed" in " ".join(written.split())


@pytest.mark.parametrize(("field", "typed"), [("password", "not it"), ("username", "somebody"), ("password", "")])
def test_a_review_without_the_reviewers_own_password_is_not_written_and_its_words_stay(
    vitals: Vitals, monitor: User, site: Site, field: str, typed: str
) -> None:
    client = Client()
    client.force_login(monitor)
    sent = form_of(client, site, **{"username": monitor.username, field: typed})
    answer = client.post(reverse("monitoring:review", args=[site.pk]), sent)
    assert answer.status_code == 422
    assert "All explained." in answer.content.decode()
    assert not TrailReview.objects.exists()


def test_a_service_takes_no_review_without_a_password_or_with_somebody_elses(
    vitals: Vitals, monitor: User, manager: User, site: Site
) -> None:
    with pytest.raises(RecordError, match="give your password"):
        write(monitor, site, confirmation=None)
    with pytest.raises(SignatureRefused):
        write(monitor, site, confirmation=people.confirmed(manager))
    assert not TrailReview.objects.exists()
