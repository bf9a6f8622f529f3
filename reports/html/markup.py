"""The only way text comes into a fragment: cleaned as for paper, and escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from reports.display.cleaning import clean
from reports.display.parts import Number, Piece, Words
from reports.results import plain


def written(text: str) -> str:
    """A text as it stands between tags or in an attribute."""
    return escape(clean(text), quote=True)


def inline(words: Words) -> str:
    """Words with their numbers, each under its id in results.json and with its full value."""
    pieces = (words,) if isinstance(words, str) else words
    return "".join(_piece(piece) for piece in pieces)


def _piece(piece: Piece) -> str:
    if isinstance(piece, str):
        return written(piece)
    return f"{_opened(piece)}{written(piece.text)}{'</span>' if plain(piece.value) is None else '</data>'}"


def _opened(number: Number) -> str:
    identity, value = written(number.id), plain(number.value)
    return f'<span id="{identity}">' if value is None else f'<data id="{identity}" value="{written(repr(value))}">'


def element(name: str, content: str, **attributes: str) -> str:
    """One element around markup; an attribute's trailing or inner underscore is a dash, an empty one is left out."""
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{written(value)}"' for key, value in attributes.items() if value
    )
    return f"<{name}{shown}>{content}</{name}>"


def joined(lines: Iterable[str]) -> str:
    """Elements under each other."""
    return "\n".join(line for line in lines if line)
