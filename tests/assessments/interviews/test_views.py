"""The pages of an interview in progress: it keeps itself, a colleague goes on with it, two pages never overwrite."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from assessments.models import Assessment, Interview
from tests.assessments.ratings import RATED, rate, scores_of
from tests.trial.participants import people
from trial.participants.models import Participant
from trial.safety.models import Alert
from trial.users.models import Site, User

pytestmark = pytest.mark.django_db

WHERE = ("screening", "madrs")


@pytest.fixture
def browser(client: Client, rater: User) -> Client:
    """The psychiatrist's browser."""
    client.force_login(rater)
    return client


@pytest.fixture
def colleague(site: Site) -> User:
    """A nurse at K."""
    return people.make_user("nora", site, "nurse")


@pytest.fixture
def other(colleague: User) -> Client:
    """The nurse's browser."""
    client = Client()
    client.force_login(colleague)
    return client


def address(participant: Participant, name: str = "answers") -> str:
    """The address of a page about the MADRS at screening."""
    return reverse(f"assessments:{name}", args=[participant.study_id, *WHERE])


def opened(browser: Client, participant: Participant) -> dict[str, Any]:
    """The form as the page sends it, untouched."""
    page = browser.get(address(participant, "form")).content.decode()
    fields: dict[str, Any] = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    fields |= {name: value for value, name in re.findall(r'value="([^"]*)"[^>]*name="(item_\w+)"[^>]*checked', page)}
    for tag in re.findall(r"<input[^>]*checked[^>]*>", page):
        name, value = (re.search(rf'{what}="([^"]*)"', tag) for what in ("name", "value"))
        fields |= {name[1]: value[1]} if name and value else {}
    for name, options in re.findall(r'<select name="(\w+)".*?>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields[name] = chosen[1] if chosen else ""
    fields.pop("csrfmiddlewaretoken", None)
    return {**fields, "occurred_at": "2026-03-04T10:00"}


def text_of(response: Any) -> str:
    """The page without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_answers_are_kept_and_the_page_learns_how_they_stand(browser: Client, participant: Participant) -> None:
    form = opened(browser, participant)
    said = browser.post(address(participant), {**form, "item_lassitude": 3, "turn": 1})
    assert said.status_code == 200
    assert 'data-version="1"' in said.content.decode()
    assert "1 of 10 items" in text_of(said)
    row = Interview.objects.get()
    assert (row.scores, row.occurred_at) == ({"lassitude": 3}, RATED)
    assert not Assessment.objects.exists()


def test_what_cannot_be_right_yet_is_named_and_the_rest_is_kept(browser: Client, participant: Participant) -> None:
    sent = {**opened(browser, participant), "item_lassitude": 3, "occurred_at": "2126-03-04T10:00"}
    said = browser.post(address(participant), sent)
    assert "Rated at is not kept yet: This time is still to come" in text_of(said)
    assert Interview.objects.get().scores == {"lassitude": 3}


def test_a_colleague_sees_the_interview_and_goes_on_where_it_stands(
    browser: Client, other: Client, participant: Participant
) -> None:
    browser.post(address(participant), {**opened(browser, participant), "item_lassitude": 3, "missing_reason": "later"})
    panel = other.get(reverse("assessments:visit_panel", args=[participant.study_id, "screening"]))
    assert re.search(r"in progress: 1 of 10 items \(Paul, \d{4}-\d\d-\d\d \d\d:\d\d\) Go on", text_of(panel))
    page = other.get(address(participant, "form"))
    assert "by Paul. Go on where it stands" in text_of(page)
    form = opened(other, participant)
    assert (form["item_lassitude"], form["interview"]) == ("3", "1")
    everything = {f"item_{name}": value for name, value in scores_of("madrs", 1, lassitude=3).items()}
    assert other.post(address(participant, "form"), {**form, **everything}).status_code == 302
    assert Assessment.objects.get().total == 12
    assert Interview.objects.get().state == "submitted"


def test_the_second_of_two_pages_is_told_and_sees_both_sides(
    browser: Client, other: Client, participant: Participant, colleague: User
) -> None:
    mine, theirs = opened(browser, participant), opened(other, participant)
    other.post(address(participant), {**theirs, "item_lassitude": 3, "item_inner_tension": 1})
    late = browser.post(address(participant), {**mine, "item_lassitude": 5, "item_pessimistic_thoughts": 2})
    assert late.status_code == 409
    assert "Nora gave other answers" in text_of(late)
    assert 'name="compare"' in late.content.decode()

    both = browser.post(
        address(participant, "form"), {**mine, "item_lassitude": 5, "item_pessimistic_thoughts": 2, "compare": "1"}
    )
    assert both.status_code == 409
    assert re.search(r"Lassitude none 3 5 .*both changed it: choose", text_of(both))
    assert "Nora saved it" in text_of(both)
    assert Interview.objects.get().scores == {"inner_tension": 1, "lassitude": 3}

    fields = dict(re.findall(r'name="(conflict\.[\w.]+|interview|page|key)" value="([^"]*)"', both.content.decode()))
    fields |= {"conflict.side.item_lassitude": "mine", "conflict.side.item_pessimistic_thoughts": "mine"}
    sent = {**mine, **fields, "item_lassitude": 5, "item_pessimistic_thoughts": 2, "item_inner_tension": 1}
    sent |= {"conflict.side.item_inner_tension": "theirs", "missing_reason": "call broke off"}
    assert browser.post(address(participant, "form"), sent).status_code == 302
    assert Assessment.objects.get().scores == {"inner_tension": 1, "lassitude": 5, "pessimistic_thoughts": 2}


def test_a_form_that_did_not_see_a_colleagues_answers_is_not_recorded_over_them(
    browser: Client, other: Client, participant: Participant
) -> None:
    mine = opened(browser, participant)
    other.post(address(participant), {**opened(other, participant), "item_lassitude": 3})
    everything = {f"item_{name}": value for name, value in scores_of("madrs", 1).items()}
    assert browser.post(address(participant, "form"), {**mine, **everything}).status_code == 409
    assert not Assessment.objects.exists()


def test_a_save_after_a_colleague_recorded_it_says_so(
    browser: Client, participant: Participant, colleague: User
) -> None:
    form = opened(browser, participant)
    rate(colleague, participant, scores_of("madrs", 1))
    late = browser.post(address(participant), {**form, "item_lassitude": 5})
    assert late.status_code == 409
    assert "Nora’s rating is recorded here" in text_of(late)
    both = browser.post(address(participant, "form"), {**form, "item_lassitude": 5, "compare": "1"})
    assert both.status_code == 409
    assert "Why is this corrected?" in text_of(both)


def test_a_flagged_item_10_shows_the_steps_while_the_interview_goes_on(
    browser: Client, participant: Participant
) -> None:
    said = browser.post(address(participant), {**opened(browser, participant), "item_suicidal_thoughts": 6})
    assert 'data-escalation="emergency"' in said.content.decode()
    assert "Nobody has been reached yet" in text_of(said)
    again = browser.get(address(participant, "form"))
    assert 'data-escalation="emergency"' in again.content.decode()
    form = opened(browser, participant)
    browser.post(address(participant, "form"), {**form, "missing_reason": "ambulance came"})
    page = browser.get(address(participant, "saved")).content.decode()
    assert f'href="{reverse("safety:alert", args=[Alert.objects.get().pk])}"' in page
    assert reverse("audit:history", args=["assessments.Interview", Interview.objects.get().pk]) in page


def test_item_10_is_heeded_also_where_the_answers_are_in_conflict(
    browser: Client, other: Client, participant: Participant
) -> None:
    mine = opened(browser, participant)
    other.post(address(participant), {**opened(other, participant), "item_suicidal_thoughts": 2})
    late = browser.post(address(participant), {**mine, "item_suicidal_thoughts": 5})
    assert late.status_code == 409
    assert "MADRS item 10 (suicidal thoughts) is 5" in text_of(late), "not the calmer steps of what is kept"
    both = browser.post(address(participant, "form"), {**mine, "item_suicidal_thoughts": 5, "compare": "1"})
    assert "MADRS item 10 (suicidal thoughts) is 5" in text_of(both)
    assert sorted(Alert.objects.values_list("level", flat=True)) == ["review", "urgent"]
    assert Interview.objects.get().scores == {"suicidal_thoughts": 2}


def test_a_slip_in_the_year_is_named_and_item_10_is_kept_and_heard(browser: Client, participant: Participant) -> None:
    sent = {**opened(browser, participant), "item_suicidal_thoughts": 6, "occurred_at": "2025-03-04T10:00"}
    said = browser.post(address(participant), sent)
    assert "Rated at is not kept yet: The year 2025 lies before the first contact" in text_of(said)
    assert 'data-escalation="emergency"' in said.content.decode()
    assert Interview.objects.get().scores == {"suicidal_thoughts": 6}
    assert Alert.objects.get().level == "emergency"


def test_a_page_laid_beside_a_colleagues_rating_keeps_its_own_steps(
    browser: Client, participant: Participant, colleague: User
) -> None:
    mine = {**opened(browser, participant), "item_suicidal_thoughts": 6}
    rate(colleague, participant, scores_of("madrs", 1))
    both = browser.post(address(participant, "form"), {**mine, "compare": "1"})
    assert "Why is this corrected?" in text_of(both)
    assert 'data-escalation="emergency"' in both.content.decode()


def test_a_marked_bprs_item_that_comes_too_late_is_heard(
    browser: Client, other: Client, participant: Participant
) -> None:
    place = [participant.study_id, "baseline", "bprs"]
    form = {"page": str(uuid.uuid4()), "mode": "in_person", "occurred_at": "2026-03-04T10:00"}
    other.post(reverse("assessments:answers", args=place), {**form, "item_anxiety": 2})
    late = {**form, "page": str(uuid.uuid4()), "item_hallucinatory_behaviour": 7}
    assert browser.post(reverse("assessments:answers", args=place), late).status_code == 409
    assert Alert.objects.get().kind == "positive_symptoms"


def test_a_conflict_does_not_take_the_steps_off_the_page(
    browser: Client, other: Client, participant: Participant
) -> None:
    mine = opened(browser, participant)
    browser.post(address(participant), {**mine, "item_suicidal_thoughts": 6, "turn": 1})
    other.post(address(participant), {**opened(other, participant), "item_lassitude": 1})
    late = browser.post(address(participant), {**mine, "item_suicidal_thoughts": 6, "item_lassitude": 2, "turn": 2})
    assert late.status_code == 409
    assert 'data-escalation="emergency"' in late.content.decode()


def test_both_sides_of_a_recorded_rating_show_only_where_they_differ(
    browser: Client, participant: Participant, colleague: User
) -> None:
    form = {**opened(browser, participant), "turn": 1}
    scores = scores_of("madrs", 1)
    browser.post(address(participant), {**form, **{f"item_{name}": value for name, value in scores.items()}})
    rate(colleague, participant, {**scores, "lassitude": 3})
    sent = {**form, **{f"item_{name}": value for name, value in scores.items()}, "interview": 1, "compare": "1"}
    both = browser.post(address(participant, "form"), sent)
    table = re.search(r"<tbody>.*?</tbody>", both.content.decode(), re.DOTALL)
    assert table is not None
    assert re.findall(r'<th scope="row">(\w+)', table[0]) == ["Rater", "Lassitude"]
    assert re.search(r"Lassitude.*?>1<.*?>3<.*?>1<", table[0], re.DOTALL)


@pytest.mark.parametrize("turn", ["1000001", "-1", "x", str(10**20)])
def test_a_number_of_saves_that_cannot_be_is_no_fault_of_the_site(
    browser: Client, participant: Participant, turn: str
) -> None:
    said = browser.post(address(participant), {**opened(browser, participant), "item_lassitude": 3, "turn": turn})
    assert said.status_code == 200


def test_answers_are_set_aside_with_a_reason_and_the_visit_says_so(browser: Client, participant: Participant) -> None:
    browser.post(address(participant), {**opened(browser, participant), "item_lassitude": 3})
    page = browser.get(address(participant, "set_aside"))
    assert "in progress: 1 of 10 items (Paul" in text_of(page)
    form = {"key": str(uuid.uuid4()), "version": 1}
    assert browser.post(address(participant, "set_aside"), {**form, "reason": ""}).status_code == 422
    late = browser.post(address(participant, "set_aside"), {**form, "version": 0, "reason": "wrong visit"})
    assert late.status_code == 409
    assert re.search(r'name="version" value="1"', late.content.decode()), "the second press goes through"
    assert "Paul saved it" in text_of(late)
    for _ in range(2):
        assert browser.post(address(participant, "set_aside"), {**form, "reason": "wrong visit"}).status_code == 302
    panel = text_of(browser.get(reverse("assessments:visit_panel", args=[participant.study_id, "screening"])))
    assert "not recorded (answers set aside by Paul" in panel
    assert "item_lassitude" not in {name for name in opened(browser, participant) if name.startswith("item_")}


def test_without_an_interview_there_is_nothing_to_set_aside(browser: Client, participant: Participant) -> None:
    assert browser.get(address(participant, "set_aside")).status_code == 404


def test_today_lists_what_is_in_progress_until_it_is_submitted(
    browser: Client, other: Client, participant: Participant
) -> None:
    assert other.get(reverse("assessments:interviews")).content.strip() == b""
    browser.post(address(participant), {**opened(browser, participant), "item_lassitude": 3})
    listed = text_of(other.get(reverse("assessments:interviews")))
    assert f"{participant.study_id} · Screening: MADRS in progress: 1 of 10 items (Paul" in listed
    assert reverse("assessments:interviews") in other.get(reverse("participants:today")).content.decode()
    form = opened(browser, participant)
    browser.post(address(participant, "form"), {**form, "missing_reason": "call broke off"})
    assert other.get(reverse("assessments:interviews")).content.strip() == b""


def test_keeping_answers_is_cheap(
    browser: Client, participant: Participant, django_assert_max_num_queries: Any
) -> None:
    form = opened(browser, participant)
    browser.post(address(participant), {**form, "item_lassitude": 3, "turn": 1})
    with django_assert_max_num_queries(30):
        browser.post(address(participant), {**form, "item_lassitude": 2, "turn": 2})
