"""The participants' pages: who may open them, what they show, what they save."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.infusion import ward
from tests.trial.participants.people import CONSENTED, consent, enrol, make_site, make_user
from trial.jobs.models import Lease
from trial.participants import facts, queries, services
from trial.participants.models import (
    Consent,
    EligibilityDecision,
    Laboratory,
    Participant,
    Status,
)
from trial.participants.screening import FORMS
from trial.permissions import ACTIONS, Role
from trial.users.models import Site, User

PAGES = {
    "detail": "participants.read",
    "eligibility": "participants.read",
    "consent": "participants.screen",
    "status": "participants.dispose",
    "plan": "participants.dispose",
}
POSTS = {"judge": "participants.judge", "decide": "participants.judge"}
VISIT_POSTS = {"held": "participants.screen", "missed": "participants.screen"}
NORMAL = {"blood_count": "normal", "chemistry": "normal", "liver": "normal", "thyroid": "normal"}


def address(name: str, participant: Participant, *more: Any) -> str:
    return reverse(f"participants:{name}", args=[participant.study_id, *more])


def text(response: Any) -> str:
    return str(response.content.decode())


def key() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def desk(client: Client, coordinator: User) -> Client:
    client.force_login(coordinator)
    return client


@pytest.mark.parametrize("role", list(Role))
def test_each_role_opens_what_the_table_of_rights_allows(
    client: Client, consented: Participant, site: Site, role: Role
) -> None:
    client.force_login(make_user("someone", site, role))
    for name, action in PAGES.items():
        expected = 200 if role in ACTIONS[action] else 403
        assert client.get(address(name, consented)).status_code == expected, name
    for slug in FORMS:
        expected = 200 if role in ACTIONS["participants.screen"] else 403
        assert client.get(address("screening", consented, slug)).status_code == expected, slug
    assert client.get(address("visit", consented, "week_2")).status_code == (
        200 if role in ACTIONS["participants.read"] else 403
    )
    assert client.get(reverse("participants:enrol")).status_code == (
        200 if role in ACTIONS["participants.enrol"] else 403
    )
    assert client.get(reverse("participants:today")).status_code == 200


@pytest.mark.parametrize("role", list(Role))
def test_each_role_posts_what_the_table_of_rights_allows(
    client: Client, consented: Participant, site: Site, role: Role
) -> None:
    client.force_login(make_user("someone", site, role))
    for name, action in POSTS.items():
        expected = 422 if role in ACTIONS[action] else 403
        assert client.post(address(name, consented), {"key": key()}).status_code == expected, name
    for name, action in VISIT_POSTS.items():
        expected = 422 if role in ACTIONS[action] else 403
        assert client.post(address(name, consented, "week_2"), {"key": key()}).status_code == expected, name


def test_another_sites_participant_and_a_missing_one_answer_alike(client: Client, consented: Participant) -> None:
    client.force_login(make_user("lena", make_site("L"), "pi"))
    tails = ["", "consent/", "status/", "plan/", "eligibility/", "screening/laboratory/", "visits/week_2/"]
    for tail in tails:
        foreign = client.get(f"/participants/{consented.study_id}/{tail}")
        missing = client.get(f"/participants/K-0099-9/{tail}")
        assert (foreign.status_code, foreign.content) == (404, missing.content), tail
        assert missing.status_code == 404
    assert consented.study_id not in text(client.get(reverse("participants:list")))
    assert consented.study_id not in text(client.get(reverse("participants:today")))


@pytest.mark.parametrize("tail", ["screening/horoscope/", "visits/week_3/", "screening/laboratory/?record=1"])
def test_what_does_not_exist_is_not_found(desk: Client, consented: Participant, tail: str) -> None:
    assert desk.get(f"/participants/{consented.study_id}/{tail}").status_code == 404


def test_a_control_has_no_ecg_form(desk: Client, site: Site, coordinator: User) -> None:
    control = enrol(coordinator, site, "control")
    assert desk.get(address("screening", control, "electrocardiogram")).status_code == 404
    assert desk.get(address("eligibility", control)).status_code == 404


def test_who_is_not_signed_in_is_led_to_the_sign_in(client: Client, consented: Participant) -> None:
    assert client.get(address("detail", consented)).status_code == 302


def test_enrolling_gives_an_id_and_asks_no_name(desk: Client, site: Site) -> None:
    page = text(desk.get(reverse("participants:enrol")))
    assert 'name="name"' not in page
    given = {
        "site": site.pk,
        "cohort": "patient",
        "referral": "registry",
        "enrolled_on": "2026-03-01",
        "key": key(),
    }
    for _ in range(2):  # a second tap changes nothing
        answer = desk.post(reverse("participants:enrol"), given)
    made = Participant.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, address("detail", made))


def test_enrolling_at_another_site_is_refused(desk: Client) -> None:
    other = make_site("L")
    given = {
        "site": other.pk,
        "cohort": "patient",
        "referral": "other",
        "enrolled_on": "2026-03-01",
        "key": key(),
    }
    assert desk.post(reverse("participants:enrol"), given).status_code == 422
    assert not Participant.objects.exists()


def test_consent_is_entered_in_site_time(desk: Client, enrolled: Participant) -> None:
    given = {"occurred_at": "2026-03-02T09:00", "form_version": "2026-01", "may_contact": "on", "key": key()}
    assert desk.post(address("consent", enrolled), given).status_code == 302
    assert Consent.objects.get().occurred_at == CONSENTED  # 09:00 in Chicago is 15:00 UTC
    assert Status.objects.get(axis="data").value == "refused"
    assert "2026-03-02 09:00" in text(desk.get(address("detail", enrolled)))


def test_consent_in_the_future_is_refused(desk: Client, enrolled: Participant) -> None:
    later = timezone.localtime(timezone.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    answer = desk.post(address("consent", enrolled), {"occurred_at": later, "form_version": "1", "key": key()})
    assert "has not come yet" in text(answer)
    assert not Consent.objects.exists()


def test_the_eligibility_page_lists_every_criterion(desk: Client, consented: Participant) -> None:
    page = text(desk.get(address("eligibility", consented)))
    plan = queries.protocol_of(consented).eligibility
    assert page.count('<th scope="row"') == len(plan)
    assert "age not recorded" in page
    assert "Record the findings" not in page


def test_a_psychiatrist_judges_and_is_refused_while_something_is_unknown(
    client: Client, consented: Participant, psychiatrist: User
) -> None:
    client.force_login(psychiatrist)
    at = {"occurred_at": "2026-03-03T10:00"}
    judged = {"capacity": "pass", "psychosis": "pass", "basis": "interview", "key": key(), **at}
    assert client.post(address("judge", consented), judged).status_code == 302
    assert set(facts.latest_judgements(consented)) == {"capacity", "psychosis"}
    refused = client.post(address("decide", consented), {"decision": "enrol", "key": key(), **at})
    assert "Not enrolled" in text(refused)
    assert not EligibilityDecision.objects.exists()
    answer = client.post(
        address("decide", consented), {"decision": "refuse", "reason": "too young", "key": key(), **at}
    )
    assert answer.status_code == 302


def test_a_status_is_set_and_shown_with_its_reason(desk: Client, consented: Participant) -> None:
    given = {"status": "follow_up:lost", "occurred_at": "2026-03-03T10:00", "key": key()}
    assert "needs a reason" in text(desk.post(address("status", consented), {**given, "reason": ""}))
    assert desk.post(address("status", consented), {**given, "reason": "moved away"}).status_code == 302
    assert "moved away" in text(desk.get(address("detail", consented)))


def test_the_infusion_status_is_not_set_by_hand(desk: Client, consented: Participant) -> None:
    given = {"status": "infusion:completed", "occurred_at": "2026-03-03T10:00", "key": key()}
    assert desk.post(address("status", consented), given).status_code == 422
    assert not Status.objects.filter(axis="infusion").exists()


def test_the_infusion_is_planned_after_consent_only(desk: Client, site: Site, coordinator: User) -> None:
    participant = enrol(coordinator, site)
    given = {"planned_infusion_on": "2026-03-16", "version": participant.version, "key": key()}
    assert "No consent is recorded" in text(desk.post(address("plan", participant), given))
    consent(coordinator, participant)
    assert desk.post(address("plan", participant), {**given, "version": participant.version}).status_code == 302
    assert "Infusion planned 2026-03-16" in text(desk.get(address("detail", participant)))


def version_of(participant: Participant, code: str = "screening") -> int:
    """The version of a visit, as its page carries it."""
    return queries.get_visit(participant, code).version


def test_a_visit_is_marked_held_and_its_time_corrected(desk: Client, consented: Participant) -> None:
    url = address("held", consented, "screening")
    given = {"occurred_at": "2026-03-02T11:00", "version": version_of(consented), "key": key()}
    assert desk.post(url, given).status_code == 302
    page = text(desk.get(address("visit", consented, "screening")))
    assert "Held 2026-03-02 11:00" in page
    assert "Mark as missed" not in page
    version = queries.get_visit(consented, "screening").version
    corrected = {"occurred_at": "2026-03-02T12:00", "reason": "typo", "version": version, "key": key()}
    assert desk.post(address("correct", consented, "screening"), corrected).status_code == 302
    assert "Held 2026-03-02 12:00" in text(desk.get(address("visit", consented, "screening")))


def test_another_time_for_a_visit_already_held_is_refused_in_words(desk: Client, consented: Participant) -> None:
    url = address("held", consented, "screening")
    first = {"occurred_at": "2026-03-02T11:00", "version": version_of(consented), "key": key()}
    assert desk.post(url, first).status_code == 302
    assert desk.post(url, first).status_code == 302
    again = {"occurred_at": "2026-03-02T12:00", "version": version_of(consented), "key": key()}
    assert "already recorded as held" in text(desk.post(url, again))
    assert "Held 2026-03-02 11:00" in text(desk.get(address("visit", consented, "screening")))


def test_a_visit_is_marked_missed_with_a_reason(desk: Client, consented: Participant) -> None:
    url = address("missed", consented, "screening")
    version = version_of(consented)
    assert desk.post(url, {"reason": "ill", "version": version, "key": key()}).status_code == 422
    assert desk.post(url, {"cause": "other", "reason": " ", "version": version, "key": key()}).status_code == 422
    assert desk.post(url, {"cause": "illness", "reason": "flu", "version": version, "key": key()}).status_code == 302
    assert "Missed: ill, not in hospital: flu" in text(desk.get(address("visit", consented, "screening")))


def test_the_participant_page_loads_the_panels_the_role_may_see(client: Client, consented: Participant) -> None:
    client.force_login(make_user("ida", consented.site, "imaging_analyst"))
    page = text(client.get(address("detail", consented)))
    assert f'hx-get="{reverse("imaging:panel", args=[consented.study_id])}"' in page
    assert reverse("safety:panel", args=[consented.study_id]) not in page


def test_the_list_is_searched_and_filtered(desk: Client, site: Site, coordinator: User) -> None:
    first, second = consent(coordinator, enrol(coordinator, site)), enrol(coordinator, site)
    page = text(desk.get(reverse("participants:list"), {"q": "k-0001"}))
    assert first.study_id in page
    assert second.study_id not in page
    page = text(desk.get(reverse("participants:list"), {"enrolment": "screening"}))
    assert (first.study_id in page, second.study_id in page) == (True, False)
    assert "no consent yet" in text(desk.get(reverse("participants:list")))


def test_today_warns_when_nobody_looks_for_lost_work(desk: Client) -> None:
    assert "Lost work" not in text(desk.get(reverse("participants:today")))
    long_ago = timezone.now() - timedelta(minutes=6)
    Lease.objects.create(name="jobs.sweep", holder=uuid.uuid4(), until=long_ago, done_at=long_ago)
    assert "Lost work has not been looked for" in text(desk.get(reverse("participants:today")))


def test_today_says_since_when_a_visit_is_overdue_in_the_sites_time(desk: Client, consented: Participant) -> None:
    # Consent on 2026-03-02 in Chicago, screening within 21 days: the last day is 2026-03-23, until midnight there.
    assert "overdue since 2026-03-24, " in text(desk.get("/"))


def test_an_imaging_analyst_sees_scans_alone_and_of_an_infusion_that_it_runs(
    client: Client, site: Site, consented: Participant, psychiatrist: User
) -> None:
    began = timezone.now() - timedelta(hours=3)
    services.infusion_began(psychiatrist, consented, began)
    client.force_login(make_user("ida", site, "imaging_analyst"))
    page = text(client.get("/"))
    assert "Scan before infusion, first" in page
    assert "Screening" not in page
    assert f'href="{reverse("participants:detail", args=[consented.study_id])}">{consented.study_id}</a></li>' in page
    client.force_login(psychiatrist)
    assert "Screening" in text(client.get("/"))


def test_a_running_infusion_stands_on_today_with_rate_hours_and_the_way_to_the_bedside(
    client: Client, db: None
) -> None:
    here = ward.make_ward(code="W")
    ward.start(here, occurred_at=timezone.now() - timedelta(hours=3))
    client.force_login(here.nurse)
    page = text(client.get("/"))
    assert f'href="{reverse("infusion:detail", args=[here.participant.study_id])}"' in page
    assert "0.15 mg/kg/h, 3.0 h since" in page, "the protocol's first rate"
    assert "No vital signs since the start" in page


def test_the_list_finds_who_has_no_consent_and_sorts_by_the_next_visit(
    desk: Client, site: Site, coordinator: User, consented: Participant
) -> None:
    waiting = enrol(coordinator, site)
    later = consent(coordinator, enrol(coordinator, site), at=CONSENTED + timedelta(days=9))

    def shown(**asked: str) -> list[str]:
        page = text(desk.get(reverse("participants:list"), asked))
        ids = {one.study_id: page.find(f">{one.study_id}</a>") for one in (consented, waiting, later)}
        return sorted((name for name, place in ids.items() if place >= 0), key=lambda name: ids[name])

    assert shown(enrolment="no_consent") == [waiting.study_id]
    assert shown(sort="next") == [consented.study_id, later.study_id, waiting.study_id]
    assert shown(sort="-next") == [later.study_id, consented.study_id, waiting.study_id]
    assert shown(sort="-study_id") == [later.study_id, waiting.study_id, consented.study_id]
    assert shown(sort="password") == shown(sort="study_id")


def test_today_lists_what_is_due_and_overdue(desk: Client, enrolled: Participant, coordinator: User) -> None:
    services.sign_consent(
        coordinator, enrolled, occurred_at=timezone.now() - timedelta(days=25), form_version="2026-01"
    )
    page = text(desk.get(reverse("participants:today")))
    overdue, due = page.split("Due now")
    assert f"{enrolled.study_id} · Screening" in overdue
    assert f"{enrolled.study_id} · Scan before infusion, first" in due


def test_what_somebody_else_saved_first_is_told_and_not_dropped(
    desk: Client, consented: Participant, psychiatrist: User
) -> None:
    url = address("screening", consented, "laboratory")
    mine = {**NORMAL, "key": key(), "occurred_at": "2026-03-02T11:00"}
    other = Client()
    other.force_login(psychiatrist)
    assert desk.post(url, mine).status_code == 302
    assert "Somebody else saved this form" in text(other.post(url, {**mine, "key": key(), "liver": "significant"}))
    assert desk.post(url, mine).status_code == 302, "the same form sent twice is one form"
    assert Laboratory.objects.get().liver == "normal"


def test_a_finding_that_a_page_did_not_change_never_overwrites_a_colleagues(
    client: Client, consented: Participant, psychiatrist: User, site: Site
) -> None:
    url, at = address("judge", consented), {"occurred_at": "2026-03-02T11:00", "basis": "interview"}
    client.force_login(psychiatrist)
    client.post(url, {"capacity": "pass", "key": key(), **at})
    page = text(client.get(address("eligibility", consented)))
    assert '<input type="hidden" name="capacity.seen" value="pass"' in page
    colleague = Client()
    colleague.force_login(make_user("colleague", site, "psychiatrist"))
    opened = {"capacity": "pass", "capacity.seen": "pass", "psychosis": "", **at}
    assert colleague.post(url, {**opened, "capacity": "fail", "key": key()}).status_code == 302
    late = {**opened, "psychosis": "pass", "key": key()}
    assert client.post(url, late).status_code == 302
    assert client.post(url, late).status_code == 302, "the same form sent twice is one form"
    assert {name: one.verdict for name, one in facts.latest_judgements(consented).items()} == {
        "capacity": "fail",
        "psychosis": "pass",
    }
    refused = client.post(url, {**opened, "capacity": "unknown", "key": key()})
    assert refused.status_code == 409
    (one,) = refused.context["judgement"].conflict.differences
    assert (one.opened.words, one.saved.words, one.typed.words) == ("yes, met", "no, not met", "not known yet")
    assert facts.latest_judgements(consented)["capacity"].verdict == "fail"


def test_a_decision_from_a_page_that_did_not_show_the_latest_one_is_refused(
    client: Client, consented: Participant, psychiatrist: User, site: Site
) -> None:
    url, given = address("decide", consented), {"occurred_at": "2026-03-02T11:00", "decision": "refuse", "seen": ""}
    client.force_login(psychiatrist)
    first = {**given, "reason": "psychosis", "key": key()}
    assert client.post(url, first).status_code == 302
    assert client.post(url, first).status_code == 302, "the same form sent twice is one form"
    colleague = Client()
    colleague.force_login(make_user("colleague", site, "psychiatrist"))
    for malformed in ("no-id", "7", "' OR 1=1", str(consented.pk)):
        assert colleague.post(url, {**given, "reason": "x", "key": key(), "seen": malformed}).status_code == 409
    late = {**given, "reason": "wishes to wait", "key": key()}
    overtaken = colleague.post(url, late)
    assert overtaken.status_code == 409
    assert "This was saved elsewhere while you had it open" in text(overtaken)
    assert 'value="wishes to wait"' in text(overtaken), "what was typed stays"
    assert EligibilityDecision.objects.get().explanation == "psychosis"
    shown = EligibilityDecision.objects.get().pk
    assert f'name="seen" value="{shown}"' in text(colleague.get(address("eligibility", consented)))
    assert colleague.post(url, {**late, "seen": str(shown)}).status_code == 302
