"""The protocol's page shows every value with its unit, source and status."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.trial.records import clinic
from trial import protocol
from trial.permissions import Role
from trial.records.wording import sections

pytestmark = pytest.mark.django_db


@pytest.fixture
def page() -> str:
    client = Client()
    client.force_login(clinic.make_person(clinic.make_site(), Role.NURSE))
    response = client.get(reverse("records:protocol"), {"version": protocol.FIRST})
    assert response.status_code == 200
    return unescape(response.content.decode())


def test_the_page_names_version_and_hash_of_the_file(page: str) -> None:
    assert protocol.FIRST in page
    assert protocol.sha256(protocol.FIRST) in page


def test_who_reads_no_participants_is_led_to_none_of_their_versions() -> None:
    client, site = Client(), clinic.make_site()
    for role, is_led in ((Role.NURSE, True), (Role.ADMINISTRATOR, False)):
        client.force_login(clinic.make_person(site, role))
        page = client.get(reverse("records:protocol")).content.decode()
        assert (reverse("participants:versions") in page) is is_led


def test_without_a_version_the_page_shows_the_one_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    client.force_login(clinic.make_person(clinic.make_site(), Role.NURSE))
    evening = datetime(2026, 11, 1, 4, 30, tzinfo=UTC)  # 23:30 on the last day of October in Chicago
    for now, version in ((evening, protocol.FIRST), (evening + timedelta(hours=1), "ketamine_96h_v2")):
        monkeypatch.setattr(timezone, "now", lambda now=now: now)
        heading = unescape(client.get(reverse("records:protocol")).content.decode())
        assert f"Protocol {version}" in heading
        assert "not in force today" not in heading
    other = client.get(reverse("records:protocol"), {"version": protocol.FIRST}).content.decode()
    assert "not in force today" in other
    assert client.get(reverse("records:protocol"), {"version": "ketamine_9"}).status_code == 404


def test_every_value_stands_on_the_page_with_its_source(page: str) -> None:
    version = protocol.for_version(protocol.FIRST)
    keys = [key for key, _ in version.walk()]
    assert len(keys) > 50
    missing = [key for key, value in version.walk() if value.source not in page]
    assert missing == []


def test_proposed_values_are_counted_and_marked(page: str) -> None:
    proposed = len(list(protocol.for_version(protocol.FIRST).proposed()))
    assert f"{proposed} values are" in page
    assert page.count("badge-proposed") >= proposed


def test_the_sections_hold_every_value_once() -> None:
    version = protocol.for_version(protocol.FIRST)
    shown = [(part.id, row.key) for part in sections(version) for group in part.groups for row in group.rows]
    assert len(shown) == len(set(shown)) == len(list(version.walk()))


def test_the_investigator_can_ask_for_the_proposed_values_alone() -> None:
    version = protocol.for_version(protocol.FIRST)
    shown = [
        f"{part.id}.{row.key}"
        for part in sections(version, only_proposed=True)
        for group in part.groups
        for row in group.rows
    ]
    assert shown == list(version.proposed())


def test_codes_and_keys_read_as_words(page: str) -> None:
    visits = next(part for part in sections(protocol.for_version(protocol.FIRST)) if part.id == "visits")
    week_2 = next(group for group in visits.groups if group.name == "Week 2")
    rows = {row.what: row.text for row in week_2.rows}
    assert "Montgomery-Åsberg Depression Rating Scale" in rows["instruments"]
    assert "window_" not in page
    assert "warns above" in page.lower()


def test_the_page_may_not_be_changed_by_a_post() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(clinic.make_person(clinic.make_site(), Role.NURSE))
    assert client.post(reverse("records:protocol"), {"a": "b"}).status_code == 403
