"""Text as it may be printed, on paper and on a page alike."""

from __future__ import annotations

import re

LONGEST_PIECE = 1500
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff\ufffe\uffff\ud800-\udfff]")


def clean(text: str) -> str:
    """The text without control characters, cut where it is longer than any text of the trial may be."""
    printable = _UNPRINTABLE.sub(" ", text)
    return printable if len(printable) <= LONGEST_PIECE else f"{printable[:LONGEST_PIECE]}… (cut)"
