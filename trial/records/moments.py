"""Moments in site time: what the clocks skip is refused with its neighbours, what they show twice is asked about."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

OFFSET = ".offset"
OFFSET_FORM = re.compile(r"[+-][0-9]{2}:[0-9]{2}")
LAST_YEAR = 9998
MINUTE = timedelta(minutes=1)


class Instant(NamedTuple):
    """One of the two moments that a clock shows alike: its offset as +02:00, in words, and whether it is chosen."""

    offset: str
    words: str
    is_chosen: bool


def instants(local: datetime, zone: tzinfo) -> tuple[datetime, ...]:
    """The moments at which a site's clock shows a local time, earliest first: one, two, or none where it is skipped."""
    found = {local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return tuple(sorted(at for at in found if at.astimezone(zone).replace(tzinfo=None, fold=0) == plain(local)))


def plain(local: datetime) -> datetime:
    """A local time without the mark that tells its second showing."""
    return local.replace(fold=0)


def around(local: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """The last time before and the first after a local time that the clocks skip."""
    skipped = [local.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1)]
    before = local.replace(second=0, microsecond=0)
    while not instants(before, zone):
        before -= MINUTE
    # What a clock shows right after the gap is the last minute before it, moved by the gap's length.
    return before, before + MINUTE + abs(skipped[0] - skipped[1])


def offset_of(at: datetime) -> str:
    """The offset from UTC of a moment, as +02:00."""
    return at.isoformat()[-6:]


class MomentInput(forms.DateTimeInput):
    """The browser's control for a date and a time, with the choice of the moment where the clocks show it twice."""

    template_name = "records/moment.html"

    def __init__(self) -> None:
        super().__init__(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """What was typed, with the offset of the chosen moment behind it if one was chosen."""
        typed = super().value_from_datadict(data, files, name)
        chosen = data.get(f"{name}{OFFSET}")
        return f"{typed}{chosen}" if typed and chosen and parsed(typed) and is_offset(chosen) else typed

    def format_value(self, value: Any) -> Any:
        """The local time that the control shows."""
        if isinstance(value, str) and (at := parsed(value)) is not None and at.tzinfo is not None:
            value = at.replace(tzinfo=None)
        return super().format_value(value)

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["widget"]["instants"] = self.choices_of(value)
        context["widget"]["offset_name"] = f"{name}{OFFSET}"
        return context

    def choices_of(self, value: Any) -> list[Instant]:
        """The moments to choose from; none where the clocks show the time once."""
        at, zone = parsed(value), timezone.get_current_timezone()
        if at is None or not 1 < at.year <= LAST_YEAR:
            return []
        found = instants(at.replace(tzinfo=None), zone)
        if len(found) < 2:
            return []
        is_known = at.tzinfo is not None or isinstance(value, datetime)
        chosen = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC) if is_known else None
        local = [(moment, moment.astimezone(zone)) for moment in found]
        return [
            Instant(offset_of(here), f"{here:%H:%M} at UTC{offset_of(here)} ({moment:%H:%M} UTC)", moment == chosen)
            for moment, here in local
        ]


def is_offset(text: str) -> bool:
    """Whether a text is an offset as the choice sends it."""
    return OFFSET_FORM.fullmatch(text) is not None


def parsed(value: Any) -> datetime | None:
    """A date and time from what a control holds, or None."""
    if isinstance(value, datetime):
        return value
    try:
        return parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None


class MomentField(forms.DateTimeField):
    """A moment typed in site time; cleaned it is that moment. Says what is wrong with a time that is none, or two."""

    def to_python(self, value: Any) -> datetime | None:
        """The moment; raises ValidationError for what the site's clocks skip, and asks where they show it twice."""
        at, zone = parsed(value), timezone.get_current_timezone()
        if at is None or not isinstance(value, str):
            return super().to_python(value)
        local = at.replace(tzinfo=None)
        # A year at either end of the calendar cannot be moved to UTC; who asked says what is wrong with it.
        found = instants(local, zone) if 1 < local.year <= LAST_YEAR else None
        if found is None:
            return super().to_python(value)
        if not found:
            before, after = around(local, zone)
            raise ValidationError(
                f"The site's clocks skipped {local:%Y-%m-%d %H:%M}: after {before:%H:%M} came {after:%H:%M}. "
                "Enter the time that the clock showed."
            )
        if len(found) == 1:
            return found[0].astimezone(zone)
        if at.tzinfo is not None and at.astimezone(UTC) in found:
            # In UTC: in its own zone a time shown twice compares as unequal to every other zone's (PEP 495).
            return at.astimezone(UTC)
        raise ValidationError(f"The site's clocks showed {local:%Y-%m-%d %H:%M} twice. Choose below which is meant.")
