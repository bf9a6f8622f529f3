"""The pages of a rating: a form that loses nothing, what to do after it, and panels that show the course."""

from __future__ import annotations

import html
import re
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from assessments.models import Assessment
from tests.assessments.ratings import RATED, rate, scores_of
from tests.trial.participants import people
from trial.participants.models import Participant
from trial.safety.models import Alert
from trial.users.models import Site, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client: Client, rater: User) -> Client:
    """The psychiatrist's browser."""
    client.force_login(rater)
    return client


def address(participant: Participant, name: str = "form", code: str = "madrs", visit: str = "screening") -> str:
    """The address of a page about an instrument at a visit."""
    return reverse(f"assessments:{name}", args=[participant.study_id, visit, code])


def posted(rater: User, scores: dict[str, int], **more: Any) -> dict[str, Any]:
    """A filled form, rated on 2026-03-04 at 10:00 in Chicago (16:00 UTC)."""
    filled = {
        "key": uuid.uuid4(),
        "occurred_at": "2026-03-04T10:00",
        "mode": "in_person",
        "rater": rater.pk,
        "recall_window": "7 d",
    }
    return filled | {f"item_{name}": value for name, value in scores.items()} | more


def text_of(response: Any) -> str:
    """The page without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_the_form_has_a_radio_button_for_every_score(browser: Client, participant: Participant) -> None:
    page = browser.get(address(participant)).content.decode()
    assert page.count('type="radio"') == 70
    assert "10. Suicidal thoughts" in page
    assert "frequent, no plan" in page


def test_a_phone_visit_starts_as_a_phone_rating_by_the_signed_in_person(
    browser: Client, participant: Participant, rater: User
) -> None:
    page = browser.get(address(participant, visit="week_2")).content.decode()
    assert '<option value="phone" selected>' in page
    assert f'<option value="{rater.pk}" selected>' in page
    assert '<option value="7 d" selected>' in page


def test_a_saved_form_leads_to_its_total(browser: Client, participant: Participant, rater: User) -> None:
    response = browser.post(address(participant), posted(rater, scores_of("madrs", 3, suicidal_thoughts=1)))
    assert response["Location"] == address(participant, "saved")
    page = text_of(browser.get(response["Location"]))
    assert "28 of 0 to 60" in page
    assert Assessment.objects.get().occurred_at == datetime(2026, 3, 4, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(("value", "level"), [(3, "review"), (4, "urgent"), (6, "emergency")])
def test_a_flagged_item_10_puts_the_safety_steps_first(
    browser: Client, participant: Participant, rater: User, value: int, level: str
) -> None:
    browser.post(address(participant), posted(rater, scores_of("madrs", 0, suicidal_thoughts=value)))
    page = browser.get(address(participant, "saved")).content.decode()
    assert f'data-escalation="{level}"' in page
    assert f"MADRS item 10 (suicidal thoughts) is {value}" in page
    assert Alert.objects.get().level == level


def test_without_a_flag_there_are_no_steps(browser: Client, participant: Participant, rater: User) -> None:
    browser.post(address(participant), posted(rater, scores_of("madrs", 0)))
    assert "data-escalation" not in browser.get(address(participant, "saved")).content.decode()


def test_an_open_item_is_asked_for_and_nothing_chosen_is_lost(
    browser: Client, participant: Participant, rater: User
) -> None:
    scores = scores_of("madrs", 5)
    del scores["lassitude"]
    response = browser.post(address(participant), posted(rater, scores))
    page = response.content.decode()
    assert "Not rated: Lassitude. Rate them, or say why not." in page
    assert page.count(" checked") == 9
    assert not Assessment.objects.exists()


def test_an_open_item_with_its_reason_is_saved_without_a_total(
    browser: Client, participant: Participant, rater: User
) -> None:
    scores = scores_of("madrs", 5)
    del scores["lassitude"]
    browser.post(address(participant), posted(rater, scores, missing_reason="call broke off"))
    page = text_of(browser.get(address(participant, "saved")))
    assert "none: 1 item not rated" in page
    assert "call broke off" in page


def test_an_unrated_item_10_is_said_to_be_unknown_not_harmless(
    browser: Client, participant: Participant, rater: User
) -> None:
    scores = scores_of("madrs", 0)
    del scores["suicidal_thoughts"]
    browser.post(address(participant), posted(rater, scores, missing_reason="call broke off"))
    assert "nothing is known about the risk" in text_of(browser.get(address(participant, "saved")))


@pytest.mark.parametrize("value", ["7", "-1", "x", "1.5", "٣٣"])
def test_a_score_off_the_scale_never_gets_in(
    browser: Client, participant: Participant, rater: User, value: str
) -> None:
    filled = posted(rater, scores_of("madrs", 1), item_lassitude=value)
    assert browser.post(address(participant), filled).status_code == 422
    assert not Assessment.objects.exists()


def test_a_time_to_come_is_refused(browser: Client, participant: Participant, rater: User) -> None:
    later = (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    response = browser.post(address(participant), posted(rater, scores_of("madrs", 1), occurred_at=later))
    assert "still to come" in response.content.decode()
    assert not Assessment.objects.exists()


def test_a_double_tap_saves_once(browser: Client, participant: Participant, rater: User) -> None:
    filled = posted(rater, scores_of("madrs", 1))
    first, second = browser.post(address(participant), filled), browser.post(address(participant), filled)
    assert (first.status_code, second.status_code) == (302, 302)
    assert Assessment.objects.count() == 1


def test_two_people_entering_the_same_instrument_do_not_overwrite_each_other(
    browser: Client, participant: Participant, rater: User
) -> None:
    rate(rater, participant, scores_of("madrs", 1))
    response = browser.post(address(participant), posted(rater, scores_of("madrs", 6)))
    page = response.content.decode()
    assert response.status_code == 409
    assert "Paul saved it" in text_of(response)
    assert page.count('name="item_') == 10 * 7
    assert Assessment.objects.get().total == 10


def test_a_correction_starts_from_what_is_recorded_and_needs_a_reason(
    browser: Client, participant: Participant, rater: User
) -> None:
    rate(rater, participant, scores_of("madrs", 1))
    page = browser.get(address(participant)).content.decode()
    assert page.count(" checked") == 10
    assert 'value="2026-03-04T10:00"' in page
    assert "Save correction" in page
    filled = posted(rater, scores_of("madrs", 2), version=1)
    assert browser.post(address(participant), filled).status_code == 422
    assert browser.post(address(participant), filled | {"reason": "misread"}).status_code == 302
    row = Assessment.objects.get()
    assert (row.total, row.version) == (Decimal(20), 2)


def test_a_stale_correction_is_refused_with_both_values_in_sight(
    browser: Client, participant: Participant, rater: User
) -> None:
    rate(rater, participant, scores_of("madrs", 1))
    filled = posted(rater, scores_of("madrs", 2), version=1, reason="misread")
    browser.post(address(participant), filled)
    stale = browser.post(
        address(participant), filled | {"item_lassitude": 5, "reason": "typed wrong", "key": str(uuid.uuid4())}
    )
    assert stale.status_code == 409
    assert "recorded: 2" in text_of(stale)
    assert Assessment.objects.get().total == 20


def test_an_instrument_that_is_not_due_has_no_form(browser: Client, participant: Participant) -> None:
    assert browser.get(address(participant, code="bprs")).status_code == 404
    assert browser.get(address(participant, code="hamd")).status_code == 404


def test_a_foreign_participant_and_a_missing_one_answer_alike(browser: Client, participant: Participant) -> None:
    elsewhere = people.make_site("L")
    coordinator = people.make_user("lena", elsewhere, "coordinator")
    foreign = people.consent(coordinator, people.enrol(coordinator, elsewhere))
    for name in ("form", "saved"):
        found = browser.get(address(foreign, name))
        missing = browser.get(reverse(f"assessments:{name}", args=["L-9999-9", "screening", "madrs"]))
        assert (found.status_code, missing.status_code) == (404, 404)
        assert found.content == missing.content


@pytest.mark.parametrize(
    ("role", "reads", "records"),
    [
        ("coordinator", 200, 200),
        ("nurse", 200, 200),
        ("imaging_analyst", 403, 403),
        ("administrator", 403, 403),
    ],
)
def test_each_role_sees_what_the_table_of_rights_gives_it(
    client: Client, site: Site, rater: User, participant: Participant, role: str, reads: int, records: int
) -> None:
    rate(rater, participant, scores_of("madrs", 1))
    client.force_login(people.make_user("someone", site, role))
    assert client.get(reverse("assessments:panel", args=[participant.study_id])).status_code == reads
    assert client.get(reverse("assessments:visit_panel", args=[participant.study_id, "screening"])).status_code == reads
    assert client.get(address(participant, "saved")).status_code == reads
    assert client.get(address(participant)).status_code == records


def test_who_only_reads_gets_no_link_to_enter(client: Client, site: Site, participant: Participant) -> None:
    client.force_login(people.make_user("mona", site, "monitor"))
    page = client.get(reverse("assessments:visit_panel", args=[participant.study_id, "screening"])).content.decode()
    assert "not recorded" in page
    assert "Enter" not in page
    assert client.get(address(participant)).status_code == 403


def test_the_visit_panel_lists_what_is_due_with_its_state(
    browser: Client, participant: Participant, rater: User
) -> None:
    rate(rater, participant, scores_of("madrs", 2))
    page = text_of(browser.get(reverse("assessments:visit_panel", args=[participant.study_id, "screening"])))
    assert "Montgomery-Åsberg Depression Rating Scale 20 Correct" in page
    assert "severity not recorded Enter" in page


def test_the_panel_shows_the_course_as_table_and_line(browser: Client, participant: Participant, rater: User) -> None:
    rate(rater, participant, scores_of("madrs", 3))
    rate(rater, participant, scores_of("madrs", 1), visit="week_2", at=RATED + timedelta(days=30))
    response = browser.get(reverse("assessments:panel", args=[participant.study_id]))
    page = response.content.decode()
    assert page.count("<polyline") == 1
    assert "MADRS: 30 to 10" in page
    assert "Week 2 2026-04-03 10" in text_of(response)
    assert "style=" not in page


def test_an_empty_panel_says_what_to_do(browser: Client, participant: Participant) -> None:
    page = browser.get(reverse("assessments:panel", args=[participant.study_id])).content.decode()
    assert "Nothing is rated yet" in page
    assert "Cognitive tests: instrument not published" in page


@pytest.mark.parametrize("payload", ["<script>alert(1)</script>", "' onmouseover='x", "{{ 7*7 }}"])
def test_words_from_the_form_stay_words(browser: Client, participant: Participant, rater: User, payload: str) -> None:
    browser.post(address(participant), posted(rater, {"lassitude": 1}, missing_reason=payload))
    page = browser.get(address(participant, "saved")).content.decode()
    assert html.escape(payload) in page
    assert "<script>alert" not in page


def test_fields_that_a_form_does_not_have_are_ignored(browser: Client, participant: Participant, rater: User) -> None:
    extra = {
        "site": uuid.uuid4(),
        "total": 0,
        "origin": "demo",
        "entered_by": uuid.uuid4(),
        "instrument": "bprs",
    }
    browser.post(address(participant), posted(rater, scores_of("madrs", 3)) | extra)
    row = Assessment.objects.get()
    assert (row.site_id, row.total, row.origin, row.entered_by, row.instrument) == (
        participant.site_id,
        Decimal(30),
        "form",
        rater,
        "madrs",
    )


def test_a_form_without_its_token_is_refused(participant: Participant, rater: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(rater)
    assert strict.post(address(participant), posted(rater, scores_of("madrs", 3))).status_code == 403
    assert not Assessment.objects.exists()


def test_the_saved_page_leads_to_the_alert_itself(browser: Client, rater: User, participant: Participant) -> None:
    other = people.consent(rater, people.enrol(rater, participant.site))
    rate(rater, other, scores_of("madrs", 1, suicidal_thoughts=6))
    rate(rater, participant, scores_of("madrs", 1, suicidal_thoughts=5))
    raised = Alert.objects.get(participant=participant)
    page = browser.get(address(participant, "saved")).content.decode()
    assert f'href="{reverse("safety:alert", args=[raised.pk])}">Open the alert about {participant.study_id}' in page


def test_the_last_scale_says_that_the_visit_is_done_and_what_is_still_due(
    browser: Client, rater: User, participant: Participant
) -> None:
    rate(rater, participant, scores_of("madrs", 1))
    form = posted(rater, {"severity": 3})
    saved = browser.post(address(participant, code="cgi_s"), form, follow=True)
    # Of screening the protocol measures the blood pressure, which nobody has taken.
    assert "Screening is now marked done; still due: blood pressure." in text_of(saved)
    assert "marked done" not in text_of(browser.get(address(participant, "saved")))


def test_the_panel_says_every_day_on_which_a_visit_was_rated(
    browser: Client, rater: User, participant: Participant
) -> None:
    rate(rater, participant, {"severity": 3}, code="cgi_s")
    page = browser.get(reverse("assessments:panel", args=[participant.study_id]))
    assert "2026-03-04 (" not in text_of(page)
    # 2026-03-07 04:30 UTC is still 2026-03-06 in Chicago.
    rate(rater, participant, scores_of("madrs", 1), at=datetime(2026, 3, 7, 4, 30, tzinfo=UTC))
    page = browser.get(reverse("assessments:panel", args=[participant.study_id]))
    assert "2026-03-04 (CGI-S) 2026-03-06 (MADRS)" in text_of(page)
