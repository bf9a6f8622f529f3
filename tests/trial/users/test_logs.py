"""The log is one JSON object a line and holds no local values."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from trial.users.logs import JsonFormatter

CANARY = "Jane-Canary"


def line_of(record: logging.LogRecord) -> dict[str, str]:
    text = JsonFormatter().format(record)
    assert "\n" not in text
    parsed: dict[str, str] = json.loads(text)
    return parsed


def record(message: str, *args: object, failing: bool = False) -> logging.LogRecord:
    error = None
    if failing:
        name_of_a_patient = CANARY
        try:
            try:
                raise ValueError(f"{name_of_a_patient} is no number")
            except ValueError as wrong:
                raise LookupError(f"Failing row contains ({name_of_a_patient}).") from wrong
        except LookupError:
            error = sys.exc_info()
    return logging.LogRecord("trial.tests", logging.WARNING, __file__, 1, message, args, error)


def test_a_line_says_when_how_grave_where_and_what() -> None:
    made = record("job %s was late", 7)
    made.created = datetime(2026, 3, 2, 15, 30, tzinfo=UTC).timestamp()
    assert line_of(made) == {
        "at": "2026-03-02T15:30:00.000+00:00",
        "level": "WARNING",
        "logger": "trial.tests",
        "message": "job 7 was late",
    }


def test_an_error_and_its_cause_are_told_with_type_and_place_without_words_or_local_values() -> None:
    line = line_of(record("failed", failing=True))
    assert line["error"] == "LookupError"
    assert line["trace"].index("ValueError") < line["trace"].index("LookupError")
    assert "in record" in line["trace"]
    assert CANARY not in json.dumps(line)


def test_line_breaks_in_a_message_forge_no_second_line() -> None:
    assert line_of(record("a\n{}\r\nb"))["message"] == "a\n{}\r\nb"
