"""What is signed is decided for every record about a participant, and a content's hash is its own."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trial.audit.registry import audited_models
from trial.signatures import content
from trial.signatures.content import Content, Row, digest, rows_in

WORD = st.text(alphabet="abcdefghijklmnopqrstuvwxyz_0123456789-", min_size=1, max_size=9)
ROWS = st.lists(st.builds(Row, WORD, WORD, st.integers(0, 10**12), WORD), max_size=6).map(tuple)


def test_every_record_about_a_participant_is_signed_or_left_out_with_a_reason() -> None:
    assert content.undecided_models() == [], "Say in trial/signatures/content.py: CONTENT_APPS or NOT_CONTENT."
    assert all(len(reason) > 20 for reason in content.NOT_CONTENT.values())


def test_a_record_of_which_nobody_decided_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "CONTENT_APPS", content.CONTENT_APPS - {"imaging"})
    assert "imaging.ImagingSession" in content.undecided_models()


def test_no_record_hides_behind_an_exception_that_nobody_needs() -> None:
    labels = {model._meta.label for model in audited_models()}
    apps = {model._meta.app_label for model in audited_models()}
    assert content.NOT_CONTENT.keys() <= labels | apps


@given(ROWS)
def test_a_manifest_gives_its_rows_back(rows: tuple[Row, ...]) -> None:
    made = Content("participants.visit", "1", rows)
    assert rows_in(made.manifest) == rows


@given(ROWS, ROWS)
def test_two_contents_have_one_hash_only_where_their_rows_are_the_same(a: tuple[Row, ...], b: tuple[Row, ...]) -> None:
    one, other = Content("participants.visit", "1", a), Content("participants.visit", "1", b)
    same = [row[:2] + row[3:] for row in a] == [row[:2] + row[3:] for row in b]
    assert (one.hash == other.hash) is same


@given(ROWS)
def test_the_hash_is_bound_to_the_record(rows: tuple[Row, ...]) -> None:
    hashes = {Content(table, pk, rows).hash for table in ("participants.visit", "x") for pk in ("1", "2")}
    assert len(hashes) == 4


def test_a_row_is_told_by_its_values_and_not_by_its_bookkeeping() -> None:
    row = {"id": "1", "total": 27, "version": 1, "comment": None}
    assert digest("x", json.dumps(row)) == digest("x", json.dumps({**row, "version": 2}))
    assert digest("x", json.dumps(row)) == digest("x", json.dumps({"total": 27, "id": "1"}))
    assert digest("x", json.dumps(row)) != digest("x", json.dumps({**row, "total": 28}))
    assert digest("x", json.dumps(row)) != digest("x", json.dumps({**row, "comment": ""}))
    assert digest("x", '{"dose": 1.0}') != digest("x", '{"dose": 1.00}'), "a changed scale is a change"
    assert digest("x", None) == ""


def test_only_a_visits_window_is_left_out_of_a_visit() -> None:
    row = {"id": "1", "state": "done", "due_at": "2026-03-01", "opens_at": None, "closes_at": None}
    assert digest("participants_visit", json.dumps(row)) == digest(
        "participants_visit", json.dumps({**row, "due_at": "x"})
    )
    assert digest("participants_visit", json.dumps(row)) != digest(
        "participants_visit", json.dumps({**row, "state": "missed"})
    )
    assert digest("x", json.dumps(row)) != digest("x", json.dumps({**row, "due_at": "x"}))


def test_nothing_is_said_of_a_row_that_the_trail_does_not_know() -> None:
    assert rows_in("") == ()
    assert Content("x", "1", (Row("nowhere_at_all", "1", 0, "d"),)).words == "1 × nowhere at all"
