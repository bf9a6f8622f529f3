"""Every table told by its rows' count and one SHA-256 over them, the same before a back-up and after its return."""

# ruff: noqa: S608 - the SQL is made of the database's own table and column names, never of input.
from __future__ import annotations

import hashlib
import json
import sqlite3
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

# What makes the text of a value the same on every server: PostgreSQL's COPY follows these.
SPELLING = (
    "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 3; "
    "SET bytea_output = 'hex'; SET search_path = public, pg_catalog"
)
PUBLIC_TABLES = """
SELECT c.relname,
       array_agg(a.attname::text ORDER BY a.attnum),
       (SELECT array_agg(k.attname::text ORDER BY array_position(i.indkey::int2[], k.attnum))
        FROM pg_index i JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = ANY(i.indkey)
        WHERE i.indrelid = c.oid AND i.indisprimary)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
GROUP BY c.oid, c.relname ORDER BY c.relname
"""


class Told(NamedTuple):
    """What a table holds: the count of its rows, and the SHA-256 over its columns' names and rows in key order."""

    rows: int
    sha256: str


def of_sqlite(database: sqlite3.Connection) -> dict[str, Told]:
    """Every table of a SQLite database."""
    names = database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    return {name: _sqlite_table(database, name) for (name,) in sorted(names.fetchall())}


def _sqlite_table(database: sqlite3.Connection, name: str) -> Told:
    about = database.execute(f'PRAGMA table_info("{name}")').fetchall()
    columns = [column[1] for column in about]
    keys = [column[1] for column in sorted(about, key=lambda column: column[5]) if column[5]] or ["rowid"]
    order, digest, count = ", ".join(f'"{key}"' for key in keys), _begun(columns), 0
    for row in database.execute(f'SELECT * FROM "{name}" ORDER BY {order}'):
        digest.update(_line(row))
        count += 1
    return Told(count, digest.hexdigest())


def _begun(columns: list[str]) -> Any:
    return hashlib.sha256(json.dumps(columns).encode() + b"\n")


def _line(row: tuple[Any, ...]) -> bytes:
    """One row, told apart from every other: each value by its kind and its text, with bytes in hex."""
    return json.dumps([["b", value.hex()] if isinstance(value, bytes) else value for value in row]).encode() + b"\n"


def of_postgresql(server: psycopg.Connection[Any]) -> dict[str, Told]:
    """Every table of the schema public, read in the transaction that is open."""
    server.execute(SPELLING.encode())
    tables = server.execute(PUBLIC_TABLES).fetchall()
    return {name: _postgresql_table(server, name, columns, keys or columns) for name, columns, keys in tables}


def _postgresql_table(server: psycopg.Connection[Any], name: str, columns: list[str], keys: list[str]) -> Told:
    # Byte by byte: another server's rules of sorting must not change the order.
    order = sql.SQL(", ").join(sql.SQL('{}::text COLLATE "C"').format(sql.Identifier(key)) for key in keys)
    query = sql.SQL("COPY (SELECT * FROM {} ORDER BY {}) TO STDOUT").format(sql.Identifier(name), order)
    digest, count = _begun(columns), 0
    with server.cursor().copy(query) as rows:
        for block in rows:
            digest.update(block)
            count += bytes(block).count(b"\n")
    return Told(count, digest.hexdigest())
