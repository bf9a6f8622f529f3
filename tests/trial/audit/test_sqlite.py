"""The text of SQLite's triggers holds whatever a table is like."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from trial.audit.sqlite import COLUMNS_PER_OBJECT, Column, row_json


@pytest.mark.parametrize("count", [1, COLUMNS_PER_OBJECT, COLUMNS_PER_OBJECT + 1, 3 * COLUMNS_PER_OBJECT])
def test_a_row_is_one_object_however_many_columns_it_has(count: int) -> None:
    """SQLite takes at most 127 arguments to a function; nulls and quotation marks stay as they are."""
    values = {f'"column" {number}': None if number % 3 else f"it's {number}" for number in range(count)}
    columns = [Column(name, "TEXT") for name in values]
    names = ", ".join('"' + name.replace('"', '""') + '"' for name in values)
    with closing(sqlite3.connect(":memory:")) as raw:
        raw.execute(f"CREATE TABLE wide ({names})")
        raw.execute(f"INSERT INTO wide VALUES ({', '.join('?' * count)})", list(values.values()))
        (text,) = raw.execute(f"SELECT {row_json(columns)} FROM wide").fetchone()
    assert json.loads(text) == values


def test_bytes_are_written_in_hexadecimal() -> None:
    with closing(sqlite3.connect(":memory:")) as raw:
        raw.execute("CREATE TABLE kept (raw BLOB)")
        raw.execute("INSERT INTO kept VALUES (x'00ff')")
        (text,) = raw.execute(f"SELECT {row_json([Column('raw', 'blob')])} FROM kept").fetchone()
    assert json.loads(text) == {"raw": "00FF"}
