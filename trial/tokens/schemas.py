"""What every message of the interface for programmes shares."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from django.utils import timezone
from ninja import Header, Schema
from pydantic import AfterValidator, AwareDatetime, ConfigDict, model_validator

from trial.records.models import wrong_year

# So much the clock of another machine may be ahead.
CLOCKS_APART = timedelta(minutes=2)


def possible(at: datetime) -> datetime:
    """Refuse a moment in a year that cannot be, and one still to come; returned in UTC."""
    if words := wrong_year(at):
        raise ValueError(words)
    if at > timezone.now() + CLOCKS_APART:
        raise ValueError("This time has not come yet; send what has happened, at the time when it did.")
    return at.astimezone(UTC)


# A moment with its offset from UTC: no programme guesses a site's clock.
Moment = Annotated[AwareDatetime, AfterValidator(possible)]
# One for each thing to be saved: sending the same again with the same key saves nothing twice.
IdempotencyKey = Annotated[UUID, Header(alias="Idempotency-Key")]


class Sent(Schema):
    """What a programme sends: no field that is not named, no NUL, which no database holds."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def has_no_nul(cls, values: Any) -> Any:
        """Refuse a NUL sign anywhere in what was sent."""
        if "\\u0000" in repr(values) or "\\x00" in repr(values):
            raise ValueError("A text holds a NUL sign; leave it out.")
        return values


class Problem(Schema):
    """Why something was refused, and what to do: the body of every answer that is not a success."""

    detail: str


# No token in force; a scope or role that does not allow it; a disk that is full and a database that is away.
ALWAYS = (401, 403, 503, 507)
# An address that cannot be read, and an object that is another site's or nobody's.
OF_AN_OBJECT = (400, 404)
# A body that is no JSON or too long, somebody who was first, content that is refused, and a lock.
WRITING = (*OF_AN_OBJECT, 409, 413, 422, 423)


def answers(success: Any, *refusals: int, status: int = 200) -> dict[int, Any]:
    """What an operation answers: *success* under *status*, and a `Problem` for each way in which it can be refused."""
    return {status: success, **dict.fromkeys((*ALWAYS, *refusals), Problem)}
