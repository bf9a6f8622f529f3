"""Network connectivity per session: a tab-separated table, one row per participant, session and network.

Columns go by header name, in any order: participant_id, session, network, value, unit, frames. `unit` says
what `value` is and must be fisher_z in every row. `frames` is the number of frames kept, or n/a. There is no
quoting. The file is read whole or refused with every place that is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from imaging.formats.problems import MOST_SHOWN, FileRefused, Problem, decoded, is_number, refused, shown

COLUMNS = ("participant_id", "session", "network", "value", "unit", "frames")
SESSIONS = ("pre1", "pre2", "post")
UNIT = "fisher_z"
OTHER_SEPARATORS = {",": "comma", ";": "semicolon"}
MISSING = "n/a"
MOST_ROWS = 200_000
# |z| = 3 is r = 0.995: no mean over a network comes near it, so beyond it the unit is wrong.
GREATEST_Z = 3.0
MOST_FRAMES = 100_000


@dataclass(frozen=True)
class Row:
    """One value: mean Fisher z of a network in a session. `line` is its line in the file."""

    line: int
    participant_id: str
    session: str
    network: str
    value: float
    frames: int | None


def read(content: bytes, networks: Collection[str]) -> tuple[Row, ...]:
    """The rows of a file whose networks are among *networks*; raises FileRefused, at most 50 problems."""
    lines = decoded(content).replace("\r\n", "\n").removesuffix("\n").split("\n", MOST_ROWS + 1)
    if len(lines) > MOST_ROWS + 1:
        raise refused(f"has more than {MOST_ROWS} rows; split it", MOST_ROWS + 2)
    header = _header(lines[0])
    if len(lines) == 1:
        raise refused("has a header and no rows")
    rows: list[Row] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines[1:], start=2):
        row, wrong = _row(number, line, header, networks)
        problems += wrong
        if row is not None:
            rows.append(row)
        if len(problems) >= MOST_SHOWN:
            break
    problems += _duplicates(rows)
    if problems:
        raise FileRefused(sorted(problems[:MOST_SHOWN], key=lambda problem: problem.line))
    return tuple(rows)


def _header(line: str) -> list[str]:
    names = line.split("\t")
    for mark, word in OTHER_SEPARATORS.items():
        if len(names) == 1 and {name.strip(' "') for name in line.split(mark)} & set(COLUMNS) and mark in line:
            raise refused(f"looks {word}-separated; save it as tab-separated text (.tsv) and choose it again", 1)
    problems = [Problem(1, name, "is missing; add this column") for name in COLUMNS if name not in names]
    problems += [Problem(1, shown(name), "is not a column of this format") for name in names if name not in COLUMNS]
    problems += [Problem(1, name, "stands twice") for name in COLUMNS if names.count(name) > 1]
    if problems:
        raise FileRefused(problems[:MOST_SHOWN])
    return names


def _row(number: int, line: str, header: list[str], networks: Collection[str]) -> tuple[Row | None, list[Problem]]:
    cells = line.split("\t")
    if len(cells) != len(header):
        what = f"has {len(cells)} cells where the header has {len(header)}; a cell holds no tab or line break"
        return None, [Problem(number, "", what)]
    by_name = dict(zip(header, cells, strict=True))
    wrong = [Problem(number, name, text) for name in COLUMNS if (text := _wrong(name, by_name[name], networks))]
    if wrong:
        return None, wrong
    frames = None if by_name["frames"] == MISSING else int(by_name["frames"])
    value = float(by_name["value"])
    return Row(number, by_name["participant_id"], by_name["session"], by_name["network"], value, frames), []


def _wrong(name: str, cell: str, networks: Collection[str]) -> str:
    """What is wrong with a cell, or the empty text."""
    if name == "value":
        return _wrong_value(cell)
    if name == "frames":
        return _wrong_frames(cell)
    if name == "participant_id":
        good = cell.isascii() and cell.replace("-", "").isalnum() and cell[0].isalpha() and len(cell) <= 16
        return "" if good else f"{shown(cell)} is not a study id"
    allowed = {"session": SESSIONS, "network": tuple(networks), "unit": (UNIT,)}[name]
    return "" if cell in allowed else f"{shown(cell)} is none of {', '.join(allowed)}"


def _wrong_value(cell: str) -> str:
    if not is_number(cell):
        return f"{shown(cell)} is not a decimal number such as 0.213"
    value = float(cell)
    if not math.isfinite(value) or abs(value) > GREATEST_Z:
        return f"{shown(cell)} is beyond ±{GREATEST_Z:g}; a mean Fisher z cannot be: check unit and column"
    return ""


def _wrong_frames(cell: str) -> str:
    if cell == MISSING:
        return ""
    if not (cell.isascii() and cell.isdecimal() and len(cell) <= 6 and 0 < int(cell) <= MOST_FRAMES):
        return f"{shown(cell)} is not a number of frames; write {MISSING} where it is not known"
    return ""


def _duplicates(rows: list[Row]) -> list[Problem]:
    first: dict[tuple[str, str, str], int] = {}
    problems: list[Problem] = []
    for row in rows:
        place = (row.participant_id, row.session, row.network)
        if place in first:
            text = f"{' '.join(place)} stands in lines {first[place]} and {row.line}; keep one"
            problems.append(Problem(row.line, "participant_id", text))
        first.setdefault(place, row.line)
    return problems
