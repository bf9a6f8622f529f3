"""Number fields that refuse in words: what is asked, its range and its unit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models

from trial.participants.models.possible import Possible


class PossibleInteger(forms.IntegerField):
    """A whole number within what is possible."""

    def __init__(self, *, possible: Possible, **options: Any) -> None:
        self.possible = possible
        words = f"{possible.what} is a whole number, {possible.range}."
        super().__init__(error_messages={"invalid": words}, **options)

    def run_validators(self, value: int | None) -> None:
        """Refuse a number that cannot be."""
        if value is not None:
            self.possible(value)


class PossibleDecimal(forms.DecimalField):
    """A decimal number within what is possible, with at most so many decimals."""

    def __init__(self, *, possible: Possible, decimals: int, **options: Any) -> None:
        self.possible, self.decimals = possible, decimals
        words = f"{possible.what} is a number, {possible.range}."
        super().__init__(error_messages={"invalid": words}, decimal_places=decimals, **options)

    def run_validators(self, value: Decimal | None) -> None:
        """Refuse a number that cannot be, and more decimals than are kept."""
        if value is None:
            return
        self.possible(value)
        if value != round(value, self.decimals):
            raise ValidationError(f"{self.possible.what} has at most {self.decimals} decimal(s); {value:f} has more.")


def possible_number(field: models.Field[Any, Any], label: str = "") -> forms.Field | None:
    """The form field of a model's number whose range is declared; None for any other field."""
    possible = next((check for check in field.validators if isinstance(check, Possible)), None)
    if possible is None:
        return None
    label = label or str(field.verbose_name)
    label, required = label[:1].upper() + label[1:], not field.blank
    if isinstance(field, models.DecimalField):
        return PossibleDecimal(possible=possible, decimals=field.decimal_places, label=label, required=required)
    return PossibleInteger(possible=possible, label=label, required=required)
