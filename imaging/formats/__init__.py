"""One reader per file format. Pure: bytes in, values out, or a refusal that names line and column."""

from __future__ import annotations

from imaging.formats.problems import FileRefused, Problem

__all__ = ["FileRefused", "Problem"]
