"""Every way to write, on every audited table, leaves exactly one entry per changed row."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Field, Model

from tests.trial.audit import rows
from trial.audit.connections import installing
from trial.audit.context import audited
from trial.audit.models import AuditEntry
from trial.audit.registry import APPEND_ONLY, EXCLUDED_COLUMNS, KEPT, audited_models
from trial.audit.triggers import install, missing, uninstall

pytestmark = pytest.mark.django_db
FIXED = [model for model in audited_models() if model._meta.label in APPEND_ONLY]
KEPT_MODELS = [model for model in audited_models() if model._meta.label in KEPT]


def each(models: list[type[Model]]) -> pytest.MarkDecorator:
    """The test once for every one of the models."""
    return pytest.mark.parametrize("model", models, ids=lambda model: model._meta.label)


MODELS = each(audited_models())
CHANGEABLE = each([model for model in audited_models() if model not in FIXED])
DELETABLE = each([model for model in audited_models() if model not in [*FIXED, *KEPT_MODELS]])


def entries_of(model: type[Model], after: int) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(table_name=model._meta.db_table, id__gt=after).order_by("id"))


def newest() -> int:
    last = AuditEntry.objects.order_by("-id").first()
    return last.id if last else 0


def ops(model: type[Model], write: Callable[[], object]) -> str:
    """The operations of the entries of the model's table that a write leaves."""
    before = newest()
    write()
    return "".join(entry.op for entry in entries_of(model, before))


def quote(name: str | None) -> str:
    assert name, "a concrete field has a column"
    return str(connection.ops.quote_name(name))


def raw_insert(row: Model, verb: str = "INSERT", tail: str = "") -> None:
    """Insert, or REPLACE, the row by a plain statement."""
    fields = [field for field in row._meta.concrete_fields if getattr(row, field.attname) is not None]
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    columns = ", ".join(quote(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.execute(f"{verb} INTO {quote(row._meta.db_table)} ({columns}) VALUES ({marks}) {tail}", values)


def raw_change(row: Model, field: Field[object, object], value: object) -> None:
    """Update one column of the row by a plain statement."""
    pk = row._meta.pk
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {quote(row._meta.db_table)} SET {quote(field.column)} = %s WHERE {quote(pk.column)} = %s",
            [field.get_db_prep_save(value, connection), pk.get_db_prep_save(row.pk, connection)],
        )


def raw_delete(row: Model) -> None:
    """Delete the row by a plain statement."""
    pk = row._meta.pk
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {quote(row._meta.db_table)} WHERE {quote(pk.column)} = %s",
            [pk.get_db_prep_save(row.pk, connection)],
        )


@MODELS
def test_every_way_to_insert_leaves_one_entry_per_row(model: type[Model]) -> None:
    with audited("system:test", "insert"):
        made = [rows.make_row(model) for _ in range(4)]
        assert ops(model, lambda: made[0].save(force_insert=True)) == "I"
        assert ops(model, lambda: model._base_manager.bulk_create(made[1:3])) == "II"
        made[3].pk = made[3].pk or 10_000  # A table that numbers its own rows.
        assert ops(model, lambda: raw_insert(made[3])) == "I"


@CHANGEABLE
def test_every_way_to_update_leaves_one_entry_per_changed_row(model: type[Model]) -> None:
    field = rows.changeable_field(model)
    with audited("system:test", "update"):
        first, second = rows.save_row(model), rows.save_row(model)
        both = model._base_manager.filter(pk__in=[first.pk, second.pk])

        def change(row: Model) -> None:
            setattr(row, field.attname, rows.another_value(row, field))

        change(first)
        assert ops(model, lambda: first.save()) == "U"
        assert ops(model, lambda: first.save()) == "", "an unchanged save is no change"
        value = rows.another_value(first, field)
        change(second)
        second.save()
        assert ops(model, lambda: model._base_manager.filter(pk=first.pk).update(**{field.attname: value})) == "U"
        for row in (first, second):
            row.refresh_from_db()
            change(row)
        assert ops(model, lambda: model._base_manager.bulk_update([first, second], [field.name])) == "UU"
        assert ops(model, lambda: raw_change(first, field, rows.another_value(first, field))) == "U"
        assert both.count() == 2


@each(KEPT_MODELS)
def test_every_way_to_delete_a_kept_row_is_refused(model: type[Model]) -> None:
    with audited("system:test", "delete"):
        row = rows.save_row(model)
        ways: list[Callable[[], object]] = [
            row.delete,
            model._base_manager.filter(pk=row.pk).delete,
            partial(raw_delete, row),
        ]
        if connection.vendor == "sqlite":
            ways.append(partial(raw_insert, row, verb="REPLACE"))
        for way in ways:
            with pytest.raises(IntegrityError, match="a row is never deleted"), transaction.atomic():
                way()


@DELETABLE
def test_every_way_to_delete_leaves_one_entry_per_row(model: type[Model]) -> None:
    with audited("system:test", "delete"):
        first, second, third = (rows.save_row(model) for _ in range(3))
        assert ops(model, lambda: first.delete()) == "D"
        assert ops(model, lambda: model._base_manager.filter(pk=second.pk).delete()) == "D"
        assert ops(model, lambda: raw_delete(third)) == "D"


@CHANGEABLE
def test_upsert_and_replace_are_caught(model: type[Model]) -> None:
    field = rows.changeable_field(model)
    with audited("system:test", "upsert"):
        row = rows.save_row(model)
        setattr(row, field.attname, rows.another_value(row, field))
        column, pk = quote(field.column), quote(model._meta.pk.column)
        tail = f"ON CONFLICT ({pk}) DO UPDATE SET {column} = excluded.{column}"
        assert ops(model, lambda: raw_insert(row, tail=tail)) == "U"
        if connection.vendor == "sqlite" and model not in KEPT_MODELS:
            setattr(row, field.attname, rows.another_value(row, field))
            assert ops(model, lambda: raw_insert(row, verb="REPLACE")) == "DI"


@CHANGEABLE
def test_a_value_set_where_there_was_none_is_caught(model: type[Model]) -> None:
    for field in model._meta.concrete_fields:
        if not field.null or field.is_relation or field.column in EXCLUDED_COLUMNS.get(model._meta.label, ()):
            continue
        if field.name in rows.constrained(model):
            continue
        with audited("system:test", "null to value"), transaction.atomic():
            row = rows.save_row(model)
            value = rows.value_for(field)
            raw_change(row, field, None)  # Django fills some when a row is made.
            assert ops(model, partial(raw_change, row, field, None)) == ""
            assert ops(model, partial(raw_change, row, field, value)) == "U", field.name
            transaction.set_rollback(True)


@MODELS
def test_writing_without_an_actor_is_refused_and_names_the_table(model: type[Model]) -> None:
    with audited("system:test", "prepare"):
        row, saved = rows.make_row(model), rows.save_row(model)
        field = rows.changeable_field(model)
        value = rows.another_value(saved, field)
    writes: list[Callable[[], object]] = [partial(row.save, force_insert=True)]
    if model not in FIXED:  # those refuse every change, whoever writes: see below
        writes.append(partial(raw_change, saved, field, value))
    if model not in [*FIXED, *KEPT_MODELS]:
        writes.append(partial(raw_delete, saved))
    for write in writes:
        with pytest.raises(IntegrityError, match=rf"{model._meta.db_table}: no actor"), transaction.atomic():
            write()


@each(FIXED)
def test_the_rows_of_an_append_only_table_never_change(model: type[Model]) -> None:
    with audited("system:test", "append-only"):
        row = rows.save_row(model)
        field = rows.changeable_field(model)
        value, before = rows.another_value(row, field), newest()
        column, pk = quote(field.column), quote(model._meta.pk.column)
        tail = f"ON CONFLICT ({pk}) DO UPDATE SET {column} = excluded.{column}"
        writes: list[Callable[[], object]] = [
            row.delete,
            partial(raw_delete, row),
            partial(raw_change, row, field, value),
            partial(model._base_manager.filter(pk=row.pk).update, **{field.attname: value}),
            partial(raw_insert, row, tail=tail),
        ]
        if connection.vendor == "sqlite":
            writes.append(partial(raw_insert, row, verb="REPLACE"))
        for write in writes:
            with pytest.raises(IntegrityError, match=rf"{model._meta.db_table}.*refused"), transaction.atomic():
                write()
    assert entries_of(model, before) == []
    assert getattr(model._base_manager.get(pk=row.pk), field.attname) == getattr(row, field.attname)


@each(FIXED)
def test_without_its_guard_an_append_only_table_could_be_changed(model: type[Model]) -> None:
    """The control of the test above."""
    with transaction.atomic():
        with audited("system:test", "control"):
            row = rows.save_row(model)
        uninstall(connection)
        raw_delete(row)
        assert not model._base_manager.filter(pk=row.pk).exists()
        transaction.set_rollback(True)


@MODELS
def test_a_dropped_trigger_would_be_noticed_by_these_tests(model: type[Model]) -> None:
    with transaction.atomic():
        uninstall(connection)
        with audited("system:test", "control"):
            assert ops(model, lambda: rows.save_row(model)) == ""
        transaction.set_rollback(True)
    assert missing(connection) == []


def test_an_entry_holds_the_whole_row_before_and_after() -> None:
    before = newest()
    with audited("system:test", "as told"):
        site = rows.make_site()
        site.save()
        type(site).objects.filter(pk=site.pk).update(name="Märchen 'q\" \\")
    first, second = entries_of(type(site), before)
    assert (first.actor, first.reason, first.op, first.old) == ("system:test", "as told", "I", None)
    assert second.old == first.new
    left = json.loads(second.new or "")
    assert set(left) == {"id", "code", "name", "timezone", "is_practice"}
    assert left["name"] == "Märchen 'q\" \\"
    assert first.at < second.at


def test_secrets_never_enter_the_trail_and_signing_in_needs_no_reason() -> None:
    before = newest()
    with audited("system:test", "account"):
        user = rows.make_user()
        user.password = "argon2$canary"
        user.save()
    type(user).objects.filter(pk=user.pk).update(password="argon2$second-canary")
    assert [entry.op for entry in entries_of(type(user), before)] == ["I"]
    assert not AuditEntry.objects.filter(new__contains="canary").exists()


def test_a_primary_key_never_changes() -> None:
    with audited("system:test", "site"):
        site = rows.make_site()
        site.save()
    with pytest.raises(IntegrityError, match="primary key"), audited("system:test", "swap"):
        type(site).objects.filter(pk=site.pk).update(id="00000000-0000-0000-0000-00000000000a")


def test_triggers_altered_or_absent_are_named_and_put_back() -> None:
    if connection.vendor == "sqlite":
        damage = "DROP TRIGGER audit_users_site_update"
        name = "audit_users_site_update"
    else:
        damage, name = "ALTER TABLE users_site DISABLE TRIGGER audit_row", "audit_row on users_site"
    with transaction.atomic():
        with installing(), connection.cursor() as cursor:
            cursor.execute(damage)
        assert missing(connection) == [name]
        assert install(connection) == [name]
        assert missing(connection) == []
        transaction.set_rollback(True)
