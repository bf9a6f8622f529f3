"""The study id: site code, running number and a check digit, such as K-0001-2.

The digit is that of H. M. Damm, Total anti-symmetrische Quasigruppen (thesis, Marburg 2004): it catches
every wrong digit and every swap of two neighbours. The site code counts as well, a letter as two digits.
"""

from __future__ import annotations

import re

QUASIGROUP = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
SHAPE = re.compile(r"([A-Z0-9]{1,8})-([0-9]{4})-([0-9])")
LAST_NUMBER = 9999


def check_digit(digits: str) -> int:
    """Return the Damm digit of a string of decimal digits."""
    state = 0
    for digit in digits:
        state = QUASIGROUP[state][int(digit)]
    return state


def study_id(site_code: str, number: int) -> str:
    """Return the study id of a site's participant number 1 to 9999; raises ValueError."""
    if not 1 <= number <= LAST_NUMBER:
        raise ValueError(f"Participant number {number} does not fit four digits; open a new site code.")
    running = f"{number:04d}"
    code = site_code.upper()
    if not SHAPE.fullmatch(f"{code}-{running}-0"):
        raise ValueError(f"Site code {site_code!r} must be 1 to 8 letters or digits to stand in a study id.")
    return f"{code}-{running}-{check_digit(_as_digits(code) + running)}"


def is_valid(text: str) -> bool:
    """Say whether *text* is a study id whose check digit fits."""
    found = SHAPE.fullmatch(text.strip().upper())
    if found is None:
        return False
    code, running, digit = found.groups()
    return check_digit(_as_digits(code) + running) == int(digit)


def _as_digits(code: str) -> str:
    """A = 10 to Z = 35; a digit stays itself."""
    return "".join(str(int(sign, 36)) for sign in code)
