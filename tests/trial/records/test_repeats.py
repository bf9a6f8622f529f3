"""Every form sent twice: the same content changes nothing more, other content under its key is refused.

The registry is the list of the forms that keep drafts; a form that is missing from it fails the first test.
"""

from __future__ import annotations

import pytest

from tests.trial.records.forms_sent import SENT, WORDS, Desk
from trial.audit.models import AuditEntry
from trial.records.drafts import DRAFTED


@pytest.fixture
def desk(db: None) -> Desk:
    return Desk()


def test_every_form_that_keeps_a_draft_is_swept() -> None:
    assert set(SENT) == DRAFTED


@pytest.mark.parametrize("name", sorted(SENT))
def test_a_form_sent_twice_is_answered_alike_and_written_once(desk: Desk, name: str) -> None:
    sent = SENT[name](desk)
    given = desk.open(sent)
    first = desk.client.post(sent.address, given)
    assert first.status_code == 302, first.context and first.context[sent.context].errors
    entries = AuditEntry.objects.count()
    second = desk.client.post(sent.address, given)
    assert (second.status_code, second.headers.get("Location")) == (302, first.headers["Location"])
    assert AuditEntry.objects.count() == entries


@pytest.mark.parametrize("name", sorted(SENT))
def test_other_content_under_a_used_key_is_refused_and_nothing_is_written(desk: Desk, name: str) -> None:
    sent = SENT[name](desk)
    given = desk.open(sent)
    assert desk.client.post(sent.address, given).status_code == 302
    entries = AuditEntry.objects.count()
    other = desk.client.post(sent.address, {**given, **sent.other})
    assert other.status_code == 422
    assert "already saved with other" in other.content.decode()
    assert AuditEntry.objects.count() == entries


CHANGING = [name for name in sorted(SENT) if name != "assessments:form"]


@pytest.mark.parametrize("name", CHANGING)
def test_a_form_that_changes_a_record_is_told_who_was_faster_and_keeps_what_was_typed(desk: Desk, name: str) -> None:
    sent = SENT[name](desk)
    given = desk.open(sent)
    if not sent.changes:
        assert "version" not in given, "what makes a record has none to be late for"
        return
    assert int(given["version"]) > 0
    colleague = desk.colleague()
    theirs = {**desk.open(sent), **sent.other}
    assert colleague.post(sent.address, theirs).status_code == 302
    entries = AuditEntry.objects.count()
    late = desk.client.post(sent.address, given)
    assert late.status_code == 409
    assert AuditEntry.objects.count() == entries
    page = late.content.decode()
    assert "Quentin" in page, "who was faster"
    shown = late.context[sent.context]
    assert shown.conflict.saves
    typed = {one.name: one.typed.words for one in shown.conflict.differences}
    assert any(name in typed for name in sent.other), "what both changed stands side by side"
    if WORDS in given.values():
        assert WORDS in page, "the reason that was typed stays"


def test_a_record_entered_by_somebody_else_meanwhile_is_compared_field_by_field(desk: Desk) -> None:
    sent = SENT["assessments:form"](desk)
    mine, theirs = desk.open(sent), {**desk.open(sent), **sent.other}
    assert desk.colleague().post(sent.address, theirs).status_code == 302
    late = desk.client.post(sent.address, mine)
    assert late.status_code == 409
    assert "Quentin" in late.content.decode()
    both = {one.name: (one.saved.words, one.typed.words) for one in late.context["form"].conflict.differences}
    assert both["item_lassitude"] == ("3", "2") or both["item_lassitude"][0].startswith("3")
