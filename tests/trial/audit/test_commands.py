"""What the commands of the trail do and say; verify_audit's accusations stand in test_verification.py."""

from __future__ import annotations

import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from tests.trial.audit import rows
from tests.trial.audit.settling import settle
from trial.audit.context import audited
from trial.audit.documentation import BEGIN, END, page
from trial.audit.models import AuditEntry, AuditSeal
from trial.audit.services import seal


def said_by(command: str, **options: object) -> str:
    """What a command prints."""
    out = StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue()


@pytest.mark.usefixtures("cloned_orm")
def test_seal_audit_seals_as_many_as_it_is_told_and_then_the_rest() -> None:
    seal()
    with audited("system:test", "three sites"):
        for _ in range(3):
            rows.make_site().save()
    settle()
    assert said_by("seal_audit", limit=2) == "2 audit entries sealed.\n"
    assert said_by("seal_audit") == "1 audit entries sealed.\n"
    last = AuditEntry.objects.order_by("-id")[0]
    link = AuditSeal.objects.order_by("-seq")[0]
    assert (str(link), link.entry_id) == (f"seal {link.seq} of entry {last.id}", last.id)
    assert str(last) == f"{last.at} system:test: users_site {last.row_id} entered"


def test_document_audit_brings_an_outdated_list_up_to_date_and_leaves_the_rest(
    tmp_path: Path, settings: Settings
) -> None:
    written = page()
    settings.BASE_DIR = tmp_path
    (tmp_path / "docs").mkdir()
    shutil.copy(written, page())
    text = page().read_text()
    page().write_text(text[: text.index(BEGIN)] + BEGIN + "\n\n|outdated|\n\n" + text[text.index(END) :])
    assert said_by("document_audit") == f"{page()} lists every table.\n"
    assert page().read_text() == text
