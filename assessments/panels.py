"""What the panels show: the course of totals, and the instruments due at a visit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone

from assessments import queries
from assessments.course import Line, Point, line, shown_total
from assessments.instruments import instrument
from assessments.interviews.queries import at_visit
from assessments.interviews.wording import name_of, words_of
from assessments.models import Assessment, Interview
from trial import protocol
from trial.participants.models import Participant, Visit


@dataclass(frozen=True)
class Column:
    """An instrument, or a subscale of one, down the visits."""

    code: str
    label: str
    subscale: str = ""

    def total_of(self, row: Assessment) -> int | None:
        """The row's total in this column."""
        value = row.subscales.get(self.subscale) if self.subscale else row.total
        return None if value is None else int(value)


@dataclass(frozen=True)
class Cell:
    """One total of one visit; `assessment` leads to its page."""

    assessment: Assessment | None
    text: str
    label: str


@dataclass(frozen=True)
class Course:
    """The table of totals and a line for each column that has totals."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, tuple[str, ...], tuple[Cell, ...]], ...]
    lines: tuple[tuple[Column, Line], ...]
    cognition: str


@dataclass(frozen=True)
class Due:
    """An instrument due at a visit, and what is recorded of it or answered so far."""

    code: str
    title: str
    assessment: Assessment | None
    text: str
    interview: Interview | None = None


def course_of(participant: Participant) -> Course:
    """All totals of a participant by visit."""
    plan = protocol.for_version(participant.protocol_version)
    columns = _columns(tuple(plan.instruments))
    recorded = queries.course(participant)
    labels: dict[str, str] = {visit.code: visit.label for visit in plan.visits.values()}
    visits: dict[str, dict[str, Assessment]] = {}
    for row in recorded:
        code = row.visit.code if row.visit else _day(row)
        visits.setdefault(labels.get(code, code), {})[row.instrument] = row
    rows = tuple(
        (
            label,
            rated_on(found.values()),
            tuple(_cell(column, found.get(column.code)) for column in columns),
        )
        for label, found in visits.items()
    )
    lines = tuple((column, drawn) for column in columns if (drawn := _line(column, recorded)) is not None)
    return Course(columns, rows, lines, plan.cognition.instrument.text)


def rated_on(rows: Iterable[Assessment]) -> tuple[str, ...]:
    """The site's days on which the assessments of a visit were rated, each with its scales if there are several."""
    scales: dict[str, list[str]] = {}
    for row in rows:
        scales.setdefault(_day(row), []).append(name_of(row.instrument))
    if len(scales) == 1:
        return tuple(scales)
    return tuple(f"{day} ({', '.join(names)})" for day, names in sorted(scales.items()))


def _day(row: Assessment) -> str:
    return f"{timezone.localtime(row.occurred_at):%Y-%m-%d}"


def due_at(visit: Visit) -> list[Due]:
    """The instruments due at a visit with their state."""
    recorded, begun = queries.assessments_at(visit), at_visit(visit)
    return [_due(code, recorded.get(code), begun.get(code)) for code in queries.due_instruments(visit)]


def _due(code: str, row: Assessment | None, interview: Interview | None) -> Due:
    title = instrument(code).title
    if row is not None:
        return Due(code, title, row, shown_total(row.total, row.missing))
    return Due(code, title, None, words_of(interview) if interview else "not recorded", interview)


def _columns(due: tuple[str, ...]) -> tuple[Column, ...]:
    columns: list[Column] = []
    for code in due:
        name = name_of(code)
        columns.append(Column(code, name))
        scale = instrument(code)
        columns += [Column(code, f"{name}, {sub.label.lower()}", sub.id) for sub in scale.subscales.values()]
    return tuple(columns)


def _cell(column: Column, row: Assessment | None) -> Cell:
    return Cell(row, shown_total(column.total_of(row), row.missing) if row else "", column.label)


def _line(column: Column, recorded: list[Assessment]) -> Line | None:
    scale = instrument(column.code)
    names = scale.subscales[column.subscale].items if column.subscale else None
    totals = [(row.occurred_at, column.total_of(row)) for row in recorded if row.instrument == column.code]
    return line([Point(at, total) for at, total in totals if total is not None], scale, names)
