"""The door: one read, the reporting alias, a constant number of queries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from reports import source
from reports.datasets import build
from tests.trial.participants.people import CONSENTED, consent, enrol, make_site, make_user
from trial.participants.services import set_status
from trial.protocol import Protocol

pytestmark = pytest.mark.usefixtures("cloned_orm")


def test_the_number_of_queries_does_not_grow_with_the_data() -> None:
    site = make_site("AAA")
    actor = make_user("coordinator", site, "coordinator", "pi")
    with CaptureQueriesContext(connections["reporting"]) as before:
        source.read(site)
    for _ in range(3):
        consent(actor, enrol(actor, site))
    with CaptureQueriesContext(connections["reporting"]) as after:
        extracts = source.read(site)
    assert len(extracts.participants) == 3
    assert len(after) == len(before)
    selects = [query["sql"] for query in after if query["sql"].startswith("SELECT")]
    assert len(selects) == len(source.TABLES) + 1, "one query a table, and one for the freeze"


def test_another_sites_rows_stay_outside() -> None:
    here, there = make_site("AAA"), make_site("BBB")
    actor = make_user("coordinator", there, "coordinator", "pi")
    consent(actor, enrol(actor, there))
    assert all(frame.empty for frame in source.read(here).frames().values())
    assert len(source.read(there).participants) == 1


def test_columns_are_those_of_the_tables_and_make_data_sets(protocol: Protocol) -> None:
    site = make_site("AAA")
    actor = make_user("coordinator", site, "coordinator", "pi")
    consent(actor, enrol(actor, site))
    extracts = source.read(site)
    for name, frame in extracts.frames().items():
        assert list(frame.columns) == source.columns(source.TABLES[name])
    adsl = build(extracts, protocol).adsl
    assert (len(adsl), bool(adsl["CONSFL"].all()), bool(adsl["STARTFL"].any())) == (1, True, False)


def test_the_hash_is_of_the_content_not_of_the_moment() -> None:
    site = make_site("AAA")
    actor = make_user("coordinator", site, "coordinator", "pi")
    person = enrol(actor, site)
    first, again = source.read(site), source.read(site)
    assert first.data_cut < again.data_cut
    assert first.sha256() == again.sha256()
    consent(actor, person)
    assert source.read(site).sha256() != first.sha256()


def test_a_refusal_recorded_at_the_site_leaves_the_participant_out(protocol: Protocol) -> None:
    """First the answer on the consent form, then a dated status of either kind."""
    site = make_site("AAA")
    actor = make_user("coordinator", site, "coordinator", "pi")
    asked, kept = consent(actor, enrol(actor, site)), consent(actor, enrol(actor, site))
    later, why = CONSENTED + timedelta(days=9), "asked by letter"
    set_status(actor, asked, axis="data", value="refused", occurred_at=later, reason=why)
    set_status(actor, kept, axis="contact", value="refused", occurred_at=later, reason=why)
    made = build(source.read(site), protocol)
    assert made.refusals["USUBJID"].tolist() == [asked.study_id]
    assert made.adsl["USUBJID"].tolist() == [kept.study_id]
