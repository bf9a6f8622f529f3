"""Drafts keep what is typed, touch no record, and are nobody else's."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from infusion.models import Vitals
from tests.trial.records.forms_sent import SENT, Desk
from trial.audit.models import AuditEntry
from trial.jobs.models import Lease
from trial.records import drafts
from trial.records.models import Draft, UsedKey
from trial.records.tasks import tidy

PLACE = "/draft/"
ROUNDS = 40


@pytest.fixture
def desk(db: None) -> Desk:
    return Desk()


def typed(desk: Desk, address: str, page: Any = None, **values: str) -> Any:
    """Send what is typed, as the page does."""
    fields = json.dumps({name: [value] for name, value in values.items()})
    return desk.client.post(PLACE, {"address": address, "opened": str(page or uuid4()), "fields": fields})


def kept(client: Client, address: str) -> Any:
    """The fields that are offered; None for none."""
    answer = client.get(PLACE, {"address": address})
    return answer.json()["fields"] if answer.status_code == 200 else None


def vitals(desk: Desk) -> str:
    return reverse("infusion:vitals", args=[desk.participant.study_id])


def test_what_is_typed_comes_back_and_no_record_and_no_entry_is_made(desk: Desk) -> None:
    entries = AuditEntry.objects.count()
    assert typed(desk, vitals(desk), systolic="120", comment="after coffee").json() == {"kept": True}
    assert kept(desk.client, vitals(desk)) == {"systolic": ["120"], "comment": ["after coffee"]}
    assert not Vitals.objects.exists()
    assert AuditEntry.objects.count() == entries


def test_a_draft_is_offered_to_its_author_alone(desk: Desk) -> None:
    typed(desk, vitals(desk), systolic="120")
    assert kept(desk.colleague(), vitals(desk)) is None
    again = Client()
    again.force_login(desk.person)
    assert kept(again, vitals(desk)) == {"systolic": ["120"]}, "on another machine too"


def test_a_draft_is_of_one_form_about_one_record(desk: Desk) -> None:
    screening = reverse("participants:screening", args=[desk.participant.study_id, "laboratory"])
    typed(desk, f"{screening}?record=a", liver="normal")
    assert kept(desk.client, f"{screening}?record=b") is None
    assert kept(desk.client, f"{screening}?new=1&record=a") == {"liver": ["normal"]}
    assert kept(desk.client, vitals(desk)) is None


def test_a_newer_text_takes_the_place_of_the_older(desk: Desk) -> None:
    page = uuid4()
    for systolic in ("1", "12", "120"):
        typed(desk, vitals(desk), page, systolic=systolic)
    assert kept(desk.client, vitals(desk)) == {"systolic": ["120"]}
    assert Draft.objects.count() == 1


@pytest.mark.parametrize("name", sorted(SENT))
def test_a_form_that_is_taken_ends_its_draft_and_one_that_is_refused_keeps_it(desk: Desk, name: str) -> None:
    sent, page = SENT[name](desk), uuid4()
    given = {**desk.open(sent), "draft": str(page)}
    typed(desk, sent.address, page, typed="half")
    refused = desk.client.post(sent.address, {**given, "key": "no key"})
    assert refused.status_code == 422
    assert kept(desk.client, sent.address) == {"typed": ["half"]}
    assert desk.client.post(sent.address, given).status_code == 302
    assert kept(desk.client, sent.address) is None
    assert Draft.objects.get().fields == {}, "the text itself is gone"


def test_what_a_page_still_sends_after_it_was_saved_is_dropped(desk: Desk) -> None:
    sent, page = SENT["infusion:vitals"](desk), uuid4()
    assert desk.client.post(sent.address, {**desk.open(sent), "draft": str(page)}).status_code == 302
    assert typed(desk, sent.address, page, systolic="120").json() == {"kept": False}
    assert kept(desk.client, sent.address) is None
    assert typed(desk, sent.address, uuid4(), systolic="99").json() == {"kept": True}, "the next form is another page"


def test_a_discarded_draft_is_gone(desk: Desk) -> None:
    typed(desk, vitals(desk), systolic="120")
    gone = desk.client.post(PLACE, {"address": vitals(desk), "opened": str(uuid4()), "discard": "1"})
    assert gone.status_code == 204
    assert kept(desk.client, vitals(desk)) is None


@pytest.mark.parametrize(
    "address",
    ["", "/", "/password/", "/sign-in/", "/imaging/import/", "/nowhere/", "https://elsewhere.test/password/", "//x/y"],
)
def test_only_forms_of_the_list_keep_drafts(desk: Desk, address: str) -> None:
    assert typed(desk, address, secret="x").status_code == 422
    asked = desk.client.get(PLACE, {"address": address})
    assert (asked.status_code, set(asked.json())) == (200, {"why"}), "no fault of the page that asks, and no fields"
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    "fields",
    ["", "null", "[]", '{"a": "b"}', '{"a": [1]}', json.dumps({"a": ["x" * drafts.MOST_BYTES]}),
     json.dumps({str(n): [""] for n in range(drafts.MOST_FIELDS + 1)})],
)  # fmt: skip
def test_what_is_no_form_is_refused(desk: Desk, fields: str) -> None:
    given = {"address": vitals(desk), "opened": str(uuid4()), "fields": fields}
    assert desk.client.post(PLACE, given).status_code == 422
    assert desk.client.post(PLACE, {**given, "opened": "x"}).status_code == 422
    assert not Draft.objects.exists()


def test_a_token_or_password_is_never_kept_and_a_nul_byte_is_dropped(desk: Desk) -> None:
    secrets = {"csrfmiddlewaretoken": "t", "draft": "d", "password": "p", "new_password1": "p", "code": "123456"}
    typed(desk, vitals(desk), comment="a\0b", **secrets)
    assert kept(desk.client, vitals(desk)) == {"comment": ["ab"]}


def test_keeping_a_draft_is_cheap(desk: Desk, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    address = drafts.identity(vitals(desk))
    with django_assert_num_queries(3):
        drafts.keep(desk.person, address, page := uuid4(), {"systolic": ["120"]})
    with django_assert_num_queries(1):
        drafts.keep(desk.person, address, page, {"systolic": ["121"]})


@pytest.mark.db_engine
@pytest.mark.parametrize("is_known", [True, False])
def test_a_draft_that_is_kept_in_the_moment_its_form_is_sent_does_not_come_back(
    cloned_orm: str, is_known: bool
) -> None:
    desk = Desk()
    address = drafts.identity(vitals(desk))

    def at_once(page: UUID, step: Callable[..., object], barrier: Barrier, *more: object) -> None:
        barrier.wait()
        step(desk.person, address, page, *more)
        connection.close()

    for _ in range(ROUNDS):
        page, barrier = uuid4(), Barrier(2)
        if is_known:
            drafts.keep(desk.person, address, page, {"systolic": ["12"]})
        with ThreadPoolExecutor(2) as pool:
            kept_too = pool.submit(at_once, page, drafts.keep, barrier, {"systolic": ["120"]})
            ended = pool.submit(at_once, page, drafts.end, barrier)
        assert kept_too.exception() is ended.exception() is None
        assert [row.fields for row in Draft.objects.all()] == [{}]
        if not is_known:
            Draft.objects.all().delete()


def test_old_drafts_and_used_keys_are_tidied_and_newer_ones_stay(desk: Desk) -> None:
    for days, key in ((settings.DRAFT_KEEP_DAYS + 1, "old"), (settings.DRAFT_KEEP_DAYS - 1, "new")):
        at = timezone.now() - timedelta(days=days)
        Draft.objects.create(user=desk.person, address=f"/{key}/", opened=uuid4(), saved_at=at)
        UsedKey.objects.create(user=desk.person, key=uuid4(), content_hash=key, used_at=at)
    tidy()
    assert [row.address for row in Draft.objects.all()] == ["/new/"]
    assert [row.content_hash for row in UsedKey.objects.all()] == ["new"]
    assert Lease.objects.filter(name="records.tidy").exists()
