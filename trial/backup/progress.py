"""Saying how far a long work is: a line for each stage, and one a second while a stage lasts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

Say = Callable[[str], object]
EVERY_SECONDS = 1.0


def told(pieces: Iterable[bytes], say: Say, words: str) -> Iterator[bytes]:
    """Pass bytes on; says how many MB once a second."""
    size, last = 0, time.monotonic()
    for piece in pieces:
        size += len(piece)
        if (now := time.monotonic()) - last > EVERY_SECONDS:
            say(f"{words}: {size / 1e6:.0f} MB")
            last = now
        yield piece
