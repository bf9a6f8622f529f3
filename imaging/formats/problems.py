"""Why a file is refused, and the checks that hold for every text format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MOST_SHOWN = 50
MOST_BYTES = 20_000_000
LONGEST_SHOWN = 40
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?")


@dataclass(frozen=True)
class Problem:
    """One thing wrong: line from 1 (0 for the whole file), column by its header, and what to do."""

    line: int
    column: str
    text: str

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else "file"
        return f"{place}{', ' + self.column if self.column else ''}: {self.text}"


class FileRefused(ValueError):
    """A file that cannot be read whole; nothing of it was taken."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


def refused(text: str, line: int = 0, column: str = "") -> FileRefused:
    """A refusal for one reason."""
    return FileRefused([Problem(line, column, text)])


def shown(cell: str) -> str:
    """A cell as it may stand in a message: quoted, cut, with control characters written out."""
    cut = cell if len(cell) <= LONGEST_SHOWN else f"{cell[:LONGEST_SHOWN]}…"
    return ascii(cut) if not cut.isprintable() else f"'{cut}'"


def is_number(cell: str) -> bool:
    """Whether a cell is a decimal number in ASCII digits with a point; no NaN, infinity, comma or space."""
    return bool(_NUMBER.fullmatch(cell))


def decoded(content: bytes) -> str:
    """The text of a UTF-8 file, with or without a byte-order mark; raises FileRefused."""
    if len(content) > MOST_BYTES:
        raise refused(f"is larger than {MOST_BYTES // 1_000_000} MB; split it")
    if not content.strip():
        raise refused("is empty")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refused("is UTF-16; save it as UTF-8")
    if b"\x00" in content:
        line = content.count(b"\n", 0, content.index(b"\x00")) + 1
        raise refused("holds a NUL byte: it is UTF-16 or not a text file; save it as UTF-8", line)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refused("is not UTF-8; save it as UTF-8", line) from error
