"""What a form page says of the locks that close its record."""

from __future__ import annotations

from typing import Any

from django import template

from trial.locks.queries import locks_on
from trial.locks.registry import NEVER_LOCKED, VISIT
from trial.locks.wording import said_of

register = template.Library()


@register.simple_tag(takes_context=True)
def locks_here(context: Any, participant: Any = None, visit: Any = None) -> list[str]:
    """The locks that close the form of a page, in words; empty where it can be saved.

    Participant and visit are those given, else what the page itself names: its own, or those of its record or session.
    """
    place = getattr(context.get("request"), "resolver_match", None)
    whose = participant or context.get("participant")
    if not whose or (place is not None and place.app_name in NEVER_LOCKED):
        return []
    visits = (
        visit,
        context.get("visit"),
        *(getattr(context.get(name), "visit", None) for name in ("record", "session")),
    )
    at = next((one for one in visits if getattr(getattr(one, "_meta", None), "label", "") == VISIT), None)
    return [said_of(state) for state in locks_on(whose, at)]
