"""The list of tables in docs/audit.md, made from the registry."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from trial.audit.registry import APPEND_ONLY, NOT_AUDITED, audited_tables, concrete_models, why_not_audited

BEGIN, END = "<!-- tables: made by manage.py document_audit -->", "<!-- end of tables -->"


def page() -> Path:
    """docs/audit.md of this checkout."""
    return Path(settings.BASE_DIR) / "docs" / "audit.md"


def tables() -> str:
    """Every table in Markdown: audited or not, what is kept out, and why."""
    lines = ["|Table|Model|Audited|Kept out, or why not|", "|---|---|---|---|"]
    kept_out = {table.label: ", ".join(sorted(table.excluded)) for table in audited_tables()}
    for model in concrete_models():
        label, why = model._meta.label, why_not_audited(model)
        audited = "no" if why else "yes, append-only" if label in APPEND_ONLY else "yes"
        lines.append(f"|{model._meta.db_table}|{label}|{audited}|{why or kept_out.get(label, '')}|")
    return "\n".join(lines)


def with_tables(text: str) -> str:
    """The page with its list made anew; raises ValueError when the marks are absent."""
    head, tail = text.index(BEGIN) + len(BEGIN), text.index(END)
    return f"{text[:head]}\n\n{tables()}\n\n{text[tail:]}"


def unused_exceptions() -> list[str]:
    """Entries of NOT_AUDITED that no installed model needs."""
    used = {key for model in concrete_models() for key in (model._meta.label, model._meta.app_label)}
    return sorted(NOT_AUDITED.keys() - used)
