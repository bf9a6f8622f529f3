"""Numbers of the bedside as they are read."""

from __future__ import annotations

from decimal import Decimal

from django import template

from infusion.models import Vitals

register = template.Library()


@register.filter
def plain(amount: Decimal | None) -> str:
    """A decimal without trailing zeros and never with an exponent; empty for none."""
    if amount is None:
        return ""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@register.filter
def readings(vitals: Vitals) -> str:
    """Vital signs in words: pressures, heart rate, and breaths and saturation where they were taken."""
    said = [f"{vitals.systolic}/{vitals.diastolic} mmHg", f"{vitals.heart_rate}/min"]
    if vitals.respiratory_rate is not None:
        said.append(f"{vitals.respiratory_rate} breaths/min")
    if vitals.oxygen_saturation is not None:
        said.append(f"SpO2 {vitals.oxygen_saturation} %")
    return " · ".join(said)
