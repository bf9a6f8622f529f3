"""A listing as CSV that a spreadsheet opens as it is: text is never run as a formula, a number stays a number."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from trial.safety.oversight import Cell, Listing

# What a spreadsheet takes for the beginning of a formula, or skips before one (OWASP, CSV injection).
STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def neutral(cell: Cell) -> Cell:
    """The cell with an apostrophe in front of text that a spreadsheet could run; -0.5 stays -0.5."""
    if not isinstance(cell, str) or not cell.lstrip(" ").startswith(STARTS_FORMULA):
        return cell
    return cell if is_number(cell) else f"'{cell}"


def is_number(text: str) -> bool:
    """Whether text is a plain decimal number."""
    digits = text.strip().removeprefix("-").replace(".", "", 1)
    return digits.isascii() and digits.isdigit()


def as_csv(listing: Listing, heading: Sequence[tuple[str, str]]) -> bytes:
    """The listing with lines of heading above it (name, value), in UTF-8 with the mark that spreadsheets ask for."""
    text = io.StringIO()
    writer = csv.writer(text)
    for name, value in heading:
        writer.writerow([neutral(f"# {name}"), neutral(value)])
    writer.writerow(listing.columns)
    writer.writerows([neutral(cell) for cell in row] for row in listing.rows)
    return text.getvalue().encode("utf-8-sig")
