"""Numbers of the bedside as they are read."""

from __future__ import annotations

from decimal import Decimal

from django import template

register = template.Library()


@register.filter
def plain(amount: Decimal | None) -> str:
    """A decimal without trailing zeros and never with an exponent; empty for none."""
    if amount is None:
        return ""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
