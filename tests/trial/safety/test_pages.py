"""What the pages of events, alerts and the roster say and save."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.trial.participants.people import CONSENTED, make_user
from tests.trial.safety.conftest import Clock
from trial.participants.models import Participant
from trial.safety import services
from trial.safety.models import AdverseEvent, Alert, OnCallShift
from trial.users.models import Site, User

EVENT = {
    "occurred_at": "2026-03-02T11:00",
    "aware_at": "2026-03-02T11:30",
    "term": "nausea",
    "grade": "2",
    "ketamine_causality": "probable",
    "clonidine_causality": "unlikely",
    "procedure_causality": "unrelated",
}


def key() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def alert(consented: Participant, psychiatrist: User) -> Alert:
    return services.raise_alert(
        psychiatrist, participant=consented, kind="suicidality", level="urgent", summary="Item 10 is 4."
    )


@pytest.fixture
def event(consented: Participant, coordinator: User) -> AdverseEvent:
    values: dict[str, Any] = {name: value for name, value in EVENT.items() if not name.endswith("_at")}
    return services.record_adverse_event(
        coordinator, participant=consented, occurred_at=CONSENTED, aware_at=CONSENTED, **values
    )


def test_an_event_that_was_serious_in_words_is_not_made_harmless_by_a_correction(
    client: Client, consented: Participant, coordinator: User
) -> None:
    values: dict[str, Any] = {name: value for name, value in EVENT.items() if not name.endswith("_at")}
    old = services.record_adverse_event(
        coordinator, participant=consented, occurred_at=CONSENTED, aware_at=CONSENTED, **values,
        is_serious=True, seriousness="hospital stay",
    )  # fmt: skip
    client.force_login(coordinator)
    change = {**EVENT, "seriousness": "hospital stay", "version": "1", "reason": "a typing error", "key": key()}
    refused = client.post(reverse("safety:correct", args=[old.pk]), change).content.decode()
    assert "tick at least one rule" in refused
    client.post(reverse("safety:correct", args=[old.pk]), {**change, "is_hospitalisation": "on"})
    old.refresh_from_db()
    assert (old.is_serious, old.is_hospitalisation, old.seriousness) == (True, True, "hospital stay")


def test_unticking_every_rule_makes_a_serious_event_one_that_is_not(
    client: Client, consented: Participant, coordinator: User
) -> None:
    client.force_login(coordinator)
    client.post(
        reverse("safety:adverse_event", args=[consented.study_id]), {**EVENT, "is_hospitalisation": "on", "key": key()}
    )
    event = AdverseEvent.objects.get()
    assert event.is_serious
    change = {**EVENT, "version": "1", "reason": "it was the planned stay", "key": key()}
    assert client.post(reverse("safety:correct", args=[event.pk]), change).status_code == 302
    event.refresh_from_db()
    assert not event.is_serious


def test_every_grade_stands_beside_the_words_of_ctcae(
    client: Client, consented: Participant, coordinator: User
) -> None:
    client.force_login(coordinator)
    page = client.get(reverse("safety:adverse_event", args=[consented.study_id])).content.decode()
    # CTCAE v5.0, page 2, "Grades".
    for words in (
        "asymptomatic or mild symptoms",
        "instrumental ADL",
        "self care ADL",
        "urgent intervention indicated",
    ):
        assert words in page


def test_a_serious_event_is_reported_and_its_page_tells_when_it_is_overdue(
    client: Client, consented: Participant, coordinator: User
) -> None:
    client.force_login(coordinator)
    client.post(
        reverse("safety:adverse_event", args=[consented.study_id]), {**EVENT, "is_hospitalisation": "on", "key": key()}
    )
    event = AdverseEvent.objects.get()
    page = reverse("safety:event", args=[event.pk])
    assert "Overdue: First report, within 24 h" in client.get(page).content.decode()
    sent = {
        "occurred_at": "2026-03-02T12:30",
        "recipient": "sponsor",
        "means": "email",
        "reference": "S-7",
        "key": key(),
    }
    early = client.post(reverse("safety:report", args=[event.pk]), {**sent, "occurred_at": "2026-03-02T11:00"})
    assert "before trial staff knew" in early.content.decode()
    assert client.post(reverse("safety:report", args=[event.pk]), sent).status_code == 302
    told = client.get(page).content.decode()
    assert "Overdue: First report" not in told
    assert "number S-7" in told
    assert "2026-03-02 12:30" in told


def test_the_event_its_follow_ups_and_its_reports_lead_to_their_histories(
    client: Client, site: Site, event: AdverseEvent, coordinator: User
) -> None:
    news = services.follow_up(coordinator, event, occurred_at=CONSENTED, news="Better.", outcome_code="recovering")
    services.correct_adverse_event(
        coordinator, event, version=2, reason="admitted", is_serious=True, is_hospitalisation=True
    )
    told = services.report_serious_event(coordinator, event, occurred_at=CONSENTED, recipient="sponsor", means="portal")
    for person in (coordinator, make_user("mona", site, "monitor")):
        client.force_login(person)
        page = client.get(reverse("safety:event", args=[event.pk])).content.decode()
        for row in (event, news, told):
            to = reverse("audit:history", args=[row._meta.label, row.pk])
            assert f'href="{to}"' in page
            assert client.get(to).status_code == 200


def test_an_event_that_is_not_serious_has_no_report(client: Client, event: AdverseEvent, coordinator: User) -> None:
    client.force_login(coordinator)
    assert client.get(reverse("safety:report", args=[event.pk])).status_code == 404


def test_a_follow_up_is_entered_and_shown(client: Client, event: AdverseEvent, coordinator: User) -> None:
    client.force_login(coordinator)
    address = reverse("safety:follow_up", args=[event.pk])
    news = {"occurred_at": "2026-03-03T09:00", "news": "Called: gone.", "outcome_code": "recovered", "key": key()}
    news["version"] = "1"
    assert "Say when it ended" in client.post(address, news).content.decode()
    assert client.post(address, {**news, "ended_at": "2026-03-03T08:00"}).status_code == 302
    page = client.get(reverse("safety:event", args=[event.pk])).content.decode()
    assert "Called: gone." in page
    assert "resolved" in page


def test_a_follow_up_opened_before_a_colleagues_correction_overwrites_nothing(
    client: Client, event: AdverseEvent, coordinator: User, pi: User
) -> None:
    client.force_login(coordinator)
    address = reverse("safety:follow_up", args=[event.pk])
    form = client.get(address).context["form"]
    assert (form["version"].value(), form["outcome_code"].value()) == (1, "")
    ended = datetime(2026, 3, 3, 14, 0, tzinfo=UTC)
    services.correct_adverse_event(
        pi, event, version=1, reason="the ward called", outcome_code="recovered", ended_at=ended
    )
    news = {"occurred_at": "2026-03-03T09:00", "news": "Still dizzy.", "outcome_code": "not_recovered"}
    late = client.post(address, {**news, "version": "1", "key": key()})
    assert late.status_code == 409
    conflict = late.context["form"].conflict
    assert [(save.name, save.reason) for save in conflict.saves] == [("Ida", "the ward called")]
    shown = {one.name: (one.opened.words, one.saved.words, one.typed.words) for one in conflict.differences}
    assert shown == {
        "outcome_code": ("none", "recovered", "not recovered"),
        "ended_at": ("none", "2026-03-03 08:00", "none"),
    }
    assert "Still dizzy." in late.content.decode()
    event.refresh_from_db()
    assert (event.outcome_code, event.ended_at, event.follow_ups.count()) == ("recovered", ended, 0)
    decided = {**news, "version": "2", "key": key(), "ended_at": "2026-03-03T08:00", "outcome_code": "recovered"}
    assert client.post(address, decided).status_code == 302, "a control: at the version of now it is saved"


def test_an_alert_says_whom_to_phone_until_somebody_is_on_it(
    client: Client, alert: Alert, on_duty: OnCallShift, psychiatrist: User, coordinator: User
) -> None:
    client.force_login(coordinator)
    pages = [
        reverse("safety:alert", args=[alert.pk]),
        reverse("safety:open"),
        reverse("safety:reach", args=[alert.participant.study_id]),
    ]
    for page in pages:
        words = client.get(page).content.decode()
        assert "Nobody has been reached yet: phone Paul" in words
        assert "+1 314 555 0101" in words
        assert "Then Ida" in words
    client.force_login(psychiatrist)
    assert client.post(reverse("safety:attend", args=[alert.pk])).status_code == 302
    for page in pages:
        assert "Nobody has been reached" not in client.get(page).content.decode()
    assert "Paul is on it" in client.get(reverse("safety:board")).content.decode()


def test_an_empty_roster_says_so_and_what_to_do(client: Client, alert: Alert, coordinator: User) -> None:
    client.force_login(coordinator)
    words = client.get(reverse("safety:alert", args=[alert.pk])).content.decode()
    assert "The roster names nobody who may answer now." in words
    assert "No emergency number of the site is recorded either" in words
    sent = {"answers": "Night desk", "phone": "314 555 0199", "key": key()}
    assert client.post(reverse("safety:contact", args=[alert.site.code]), sent).status_code == 302
    assert "Phone Night desk" in client.get(reverse("safety:alert", args=[alert.pk])).content.decode()


def test_a_shift_is_planned_changed_and_taken_out(
    client: Client, site: Site, coordinator: User, psychiatrist: User
) -> None:
    client.force_login(coordinator)
    shift = {"starts_at": "2026-03-02T08:00", "ends_at": "2026-03-03T08:00", "person": str(psychiatrist.pk)}
    shift |= {"phone": "314 555 0101", "key": key()}
    assert client.post(reverse("safety:plan", args=[site.code]), shift).status_code == 302
    planned = OnCallShift.objects.get()
    overlap = client.post(reverse("safety:plan", args=[site.code]), {**shift, "key": key()})
    assert "Paul is on call then" in overlap.content.decode()
    week = client.get(reverse("safety:roster"), {"week": "2026-03-02"}).content.decode()
    assert "03-02 08:00 to 03-03 08:00" in week
    assert "Nobody 00:00 to 08:00" in week
    change = {**shift, "ends_at": "2026-03-04T08:00", "version": "1", "reason": "longer", "key": key()}
    assert client.post(reverse("safety:shift", args=[planned.pk]), change).status_code == 302
    gone = {"version": "2", "reason": "ill", "key": key()}
    assert client.post(reverse("safety:cancel", args=[planned.pk]), gone).status_code == 302
    assert client.get(reverse("safety:shift", args=[planned.pk])).status_code == 404


def test_on_a_sunday_evening_the_roster_shows_the_week_that_still_runs(
    client: Client, coordinator: User, clock: Clock
) -> None:
    clock(datetime(2026, 11, 30, 1, 0, tzinfo=UTC))  # Sunday, 19:00 in Chicago
    client.force_login(coordinator)
    assert client.get(reverse("safety:roster")).context["week"].begins == date(2026, 11, 23)


@pytest.mark.parametrize("week", ["", "yesterday", "2026-13-45", "0001-01-01", "9999-12-31"])
def test_a_week_that_cannot_be_shows_this_one(client: Client, coordinator: User, week: str) -> None:
    client.force_login(coordinator)
    assert client.get(reverse("safety:roster"), {"week": week}).status_code == 200


def test_the_board_costs_the_same_for_many_events_as_for_one(
    client: Client, consented: Participant, coordinator: User, django_assert_max_num_queries: Any
) -> None:
    values: dict[str, Any] = {name: value for name, value in EVENT.items() if not name.endswith("_at")}

    def fill(count: int) -> None:
        for number in range(count):
            given = {**values, "term": f"Event {number}", "is_hospitalisation": True}
            services.record_adverse_event(
                coordinator, participant=consented, occurred_at=CONSENTED, aware_at=CONSENTED, **given
            )

    client.force_login(coordinator)
    fill(12)
    for address in (reverse("safety:board"), reverse("safety:open"), reverse("safety:roster")):
        with django_assert_max_num_queries(14):
            assert client.get(address).status_code == 200
