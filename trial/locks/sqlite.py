"""The triggers of the locks for SQLite. Pure text.

Immediate transactions serialise writers, so a state that a trigger reads cannot change before its write is through.
"""

# ruff: noqa: S608 - the SQL is made of the models' own table and column names, never of input.
from __future__ import annotations

from collections.abc import Iterator

from trial.audit.sqlite import literal, quoted
from trial.locks.registry import LockedTable

PREFIX = "locks_"
IMAGES = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}
STATES = {"visit": "locks_visitlock", "participant": "locks_participantlock", "trial": "locks_triallock"}
KEYS = {"visit": "visit_id", "participant": "participant_id", "trial": "id"}
NO_STATE = "has no lock state; run manage.py migrate"


def refusals(table: LockedTable) -> dict[str, str]:
    """The three triggers that refuse a write to a locked row of a table, by name."""
    found = {}
    for event, images in IMAGES.items():
        name = f"{PREFIX}{table.name}_{event.lower()}"
        steps = " ".join(step for image in images for step in _steps(table, event, image))
        found[name] = (
            f"CREATE TRIGGER {quoted(name)} BEFORE {event} ON {quoted(table.name)} FOR EACH ROW BEGIN {steps} "
            f"{_refusal('trial', '1')} END"
        )
    return found


def _steps(table: LockedTable, event: str, image: str) -> Iterator[str]:
    for kind, column in (("visit", table.visit), ("participant", table.participant)):
        # A row that is itself what is locked has no state before it is there.
        if column and not (event == "INSERT" and column == "id"):
            yield _refusal(kind, f"{image}.{quoted(column)}")


def _refusal(kind: str, key: str) -> str:
    locked = f"(SELECT is_locked FROM {STATES[kind]} WHERE {KEYS[kind]} = {key})"
    there = f"{key} IS NOT NULL AND {locked}"
    return (
        f"SELECT RAISE(ABORT, {literal(f'{kind} {NO_STATE}')}) WHERE {there} IS NULL; "
        # app_locked() keeps for the words that follow what it was; RAISE takes no values.
        f"SELECT RAISE(ABORT, 'locked: {kind}') WHERE {there} = 1 AND app_locked('{kind}', {key}) IS NOT NULL;"
    )


def states() -> dict[str, str]:
    """The triggers that make and remove the states of visits and participants, by name."""
    found = {}
    for kind in ("visit", "participant"):
        subject, state, key = f"participants_{kind}", STATES[kind], KEYS[kind]
        found[f"{PREFIX}{kind}_made"] = (
            f"CREATE TRIGGER {PREFIX}{kind}_made AFTER INSERT ON {subject} FOR EACH ROW BEGIN "
            f"INSERT INTO {state} ({key}, is_locked, change_id) VALUES (NEW.id, 0, NULL); END"
        )
        found[f"{PREFIX}{kind}_removed"] = (
            f"CREATE TRIGGER {PREFIX}{kind}_removed AFTER DELETE ON {subject} FOR EACH ROW BEGIN "
            f"DELETE FROM {state} WHERE {key} = OLD.id; END"
        )
    return found


def guards() -> dict[str, str]:
    """The triggers that keep states equal to their last change, and let only two people open a lock, by name."""
    found = {}
    for kind, state in STATES.items():
        key = KEYS[kind]
        last = f"(SELECT {{}} FROM locks_lockchange WHERE {_of(kind)} = NEW.{key} ORDER BY id DESC LIMIT 1)"
        differs = (
            f"NEW.change_id IS NOT {last.format('id')} OR NEW.is_locked IS NOT coalesce({last.format('is_locked')}, 0)"
        )
        refusal = literal(f"{state} says what the last change of the {kind} says: {{}} refused.")
        for event, condition in (("INSERT", differs), ("UPDATE", f"NEW.{key} IS NOT OLD.{key} OR {differs}")):
            found[f"{PREFIX}guard_{kind}_{event.lower()}"] = _guard(
                f"{PREFIX}guard_{kind}_{event.lower()}", event, state, refusal.format(event), condition
            )
        subject = f"EXISTS (SELECT 1 FROM participants_{kind} WHERE id = OLD.{key})" if kind != "trial" else "1"
        name = f"{PREFIX}guard_{kind}_delete"
        found[name] = _guard(name, "DELETE", state, refusal.format("DELETE"), subject)
    return found | _changes()


def _of(kind: str) -> str:
    return f"{kind}_id"


def _guard(name: str, event: str, table: str, refusal: str, condition: str) -> str:
    return (
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW BEGIN "
        f"SELECT RAISE(ABORT, {refusal}) WHERE {condition}; END"
    )


def _signed(table: str, row: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM signatures_signature s WHERE s.subject_table = '{table}' "
        f"AND s.subject_id = CAST({row}.id AS TEXT) AND s.signer_id = {row}.by_id)"
    )


def _changes() -> dict[str, str]:
    now = " ".join(
        f"WHEN NEW.{_of(kind)} IS NOT NULL THEN (SELECT is_locked FROM {state} WHERE {KEYS[kind]} = NEW.{_of(kind)})"
        for kind, state in STATES.items()
    )
    same = literal("locks_lockchange: it is so already; INSERT refused.")
    alone = literal("locks_lockchange: unlocking takes two people, each with a signature; INSERT refused.")
    about = " AND ".join(f"r.{_of(kind)} IS NEW.{_of(kind)}" for kind in STATES)
    two = (
        "EXISTS (SELECT 1 FROM locks_unlockdecision d JOIN locks_unlockrequest r ON r.id = d.request_id "
        f"WHERE d.id = NEW.decision_id AND d.is_allowed AND d.by_id = NEW.by_id AND r.by_id <> d.by_id AND {about} "
        f"AND r.lock_id = (CASE {now.replace('is_locked', 'change_id')} END) "
        f"AND {_signed('locks.unlockrequest', 'r')} AND {_signed('locks.unlockdecision', 'd')})"
    )
    follows = " ".join(
        f"UPDATE {state} SET is_locked = NEW.is_locked, change_id = NEW.id WHERE {KEYS[kind]} = NEW.{_of(kind)};"
        for kind, state in STATES.items()
    )
    return {
        f"{PREFIX}change_made": (
            f"CREATE TRIGGER {PREFIX}change_made BEFORE INSERT ON locks_lockchange FOR EACH ROW BEGIN "
            f"SELECT RAISE(ABORT, {same}) WHERE (CASE {now} END) IS NEW.is_locked; "
            f"SELECT RAISE(ABORT, {alone}) WHERE NOT NEW.is_locked AND NOT {two}; END"
        ),
        f"{PREFIX}change_followed": (
            f"CREATE TRIGGER {PREFIX}change_followed AFTER INSERT ON locks_lockchange FOR EACH ROW BEGIN {follows} END"
        ),
    }
