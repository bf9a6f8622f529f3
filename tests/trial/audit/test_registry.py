"""Every table is audited or excepted with a reason, and the documentation says so."""

from __future__ import annotations

import pytest

from trial.audit import registry
from trial.audit.checks import check_registry, secret_columns
from trial.audit.documentation import page, unused_exceptions, with_tables


def test_every_model_is_audited_or_excepted_with_a_reason() -> None:
    assert registry.unclassified_models() == []
    assert all(len(reason) > 20 for reason in registry.NOT_AUDITED.values())
    assert unused_exceptions() == []


def test_the_check_names_a_model_that_nobody_classified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(registry.NOT_AUDITED, "sessions")
    assert [message.msg for message in check_registry()] == ["sessions.Session is neither audited nor excepted."]


def test_every_audited_row_is_of_a_site_or_of_none_for_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    assert registry.siteless_models() == []
    assert all(len(reason) > 20 for reason in registry.OF_NO_SITE.values())
    monkeypatch.delitem(registry.SITE_THROUGH, "locks.LockChange")
    assert [message.id for message in check_registry()] == ["audit.E004"]
    assert "locks.LockChange has no site" in check_registry()[0].msg


def test_no_secret_column_is_audited(monkeypatch: pytest.MonkeyPatch) -> None:
    assert secret_columns() == []
    monkeypatch.delitem(registry.EXCLUDED_COLUMNS, "users.User")
    assert ("users.User", "password") in secret_columns()
    assert any("users.User.password looks like a secret" in message.msg for message in check_registry())


def test_excluded_columns_exist() -> None:
    columns = {
        model._meta.label: {f.column for f in model._meta.concrete_fields} for model in registry.audited_models()
    }
    for label, excluded in registry.EXCLUDED_COLUMNS.items():
        assert excluded <= columns[label], label


def test_the_documentation_lists_every_table() -> None:
    text = page().read_text()
    assert text == with_tables(text), "run: manage.py document_audit"
