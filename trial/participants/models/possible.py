"""What can be of a living person: the range of a typed number, and the words that refuse what lies outside.

These are bounds of possibility that catch a slip of the hand or a wrong unit; they are properties of the
field. Limits of the trial stand in the protocol, and refuse orders only.
"""

from __future__ import annotations

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.deconstruct import deconstructible


@deconstructible(path="trial.participants.models.possible.Possible")
class Possible:
    """A validator: *what* lies between *least* and *most*, both possible, in *unit* (empty for a count)."""

    def __init__(self, what: str, least: int, most: int, unit: str = "") -> None:
        self.what, self.least, self.most, self.unit = what, least, most, unit

    def __call__(self, number: int | Decimal) -> None:
        """Raise ValidationError in words for a number that cannot be."""
        if not self.least <= number <= self.most:
            check = "Check the number and its unit." if self.unit else "Check the number."
            words = f"{self.what} is {self.range}; {Decimal(number):f} is not possible. {check}"
            raise ValidationError(words, code="impossible")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Possible) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.what, self.least, self.most, self.unit))

    @property
    def range(self) -> str:
        """Both bounds with the unit, such as "100 to 230 cm"."""
        return f"{self.least} to {self.most} {self.unit}".strip()
