"""Electronic signatures in a report: read with how they stand, printed, and listed in results.json."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from reports import signatures, source
from reports.assemble import Assembled
from reports.books import BOOKS
from reports.datasets.extracts import Extracts
from reports.display.parts import Table, numbers, plain
from reports.provenance import run_of
from reports.results import schema, signature_told
from tests.reports import extracts
from tests.trial.participants.people import make_site
from tests.trial.signatures.clinic import Clinic, copied, correct, make_clinic, sign
from trial.protocol import Protocol
from trial.records.models import ProtocolVersion
from trial.users.models import Site

BOOK = BOOKS["per-protocol"]


@pytest.fixture
def clinic(cloned_orm: str) -> Clinic:
    return make_clinic()


def told(site: Site) -> list[tuple[str, str, str, str]]:
    """What a report is told of the signatures of a site: what, by whom as what, meaning, how it stands."""
    found = sorted(source.read(site).signatures, key=lambda one: (one.at, one.standing))
    return [(one.subject, f"{one.signer}, {one.roles}", one.meaning, one.standing) for one in found]


def test_a_report_reads_who_signed_what_and_whether_it_still_stands(clinic: Clinic) -> None:
    protocol = ProtocolVersion.objects.get(pk=clinic.participant.protocol_version)
    sign(clinic.pi, protocol, "approved", site=clinic.site)
    rating = sign(clinic.psychiatrist, clinic.rating, "reviewed")
    sign(clinic.pi, clinic.visit, "approved")
    assert {standing for *_, standing in told(clinic.site)} == {"valid"}
    correct(clinic.rating, clinic.psychiatrist, value=4)
    copied(rating)
    pi, physician = f"{clinic.pi.full_name}, PI", f"{clinic.psychiatrist.full_name}, Psychiatrist"
    person = clinic.participant.study_id
    assert told(clinic.site) == [
        (f"Protocol {protocol.version}", pi, "approved", "valid"),
        (f"Assessment at Screening of {person}", physician, "reviewed", "broken"),
        (f"Assessment at Screening of {person}", physician, "reviewed", "void"),
        (f"Visit Screening of {person}", pi, "approved", "void"),
    ]
    assert told(make_site("AAA")) == [], "another site's stay outside"


def test_an_altered_signature_is_told_and_stops_no_report(clinic: Clinic, protocol: Protocol) -> None:
    given = sign(clinic.pi, clinic.visit, "approved")
    copied(given, subject_table="nothing.known", roles="", meaning="liked", content_hash="", subject_words="")
    copied(given, manifest="no list of rows", roles="queen")
    read = source.read(clinic.site)
    assert sorted(one.standing for one in read.signatures) == ["broken", "broken", "valid"]
    run = run_of(read, protocol, BOOK, "K")
    assert {number.label.rsplit(": ")[-1] for part in signatures.chapter(run).parts for number in numbers(part)} >= {
        "valid",
        "broken",
    }
    part = schema()["properties"]["signatures"]
    jsonschema.validate([signature_told(one) for one in run.signatures], part)


def test_a_signature_makes_another_run_of_the_same_data(clinic: Clinic, protocol: Protocol) -> None:
    before = source.read(clinic.site)
    sign(clinic.pi, clinic.visit, "approved")
    after = replace(before, signatures=source.read(clinic.site).signatures)
    assert before.sha256() == after.sha256(), "signatures are about the data, not part of them"
    assert run_of(before, protocol, BOOK, "K").id != run_of(after, protocol, BOOK, "K").id


def test_results_list_every_signature(report: Assembled) -> None:
    listed: list[dict[str, Any]] = json.loads(report.results)["signatures"]
    given = extracts.signatures()
    assert [(one["subject"], one["standing"]) for one in listed] == [(one.subject, one.standing) for one in given]
    assert [one["void_since"] for one in listed] == [None, None, "2016-11-30T12:00:00+00:00", None]


def test_the_chapter_counts_by_signer_and_names_what_no_longer_stands(
    cohort_extracts: Extracts, protocol: Protocol
) -> None:
    chapter = signatures.chapter(run_of(cohort_extracts, protocol, BOOK, "STL"))
    counted = {number.label: number.value for number in numbers(chapter.parts[0])}
    assert counted == {"Signatures given": 4, "Signatures that stand": 2}
    tables = [part for part in chapter.parts if isinstance(part, Table)]
    text = [[plain(cell) for cell in row] for table in tables for row in table.rows]
    assert text == [
        ["Protocol ketamine_96h_v1", "Pia Lead", "PI", "approved", "2016-11-22 12:00", "valid"],
        ["Pia Lead", "PI", "approved", "visits", "1", "1", "1", "2016-11-23 12:00", "2016-11-25 12:00"],
        ["Visit Week 2 of STL-0001-2", "Pia Lead", "approved", "2016-11-24 12:00", "void since 2016-11-30 12:00"],
        ["Visit Week 3 of STL-0001-2", "Pia Lead", "approved", "2016-11-25 12:00", "broken: altered or copied"],
    ]


def test_where_nobody_signed_the_report_says_so(protocol: Protocol) -> None:
    chapter = signatures.chapter(run_of(extracts.empty(), protocol, BOOK, "STL"))
    assert chapter.parts == (("Nobody had signed the protocol or any record at STL by the data cut.",),)
