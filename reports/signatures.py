"""The chapter on electronic signatures: who signed the protocol and the records, and what no longer stands.

A signed record shows its signatures wherever it is shown (21 CFR 11.50 b); the report is made of many, so it counts
them by signer, and results.json lists each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from reports.analyses.finding import Finding
from reports.datasets.extracts import Signed
from reports.display.parts import Part, Table, Text
from reports.display.printing import Printer, cell
from reports.provenance import Run

VALID, VOID, BROKEN = "valid", "void", "broken"
FATE = {VALID: "valid", VOID: "void since", BROKEN: "broken: altered or copied"}


def chapter(run: Run) -> Finding:
    """Every signature given at the site by the data cut: on the protocol one by one, on records by signer."""
    say = Printer("signatures")
    given = run.signatures
    protocol = [one for one in given if one.is_protocol]
    records = [one for one in given if not one.is_protocol]
    parts: list[Part] = [_told(say, run)]
    parts += [_protocol(protocol)] if protocol else []
    parts += [_by_signer(say, records)] if records else []
    lapsed = [one for one in records if one.standing != VALID]
    parts += [_lapsed(lapsed)] if lapsed else []
    return Finding("signatures", "Electronic signatures", tuple(parts))


def _told(say: Printer, run: Run) -> Text:
    """What the chapter counts, or that there is nothing to count."""
    moment = "freeze" if run.freeze else "data cut"
    if not run.signatures:
        return (f"Nobody had signed the protocol or any record at {run.site} by the {moment}.",)
    valid = sum(one.standing == VALID for one in run.signatures)
    return (
        f"Electronic signatures given at {run.site} by the {moment}: ",
        say.number("given", "Signatures given", len(run.signatures)),
        ", of which ",
        say.number("valid", "Signatures that stand", valid),
        f" stood at the {moment}. A signature is void from the first change of what was signed. Times are UTC. "
        "results.json lists each signature with the hash of what was signed.",
    )


def _protocol(given: Sequence[Signed]) -> Table:
    rows = tuple(
        tuple(map(cell, (one.subject, one.signer, one.roles, one.meaning, _at(one.at), _fate(one)))) for one in given
    )
    head = ("Signed", "By", "As", "Meaning", "At", "Stands")
    return Table("On the protocol", "", head, rows, (1.7, 1.6, 1.6, 0.9, 1.3, 1.4))


def _by_signer(say: Printer, given: Sequence[Signed]) -> Table:
    groups: dict[tuple[str, str, str, str], list[Signed]] = defaultdict(list)
    for one in given:
        groups[one.signer, one.roles, one.meaning, one.kind].append(one)
    rows = []
    for place, ((signer, roles, meaning, kind), found) in enumerate(sorted(groups.items())):
        counts = tuple(
            (say.number(f"records_{place}.{fate}", f"{kind}, {meaning} by {signer}: {fate}", _count(found, fate)),)
            for fate in FATE
        )
        names = tuple(map(cell, (signer, roles, meaning, kind)))
        rows.append((*names, *counts, cell(_at(found[0].at)), cell(_at(found[-1].at))))
    head = ("By", "As", "Meaning", "What", "Valid", "Void", "Broken", "First", "Last")
    return Table("On records, by signer", "", head, tuple(rows), (1.6, 1.2, 0.9, 1.4, 0.6, 0.6, 0.9, 1.2, 1.2))


def _lapsed(given: Sequence[Signed]) -> Table:
    """The signatures that do not stand, one by one: who must look and sign again."""
    rows = tuple(tuple(map(cell, (one.subject, one.signer, one.meaning, _at(one.at), _fate(one)))) for one in given)
    head = ("Signed", "By", "Meaning", "At", "Stands")
    notes = ("The page of each record shows what was changed, by whom and why.",)
    return Table("Signatures that no longer stand", "", head, rows, (2.6, 1.6, 0.9, 1.3, 1.6), notes)


def _count(found: Sequence[Signed], standing: str) -> int:
    return sum(one.standing == standing for one in found)


def _fate(one: Signed) -> str:
    if one.standing == VOID:
        return f"{FATE[VOID]} {_at(one.since)}" if one.since else "void"
    return FATE[one.standing]


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
