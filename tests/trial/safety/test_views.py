"""The safety board, panel and forms: who may open them, what they show and save."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.trial.participants import people
from tests.trial.participants.people import CONSENTED, PASSWORD, confirmed, make_site, make_user
from trial.participants.models import Participant
from trial.permissions import ACTIONS, Role
from trial.safety import services
from trial.safety.models import AdverseEvent, Alert, Deviation
from trial.signatures.models import Signature
from trial.signatures.rules import BINDING, SENTENCES
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


def site_time(at: datetime) -> str:
    """An instant as the clock of the site's form writes it."""
    return f"{at.astimezone(ZoneInfo('America/Chicago')):%Y-%m-%dT%H:%M}"


def enrol_another(coordinator: User) -> Participant:
    return people.enrol(coordinator, Site.objects.get())


@pytest.fixture
def alert(consented: Participant, psychiatrist: User) -> Alert:
    return services.raise_alert(
        psychiatrist, participant=consented, kind="suicidality", level="urgent", summary="Item 10 is 4."
    )


@pytest.fixture
def deviation(consented: Participant, coordinator: User) -> Deviation:
    return services.record_deviation(
        coordinator, participant=consented, kind="window", summary="Week 2 was late.", occurred_at=CONSENTED
    )


@pytest.fixture
def event(consented: Participant, coordinator: User) -> AdverseEvent:
    values: dict[str, Any] = {name: value for name, value in EVENT.items() if not name.endswith("_at")}
    return services.record_adverse_event(
        coordinator, participant=consented, occurred_at=CONSENTED, aware_at=CONSENTED, **values
    )


def addresses(participant: Participant, alert: Alert, deviation: Deviation, event: AdverseEvent) -> dict[str, str]:
    """Every page of the app with the action it needs."""
    return {
        reverse("safety:board"): "safety.read",
        reverse("safety:open"): "safety.read",
        reverse("safety:panel", args=[participant.study_id]): "safety.read",
        reverse("safety:adverse_event", args=[participant.study_id]): "safety.record",
        reverse("safety:deviation", args=[participant.study_id]): "safety.record",
        reverse("safety:correct", args=[event.pk]): "safety.record",
        reverse("safety:event", args=[event.pk]): "safety.read",
        reverse("safety:follow_up", args=[event.pk]): "safety.record",
        reverse("safety:roster"): "safety.read",
        reverse("safety:plan", args=[participant.site.code]): "safety.roster",
        reverse("safety:contact", args=[participant.site.code]): "safety.roster",
        reverse("safety:reach", args=[participant.study_id]): "safety.read",
        reverse("safety:close", args=[deviation.pk]): "safety.close",
        reverse("safety:acknowledge", args=[alert.pk]): "safety.acknowledge",
        reverse("safety:alert", args=[alert.pk]): "safety.read",
    }


@pytest.mark.parametrize("role", list(Role))
def test_each_role_opens_what_the_table_of_rights_allows(
    client: Client,
    site: Site,
    consented: Participant,
    alert: Alert,
    deviation: Deviation,
    event: AdverseEvent,
    role: Role,
) -> None:
    client.force_login(make_user("someone", site, role))
    for address, action in addresses(consented, alert, deviation, event).items():
        expected = 200 if role in ACTIONS[action] else 403
        assert client.get(address).status_code == expected, address


def test_another_sites_rows_and_missing_ones_answer_alike(
    client: Client, consented: Participant, alert: Alert, deviation: Deviation, event: AdverseEvent
) -> None:
    client.force_login(make_user("lena", make_site("L"), "pi"))
    for name, row in (("alert", alert), ("acknowledge", alert), ("close", deviation), ("correct", event)):
        foreign = client.get(reverse(f"safety:{name}", args=[row.pk]))
        missing = client.get(reverse(f"safety:{name}", args=[uuid.uuid4()]))
        assert (foreign.status_code, foreign.content) == (404, missing.content)
    for name in ("panel", "adverse_event", "deviation"):
        assert client.get(reverse(f"safety:{name}", args=[consented.study_id])).status_code == 404
    assert alert.summary not in client.get(reverse("safety:board")).content.decode()
    assert "0 open alerts" in client.get(reverse("safety:open")).content.decode()


def test_the_board_shows_the_gravest_alert_first_and_hides_what_is_closed(
    client: Client, consented: Participant, alert: Alert, deviation: Deviation, psychiatrist: User
) -> None:
    client.force_login(psychiatrist)
    services.raise_alert(
        psychiatrist, participant=consented, kind="suicidality", level="emergency", summary="Item 10 is 6."
    )
    page = client.get(reverse("safety:board")).content.decode()
    assert page.index("Item 10 is 6.") < page.index("Item 10 is 4.") < page.index("Week 2 was late.")
    services.acknowledge(psychiatrist, alert, action_taken="Seen.", confirmation=confirmed(psychiatrist))
    services.close_deviation(psychiatrist, deviation, correction="Told.")
    page = client.get(reverse("safety:board")).content.decode()
    assert ("Item 10 is 4." in page, "Week 2 was late." in page) == (False, False)
    page = client.get(reverse("safety:board"), {"show": "all"}).content.decode()
    assert ("Item 10 is 4." in page, "Week 2 was late." in page) == (True, True)


def test_the_front_page_counts_what_is_open(
    client: Client, alert: Alert, deviation: Deviation, coordinator: User
) -> None:
    client.force_login(coordinator)
    page = client.get(reverse("safety:open")).content.decode()
    assert "1 open alert<" in page
    assert "1 open deviation<" in page


def acknowledgement(alert: Alert, person: User) -> tuple[str, dict[str, str]]:
    """Where an alert is acknowledged, and what its page sends but for the password."""
    given = {"action_taken": "Seen at once, C-SSRS done.", "occurred_at": site_time(alert.occurred_at)}
    given |= {"version": str(alert.version), "key": key(), "username": person.username}
    return reverse("safety:acknowledge", args=[alert.pk]), given


def test_an_alert_is_acknowledged_on_its_page(client: Client, alert: Alert, psychiatrist: User) -> None:
    client.force_login(psychiatrist)
    address, given = acknowledgement(alert, psychiatrist)
    given["password"] = PASSWORD
    for words in ("", "x", "Acknowledged", "ok ok"):
        refused = client.post(address, {**given, "action_taken": words})
        assert "action_taken" in refused.context["form"].errors, words
    before = site_time(alert.occurred_at - timedelta(minutes=1))
    assert "before what the alert tells of" in client.post(address, {**given, "occurred_at": before}).content.decode()
    to_come = site_time(timezone.now() + timedelta(hours=1))
    assert "not come yet" in client.post(address, {**given, "occurred_at": to_come}).content.decode()
    done = client.post(address, given)
    assert done.url == reverse("safety:alert", args=[alert.pk])  # type: ignore[attr-defined]
    alert.refresh_from_db()
    assert alert.acted_at == alert.occurred_at.replace(second=0, microsecond=0)
    page = client.get(reverse("safety:alert", args=[alert.pk])).content.decode()
    assert "Seen at once, C-SSRS done." in page
    assert "Acknowledge this alert" not in page
    assert client.post(address, given).status_code == 302, "the same form sent twice is one form"
    signed = Signature.objects.get(subject_table="safety.alert")
    assert (signed.signer, signed.meaning, signed.subject_id) == (psychiatrist, "reviewed", str(alert.pk))
    assert '<li class="list-group-item" data-signature="valid">' in page
    other = client.post(address, {**given, "action_taken": "Called the ward twice.", "key": key()})
    assert other.status_code == 409
    assert "Seen at once, C-SSRS done." in other.content.decode()
    assert "Called the ward twice." in other.content.decode()


def test_the_page_of_a_participant_asks_whom_to_phone_for_whoever_may_read_alerts(
    client: Client, site: Site, consented: Participant
) -> None:
    asking = f'hx-get="{reverse("safety:reach", args=[consented.study_id])}"'
    for role in ACTIONS["participants.read"]:
        client.force_login(make_user(f"the-{role}", site, role))
        page = client.get(reverse("participants:detail", args=[consented.study_id])).content.decode()
        assert (asking in page) == (role in ACTIONS["safety.read"]), role


def test_the_page_says_what_the_signature_of_an_acknowledgement_means(
    client: Client, alert: Alert, psychiatrist: User
) -> None:
    client.force_login(psychiatrist)
    page = client.get(reverse("safety:alert", args=[alert.pk])).content.decode()
    given = services.acknowledge(psychiatrist, alert, action_taken="Seen.", confirmation=confirmed(psychiatrist))
    meaning = Signature.objects.get(subject_id=str(given.pk)).meaning
    assert SENTENCES[meaning] in page, "the words shown are those of the meaning that is signed"
    assert BINDING in page
    assert psychiatrist.full_name in page.partition("Sign and acknowledge")[0].rpartition(BINDING)[2]
    after = client.get(reverse("safety:alert", args=[alert.pk])).content.decode()
    assert BINDING not in after


def test_a_wrong_password_acknowledges_nothing_and_keeps_what_was_typed(
    client: Client, alert: Alert, psychiatrist: User
) -> None:
    client.force_login(psychiatrist)
    address, given = acknowledgement(alert, psychiatrist)
    refused = client.post(address, {**given, "password": "not it at all"})
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "Nothing was signed" in page
    assert "Seen at once, C-SSRS done." in page
    assert "not it at all" not in page
    alert.refresh_from_db()
    assert alert.acknowledged_at is None
    assert not Signature.objects.exists()
    assert AccessAttempt.objects.get().username.endswith(psychiatrist.username), "it counts as a failed sign-in"
    assert client.post(address, {**given, "password": PASSWORD}).status_code == 302


def test_what_is_kept_of_a_form_sent_once_tells_nothing_of_the_password(
    client: Client, alert: Alert, psychiatrist: User
) -> None:
    client.force_login(psychiatrist)
    address, given = acknowledgement(alert, psychiatrist)
    assert client.post(address, {**given, "password": PASSWORD}).status_code == 302
    again = client.post(address, {**given, "password": "another one, as if guessed"})
    assert again.status_code == 302, "the same form; a digest over the password would make it another"


def test_the_page_of_an_alert_names_participant_visit_time_and_what_happened(
    client: Client, consented: Participant, psychiatrist: User, coordinator: User
) -> None:
    baseline = consented.visits.get(code="baseline")
    about = services.raise_alert(
        psychiatrist, participant=consented, visit=baseline, kind="suicidal_thoughts", level="emergency",
        summary="MADRS item 10 (suicidal thoughts) is 6.", occurred_at=CONSENTED,
    )  # fmt: skip
    other = Participant.objects.get(pk=enrol_another(coordinator).pk)
    services.raise_alert(psychiatrist, participant=other, kind="suicidal_thoughts", level="emergency", summary="Other.")
    for user, may in ((coordinator, False), (psychiatrist, True)):
        client.force_login(user)
        page = client.get(reverse("safety:alert", args=[about.pk])).content.decode()
        assert f"Alert about {consented.study_id}, Baseline" in page
        assert "Emergency: MADRS item 10 (suicidal thoughts) is 6." in page
        assert "2026-03-02 09:00" in page, "site time, Chicago"
        assert other.study_id not in page
        assert ("Acknowledge this alert" in page) is may


def test_every_alert_on_the_front_page_leads_to_itself(client: Client, alert: Alert, psychiatrist: User) -> None:
    client.force_login(psychiatrist)
    page = client.get(reverse("safety:open")).content.decode()
    assert f'href="{reverse("safety:alert", args=[alert.pk])}"' in page


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({}, {"Item 10 is 4.", "Week 2 was late.", "nausea"}),
        ({"section": "alerts"}, {"Item 10 is 4."}),
        ({"kind": "window"}, {"Week 2 was late."}),
        ({"kind": "missed"}, set()),
        ({"important": "1"}, set()),
        ({"q": "no such id"}, set()),
        ({"section": "nonsense"}, {"Item 10 is 4.", "Week 2 was late.", "nausea"}),
    ],
)
def test_the_board_is_narrowed_by_section_kind_importance_and_participant(
    client: Client,
    alert: Alert,
    deviation: Deviation,
    event: AdverseEvent,
    psychiatrist: User,
    asked: dict[str, str],
    shown: set[str],
) -> None:
    client.force_login(psychiatrist)
    page = client.get(reverse("safety:board"), asked).content.decode()
    assert {words for words in ("Item 10 is 4.", "Week 2 was late.", "nausea") if words in page} == shown


def test_an_adverse_event_is_recorded_and_corrected(client: Client, consented: Participant, coordinator: User) -> None:
    client.force_login(coordinator)
    address = reverse("safety:adverse_event", args=[consented.study_id])
    assert client.post(address, {**EVENT, "key": key()}).status_code == 302
    event = AdverseEvent.objects.get()
    assert event.occurred_at.hour == 17  # 11:00 in Chicago
    change = {**EVENT, "grade": "5", "version": "1", "reason": "died", "key": key()}
    refused = client.post(reverse("safety:correct", args=[event.pk]), change)
    assert "Grade 5 is death, which is always serious" in refused.content.decode()
    serious = {**change, "is_fatal": "on"}
    assert client.post(reverse("safety:correct", args=[event.pk]), serious).status_code == 302
    assert Alert.objects.get().kind == "serious_adverse_event"


def test_who_records_a_serious_event_is_led_to_its_clocks(
    client: Client, consented: Participant, coordinator: User
) -> None:
    client.force_login(coordinator)
    address = reverse("safety:adverse_event", args=[consented.study_id])
    mild = client.post(address, {**EVENT, "key": key()})
    assert mild.headers["Location"] == reverse("participants:detail", args=[consented.study_id])
    grave = {**EVENT, "is_hospitalisation": "on", "seriousness": "admitted over night", "key": key()}
    led = client.post(address, grave, follow=True)
    serious = AdverseEvent.objects.exclude(seriousness="").get()
    assert led.redirect_chain == [(reverse("safety:event", args=[serious.pk]), 302)]
    assert "see when to report it" in led.content.decode()
    assert client.post(address, grave).headers["Location"] == reverse("safety:event", args=[serious.pk]), "sent twice"


def test_no_list_of_an_adverse_event_begins_with_dashes(
    client: Client, consented: Participant, coordinator: User
) -> None:
    client.force_login(coordinator)
    page = client.get(reverse("safety:adverse_event", args=[consented.study_id])).content.decode()
    assert "choose …" in page
    assert "-----" not in page


@pytest.mark.parametrize("mistyped", ["", "tomorrow", "2026-03-08T02:30", "0001-01-01T00:00+14:00", "9999-12-31T23:59"])
def test_an_event_with_a_mistyped_onset_stays_on_the_form(
    client: Client, consented: Participant, coordinator: User, mistyped: str
) -> None:
    client.force_login(coordinator)
    address = reverse("safety:adverse_event", args=[consented.study_id])
    response = client.post(address, {**EVENT, "key": key(), "occurred_at": mistyped, "ended_at": "2026-03-02T12:00"})
    assert "occurred_at" in response.context["form"].errors
    assert not AdverseEvent.objects.exists()


def test_a_deviation_is_reported_and_closed_by_hand(client: Client, consented: Participant, coordinator: User) -> None:
    client.force_login(coordinator)
    given = {"occurred_at": "2026-03-02T11:00", "kind": "other", "summary": "Wrong form used.", "key": key()}
    address = reverse("safety:deviation", args=[consented.study_id])
    for _ in range(2):  # a second tap changes nothing
        assert client.post(address, given).status_code == 302
    found = Deviation.objects.get()
    assert found.is_automatic is False
    closing = reverse("safety:close", args=[found.pk])
    assert (
        client.post(closing, {"correction": "Signed again.", "version": found.version, "key": key()}).status_code == 302
    )
    found.refresh_from_db()
    assert found.correction == "Signed again."


def test_the_panel_shows_the_participants_own_rows(
    client: Client, consented: Participant, alert: Alert, event: AdverseEvent, psychiatrist: User
) -> None:
    client.force_login(psychiatrist)
    page = client.get(reverse("safety:panel", args=[consented.study_id])).content.decode()
    assert "<html" not in page
    assert ("Item 10 is 4." in page, "nausea" in page, "Acknowledge" in page) == (True, True, True)


def test_times_on_the_board_are_the_sites(client: Client, event: AdverseEvent, psychiatrist: User) -> None:
    client.force_login(psychiatrist)
    # 2026-03-02 15:00 UTC is nine o'clock in Chicago.
    assert "2026-03-02 09:00, ongoing" in client.get(reverse("safety:board")).content.decode()
