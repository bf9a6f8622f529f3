"""The pages: what the work list shows to whom, the steps of a thread, the marks beside records."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from infusion.models import Vitals
from tests.trial.monitoring import scenes
from tests.trial.participants import people
from trial.monitoring.models import DataQuery, VerificationMark
from trial.monitoring.services import answer, raise_query
from trial.participants.models import Participant
from trial.users.models import Site, User


def desk(user: User) -> Client:
    """A signed-in browser of an account."""
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def asked(vitals: Vitals, monitor: User) -> DataQuery:
    """A monitor's query about one field."""
    return raise_query(monitor, subject=vitals, field="systolic", question="Is 126 as in the source?")


def test_a_monitor_raises_a_query_from_the_row_of_a_record(vitals: Vitals, monitor: User) -> None:
    client = desk(monitor)
    page = client.get(reverse("infusion:detail", args=[vitals.participant.study_id])).content.decode()
    address = reverse("monitoring:raise", args=["infusion.vitals", vitals.pk])
    assert address in page
    form = client.get(address).content.decode()
    assert "Systolic (mmHg): 126" in form
    sent = client.post(address, {"key": uuid4(), "field": "systolic", "question": "Sure?"})
    query = DataQuery.objects.get()
    assert sent["Location"] == reverse("monitoring:query", args=[query.pk])
    flagged = client.get(reverse("infusion:detail", args=[vitals.participant.study_id])).content.decode()
    assert f"{reverse('monitoring:list')}?record={vitals.pk}" in flagged


def test_a_coordinator_sees_the_flag_but_no_way_to_raise(asked: DataQuery, coordinator: User, vitals: Vitals) -> None:
    page = desk(coordinator).get(reverse("infusion:detail", args=[vitals.participant.study_id])).content.decode()
    assert f"{reverse('monitoring:list')}?record={vitals.pk}" in page
    assert reverse("monitoring:raise", args=["infusion.vitals", vitals.pk]) not in page


def test_an_item_of_a_scale_can_be_asked_about_where_it_is_shown(
    consented: Participant, coordinator: User, monitor: User
) -> None:
    rating = scenes.rate(coordinator, consented)
    client = desk(monitor)
    saved = client.get(reverse("assessments:saved", args=[consented.study_id, "screening", "madrs"])).content.decode()
    address = reverse("monitoring:raise", args=["assessments.assessment", rating.pk]) + "?field=scores.lassitude"
    assert address in saved
    assert "Lassitude" in client.get(address).content.decode()
    client.post(address, {"key": uuid4(), "field": "scores.lassitude", "question": "2 or 3?"})
    assert DataQuery.objects.get().field == "scores.lassitude"


def test_a_thread_goes_from_question_to_answer_to_closing(
    asked: DataQuery, coordinator: User, monitor: User, vitals: Vitals
) -> None:
    scenes.correct(coordinator, vitals, systolic=128)
    address, page = reverse("monitoring:answer", args=[asked.pk]), reverse("monitoring:query", args=[asked.pk])
    shown = desk(coordinator).get(page)
    assert set(shown.context["forms"]) == {"answer"}
    choices = shown.context["forms"]["answer"].fields["correction"].choices
    given = {"key": uuid4(), "version": 1, "correction": choices[1][0], "words": "Misread, corrected."}
    assert desk(coordinator).post(address, given).status_code == 302
    shown = desk(monitor).get(page)
    assert set(shown.context["forms"]) == {"close", "reopen", "withdraw"}
    assert "126 → 128" in shown.content.decode()
    done = {"key": uuid4(), "version": 2, "reason": "Seen in the source."}
    assert desk(monitor).post(reverse("monitoring:close", args=[asked.pk]), done).status_code == 302
    asked.refresh_from_db()
    assert (asked.state, asked.outcome) == ("closed", "corrected")


def test_a_refused_step_says_why_and_keeps_the_words(asked: DataQuery, coordinator: User) -> None:
    answer(coordinator, asked, version=1, words="As in the source.")
    given = {"key": uuid4(), "version": 1, "words": "Read on page 4."}
    page = desk(coordinator).post(reverse("monitoring:answer", args=[asked.pk]), given)
    assert page.status_code == 409
    assert "saved by somebody else" in page.content.decode()
    assert "Read on page 4." in page.content.decode()


def test_a_coordinator_cannot_post_a_closing(asked: DataQuery, coordinator: User) -> None:
    given = {"key": uuid4(), "version": 1, "reason": "I say so."}
    for step in ("close", "reopen", "withdraw"):
        assert desk(coordinator).post(reverse(f"monitoring:{step}", args=[asked.pk]), given).status_code == 403


def test_each_role_has_its_own_list(asked: DataQuery, coordinator: User, monitor: User, site: Site) -> None:
    def listed(user: User, which: str) -> int:
        return int(desk(user).get(reverse("monitoring:list"), {"which": which}).context["page"].paginator.count)

    nurse = people.make_user("nina", site, "nurse")
    assert [listed(one, "answer") for one in (coordinator, nurse, monitor)] == [1, 1, 0]
    assert [listed(one, "close") for one in (coordinator, monitor)] == [0, 0]
    answer(coordinator, asked, version=1, words="As in the source.")
    assert [listed(one, "answer") for one in (coordinator, nurse)] == [0, 0]
    assert [listed(one, "close") for one in (coordinator, monitor)] == [0, 1]
    assert [listed(monitor, which) for which in ("", "mine", "all")] == [1, 1, 1]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"state": "open"}, 1),
        ({"state": "closed"}, 0),
        ({"age": "7"}, 0),
        ({"check": "hand"}, 1),
        ({"check": "implausible"}, 0),
        ({"q": "K-"}, 1),
        ({"q": "Z-"}, 0),
        ({"record": "nonsense"}, 0),
        ({"age": "nonsense", "state": "nonsense", "check": "nonsense", "page": "nonsense"}, 1),
    ],
)
def test_the_list_is_narrowed_by_what_the_address_says(
    asked: DataQuery, monitor: User, wanted: dict[str, str], count: int
) -> None:
    assert desk(monitor).get(reverse("monitoring:list"), wanted).context["page"].paginator.count == count


def test_an_imaging_analyst_sees_queries_about_scans_alone(asked: DataQuery, site: Site, vitals: Vitals) -> None:
    analyst = desk(people.make_user("ivy", site, "imaging_analyst"))
    assert analyst.get(reverse("monitoring:list")).context["page"].paginator.count == 0
    assert analyst.get(reverse("monitoring:query", args=[asked.pk])).status_code == 404
    panel = analyst.get(reverse("monitoring:panel", args=[vitals.participant.study_id])).content.decode()
    assert "126" not in panel


def test_words_of_a_query_are_text_and_never_markup(vitals: Vitals, monitor: User) -> None:
    query = raise_query(monitor, subject=vitals, question="<script>alert(1)</script>")
    for address in (reverse("monitoring:list"), reverse("monitoring:query", args=[query.pk])):
        page = desk(monitor).get(address).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


def test_lists_cost_the_same_for_20_and_200_queries(consented: Participant, monitor: User, coordinator: User) -> None:
    client, counts = desk(monitor), list[list[int]]()
    pages = [
        reverse("monitoring:list"),
        reverse("monitoring:panel", args=[consented.study_id]),
        reverse("monitoring:today"),
        reverse("infusion:detail", args=[consented.study_id]) + "?all",
    ]
    for more in (20, 180):
        for _ in range(more):
            raise_query(monitor, subject=scenes.take(coordinator, consented), field="systolic", question="Sure?")
        counts.append([])
        for page in pages:
            with CaptureQueriesContext(connection) as asked:
                assert client.get(page).status_code == 200
            counts[-1].append(len(asked))
    assert counts[0] == counts[1]


def test_today_says_what_waits_for_whom(asked: DataQuery, coordinator: User, monitor: User) -> None:
    assert "1 query to answer" in desk(coordinator).get(reverse("monitoring:today")).content.decode()
    assert "0 queries to close" in desk(monitor).get(reverse("monitoring:today")).content.decode()
    answer(coordinator, asked, version=1, words="As in the source.")
    assert "0 queries to answer" in desk(coordinator).get(reverse("monitoring:today")).content.decode()
    assert "1 query to close" in desk(monitor).get(reverse("monitoring:today")).content.decode()


def test_a_monitor_ticks_records_on_the_page_of_a_visit(
    consented: Participant, monitor: User, coordinator: User
) -> None:
    rating = scenes.rate(coordinator, consented)
    place = [consented.study_id, "screening"]
    page = desk(monitor).get(reverse("monitoring:verification_group", args=place)).content.decode()
    tick = f"assessments.assessment:{rating.pk}:scores:1"
    assert tick in page
    sent: dict[str, Any] = {"key": uuid4(), "mark": [tick, f"assessments.assessment:{rating.pk}::1"]}
    assert desk(monitor).post(reverse("monitoring:mark", args=place), sent).status_code == 302
    assert sorted(VerificationMark.objects.values_list("field", flat=True)) == ["", "scores"]
    overview = desk(monitor).get(reverse("monitoring:verification", args=place[:1]))
    assert overview.context["groups"][0].per_cent == 100


@pytest.mark.parametrize("tick", ["", "x", "a:b:c:d", "assessments.assessment:%s:scores:x", "::::::"])
def test_a_tick_that_cannot_be_read_is_refused(
    consented: Participant, monitor: User, coordinator: User, tick: str
) -> None:
    scenes.rate(coordinator, consented)
    sent = {"key": uuid4(), "mark": [tick]}
    page = desk(monitor).post(reverse("monitoring:mark", args=[consented.study_id, "screening"]), sent)
    assert page.status_code == 422
    assert not VerificationMark.objects.exists()


def test_the_edit_checks_stand_on_a_page_with_their_proposed_ranges(monitor: User) -> None:
    page = desk(monitor).get(reverse("monitoring:checks")).content.decode()
    assert "Item missing without a reason" in page
    assert "80 to 200 mmHg" in page
    assert "proposed" in page
