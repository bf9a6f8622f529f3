"""The trail on the screen: in plain words, for those who may read it, of their own sites only."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from assessments.services import correct_assessment
from tests.assessments.ratings import rate, scores_of
from tests.trial.audit import rows
from tests.trial.participants.people import consent, enrol, make_site, make_user
from tests.trial.users.staff import delegated
from trial.audit.context import audited
from trial.audit.queries import Wanted, audited_model, history, row_key, trail
from trial.audit.views import PAGE, reading
from trial.permissions import ACTIONS, Role
from trial.users.models import RoleAssignment, Site, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Site:
    """A site entered by a person and renamed by a task."""
    made = rows.make_site()
    with audited(User(username="m.curie"), "opening of the site"):
        made.save()
    made.name, made.is_practice = "<b>Renamed</b>", True
    with audited("system:rename", "new sign at the door"):
        made.save()
    return made


def reader(role: Role, site: Site) -> Client:
    """A signed-in client of someone with a role at the site."""
    user = rows.make_user()
    with audited("system:test", "account"):
        user.save()
        RoleAssignment.objects.create(user=user, site=site, role=role, starts_on=date(2020, 1, 1))
    delegated(user, site, role)
    client = Client()
    client.force_login(user)
    return client


def test_a_field_of_several_items_is_told_item_by_item_in_words() -> None:
    site = make_site("Z")
    petra = make_user("petra", site, "psychiatrist")
    participant = consent(petra, enrol(petra, site))
    rating = rate(petra, participant, scores_of("madrs", 1, inner_tension=2))
    kept: dict[str, Any] = {"mode": rating.mode, "rater": petra, "occurred_at": rating.occurred_at, "missing": {}}
    scores = scores_of("madrs", 1, inner_tension=3)
    correct_assessment(petra, rating, version=rating.version, reason="heard again", scores=scores, **kept)
    entered, changed = (
        {change.field: (change.old, change.new) for change in line.changes}
        for line in history("assessments.Assessment", rating.pk, {site.pk})
    )
    assert changed["scores, inner tension"] == ("2", "3")
    assert "scores, reduced sleep" not in changed
    assert entered["scores, reduced sleep"] == ("–", "1")
    page = reader(Role.MONITOR, site).get(reverse("audit:history", args=["assessments.Assessment", rating.pk]))
    assert f"<strong>{petra.full_name}</strong> (petra)" in page.content.decode(), "who, by the name that people know"
    assert not [words for pair in entered.values() for words in pair if "{" in words], "no braces for a lay reader"


@pytest.mark.parametrize("role", list(Role))
def test_only_those_who_may_read_the_trail_see_it(role: Role, site: Site) -> None:
    client = reader(role, site)
    expected = 200 if role in ACTIONS["audit.read"] else 403
    assert client.get(reverse("audit:trail")).status_code == expected
    of_no_clinic = 200 if role in ACTIONS["audit.read"] else 404 if role in ACTIONS["history.read"] else 403
    assert client.get(reverse("audit:history", args=["users.Site", site.pk])).status_code == of_no_clinic


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("label", ["participants.Participant", "participants.Consent"])
def test_the_history_of_a_record_is_open_to_whoever_may_read_it(role: Role, label: str, site: Site) -> None:
    actor = make_user("carla", site, "coordinator")
    participant = consent(actor, enrol(actor, site))
    row = participant if label.endswith("Participant") else participant.consent_set.get()
    answer = reader(role, site).get(reverse("audit:history", args=[label, row.pk]))
    assert answer.status_code == (200 if role in ACTIONS["participants.read"] else 403)


@pytest.mark.parametrize("role", sorted(ACTIONS["history.read"]))
def test_the_history_of_an_account_is_for_whoever_reads_the_trail(role: Role, site: Site) -> None:
    """Such a row is of no site, so that not having any must not open it."""
    client, somebody = reader(role, site), make_user("carla", site, "coordinator")
    expected = 200 if role in ACTIONS["audit.read"] else 404
    assert client.get(reverse("audit:history", args=["users.User", somebody.pk])).status_code == expected


def test_the_history_of_ratings_is_closed_to_whoever_may_not_read_them(site: Site) -> None:
    assert reading("assessments.Assessment") == "assessments.read"
    assert reading("users.User") == reading("records.ProtocolVersion") == reading("nothing") == "audit.read"
    assert Role.IMAGING_ANALYST not in ACTIONS["assessments.read"] | ACTIONS["audit.read"]


def test_a_history_says_the_time_of_the_site_and_utc(site: Site) -> None:
    actor = make_user("carla", site, "coordinator")
    row = consent(actor, enrol(actor, site)).consent_set.get()
    page = reader(Role.COORDINATOR, site).get(reverse("audit:history", args=["participants.Consent", row.pk]))
    (line,) = page.context["lines"]
    signed = {change.field: change.new for change in line.changes}["occurred at"]
    local = row.occurred_at.astimezone(site.zone)
    assert signed == f"{local:%Y-%m-%d %H:%M:%S} ({row.occurred_at:%Y-%m-%d %H:%M:%S} UTC)"
    words = page.content.decode()
    assert f"{line.at.astimezone(site.zone):%Y-%m-%d %H:%M:%S} site time ({site.timezone})" in words
    assert f"{line.at:%Y-%m-%d %H:%M:%S} UTC" in words
    assert f'href="{reverse("participants:detail", args=[line.about])}"' in words, "the way back"


def test_a_history_says_who_when_why_and_what_in_plain_words(site: Site) -> None:
    page = reader(Role.MONITOR, site).get(reverse("audit:history", args=["users.Site", site.pk])).content.decode()
    assert "Way back" not in page, "a site is no participant's"
    assert "m.curie" in page
    assert "opening of the site" in page
    assert "system:rename" in page
    assert "&lt;b&gt;Renamed&lt;/b&gt;" in page
    assert "<b>Renamed</b>" not in page
    first, second = history("users.Site", site.pk, [site.pk])
    assert (first.did, second.did) == ("entered", "changed")
    assert [(c.field, c.old, c.new) for c in second.changes] == [
        ("name", "Site", "<b>Renamed</b>"),
        ("is practice", "no", "yes"),
    ]


def test_a_referred_row_is_shown_by_its_name(site: Site) -> None:
    reader(Role.PI, site)
    line = trail([site.pk], Wanted(label="users.RoleAssignment"))[0]
    shown = {change.field: change.new for change in line.changes}
    assert shown["site"] == str(site)
    assert shown["user"] == "A Person"
    assert shown["role"] == "PI"


def test_another_sites_rows_and_missing_ones_answer_alike(site: Site) -> None:
    other = rows.make_site()
    with audited("system:test", "elsewhere"):
        other.save()
    client = reader(Role.MONITOR, site)
    answers = [
        client.get(reverse("audit:history", args=arguments))
        for arguments in (
            ("users.Site", other.pk),
            ("users.Site", "00000000-0000-0000-0000-000000000000"),
            ("users.Site", "no-id"),
            ("sessions.Session", "1"),
            ("nothing", "1"),
        )
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert "elsewhere" not in client.get(reverse("audit:trail")).content.decode()


def test_the_trail_is_paged_and_filtered(site: Site) -> None:
    with audited("system:many", "names"):
        for number in range(60):
            Site.objects.filter(pk=site.pk).update(name=f"Name {number}")
    client = reader(Role.DATA_MANAGER, site)
    newest = client.get(reverse("audit:trail"), {"actor": "system:many"})
    assert [line.changes[0].new for line in newest.context["lines"][:2]] == ["Name 59", "Name 58"]
    assert newest.context["newer"] == ""
    seen, page = [newest.context["lines"]], newest
    while page.context["older"]:
        page = client.get(reverse("audit:trail") + page.context["older"])
        seen.append(page.context["lines"])
    assert [len(lines) for lines in seen] == [PAGE, PAGE, 60 - 2 * PAGE]
    assert len({line.entry_id for lines in seen for line in lines}) == 60
    back = client.get(reverse("audit:trail") + page.context["newer"])
    assert back.context["lines"] == seen[1]
    first = client.get(reverse("audit:trail") + back.context["newer"])
    assert (first.context["lines"], first.context["newer"]) == (seen[0], "")
    assert client.get(reverse("audit:trail"), {"record": "users.User"}).context["lines"]
    for bad in ({"record": "sessions.Session"}, {"record": "x"}):
        assert client.get(reverse("audit:trail"), bad).status_code == 404
    assert client.get(reverse("audit:trail"), {"before": "٣x"}).status_code == 200


def test_the_trail_is_narrowed_to_one_participant(site: Site) -> None:
    actor = make_user("carla", site, "coordinator")
    one, other = (enrol(actor, site) for _ in range(2))
    consent(actor, one)
    client = reader(Role.MONITOR, site)
    found = client.get(reverse("audit:trail"), {"participant": one.study_id.lower()}).context["lines"]
    assert {"consent", "participant", "visit"} <= {line.table for line in found}
    assert {line.row_id for line in found if line.table == "participant"} == {row_key(type(one), one.pk)}
    assert {line.about for line in found} == {one.study_id}
    nobody = client.get(reverse("audit:trail"), {"participant": "K-9999-9"})
    assert nobody.context["lines"] == []
    assert "Check the study id" in nobody.content.decode()
    assert client.get(reverse("audit:trail"), {"participant": other.study_id}).context["lines"] != []


def test_the_trail_is_narrowed_to_days_the_last_one_included(site: Site) -> None:
    client, now = reader(Role.MONITOR, site), datetime.now(UTC)
    yesterday, today, tomorrow = (f"{now + timedelta(days=step):%Y-%m-%d}" for step in (-1, 0, 1))
    assert client.get(reverse("audit:trail"), {"from": today, "to": today}).context["lines"]
    assert not client.get(reverse("audit:trail"), {"from": tomorrow}).context["lines"]
    assert not client.get(reverse("audit:trail"), {"to": yesterday}).context["lines"]
    for unreadable in ("yesterday", "2026-02-30", "9" * 40):
        assert client.get(reverse("audit:trail"), {"from": unreadable, "before": unreadable}).status_code == 200


def test_only_audited_models_have_a_history() -> None:
    assert audited_model("users.Site") is Site
    with pytest.raises(LookupError, match="not audited"):
        audited_model("sessions.Session")
