"""What the check reads and says; each way to tamper with the trail stands in tests/audit/routes.py."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from tests.trial.audit import rows
from tests.trial.audit.outsiders import damage, outsider
from tests.trial.audit.settling import settle
from trial.audit.canonical import GENESIS
from trial.audit.context import audited
from trial.audit.management.commands.verify_audit import MOST_SHOWN
from trial.audit.models import AuditEntry
from trial.audit.queries import row_key
from trial.audit.services import export_head, seal
from trial.audit.verification import MOST_FINDINGS, verify
from trial.users.models import Site

pytestmark = pytest.mark.usefixtures("cloned_orm")


@pytest.fixture
def site() -> Site:
    """A site entered, then changed, between two others; sealed."""
    made = [rows.make_site() for _ in range(3)]
    with audited("system:test", "three sites"):
        for each in made:
            each.save()
        Site.objects.filter(pk=made[1].pk).update(name="Renamed")
    settle()
    seal()
    return made[1]


def first_finding(head: dict[str, object] | None = None) -> str:
    report = verify(head)
    assert not report.ok
    return str(report.findings[0])


def test_an_untouched_trail_is_whole(site: Site) -> None:
    report = verify()
    assert report.ok, report.findings
    assert report.entries == report.sealed == AuditEntry.objects.count() > 0
    assert report.rows >= 3


def test_every_audited_table_is_read_back_as_its_triggers_wrote_it() -> None:
    from trial.audit.registry import APPEND_ONLY, audited_models

    with audited("system:test", "one of each"):
        for model in audited_models():
            row = rows.save_row(model)
            if model._meta.label in APPEND_ONLY:
                continue
            field = rows.changeable_field(model)
            model._base_manager.filter(pk=row.pk).update(**{field.attname: rows.another_value(row, field)})
    assert verify().findings == []


def test_a_cut_off_end_is_found_by_the_exported_head_only(site: Site, cloned_orm: str, tmp_path: Path) -> None:
    head_file = tmp_path / "head.json"
    call_command("export_audit_head", out=head_file, stdout=StringIO())
    call_command("verify_audit", head=head_file, stdout=StringIO())
    last = AuditEntry.objects.order_by("-id")[0]
    damage(cloned_orm, "audit_seal", f"DELETE FROM audit_seal WHERE entry_id = {last.id}")
    damage(cloned_orm, "audit_entry", f"DELETE FROM audit_entry WHERE id = {last.id}")
    damage(
        cloned_orm,
        "users_site",
        f"UPDATE users_site SET name = '{json.loads(last.old or '')['name']}' WHERE code = '{site.code}'",
    )
    assert verify().ok
    assert "before the exported head" in first_finding(json.loads(head_file.read_text()))
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit", head=head_file, stdout=StringIO(), stderr=said)
    assert ended.value.code == 1
    assert said.getvalue().startswith("FIRST WRONG: ")


def test_a_folder_keeps_every_exported_head_and_each_is_found_again(site: Site, tmp_path: Path) -> None:
    call_command("export_audit_head", out=tmp_path, stdout=StringIO())
    with audited("system:test", "renamed once more"):
        Site.objects.filter(pk=site.pk).update(name="Renamed again")
    settle()
    call_command("export_audit_head", out=tmp_path, stdout=StringIO())
    older, newer = sorted(tmp_path.iterdir(), key=lambda path: int(path.name.split("-")[2]))
    assert older.suffix == newer.suffix == ".json"
    assert json.loads(older.read_text())["seq"] < json.loads(newer.read_text())["seq"]
    for head in (older, newer):
        call_command("verify_audit", head=head, stdout=StringIO())


def test_the_first_wrong_row_is_named_twenty_are_listed_and_a_hundred_of_a_kind_are_kept(cloned_orm: str) -> None:
    """Somebody who changed every row does not make the check end early, or fill its report."""
    made = [rows.make_site() for _ in range(MOST_FINDINGS + 3)]
    with audited("system:test", "many sites"):
        for each in made:
            each.save()
    settle()
    damage(cloned_orm, "users_site", "UPDATE users_site SET name = 'Renamed unseen'")
    out, said = StringIO(), StringIO()
    with pytest.raises(SystemExit):
        call_command("verify_audit", stdout=out, stderr=said)
    first, *others, more = said.getvalue().splitlines()
    assert first.startswith("FIRST WRONG: users_site row ")
    assert len(others) == MOST_SHOWN - 1
    assert all(line.startswith("also: users_site row ") for line in others)
    assert more == f"and at least {MOST_FINDINGS - MOST_SHOWN} more."
    assert int(out.getvalue().split()[-3]) >= len(made), "every row was compared all the same"


def problems_of(site: Site) -> set[str]:
    """What the check says of a row."""
    return {one.problem for one in verify().findings if one.row_id == row_key(Site, site.pk)}


def test_a_row_whose_entering_was_cut_out_is_named(site: Site, cloned_orm: str) -> None:
    entered = AuditEntry.objects.filter(table_name="users_site", row_id=row_key(Site, site.pk)).order_by("id")[0]
    damage(cloned_orm, "audit_entry", f"DELETE FROM audit_entry WHERE id = {entered.id}")
    assert problems_of(site) == {"changed or removed although the trail never saw it entered"}


def test_a_removed_row_that_was_put_back_is_named(site: Site, cloned_orm: str) -> None:
    key = row_key(Site, site.pk)
    with audited("system:test", "closed"):
        Site.objects.filter(pk=site.pk).delete()
    settle()
    damage(
        cloned_orm,
        "users_site",
        f"INSERT INTO users_site (id, code, name, timezone, is_practice) VALUES ('{key}', 'B', 'Back', 'UTC', false)",
    )
    assert problems_of(site) == {"the row is there although the trail says removed"}


def test_a_table_that_is_gone_is_named(site: Site, cloned_orm: str) -> None:
    connection.close()
    with outsider(cloned_orm) as raw:
        raw.execute("DROP TABLE safety_safetyexport")
    assert first_finding() == "safety_safetyexport row every (no entry): the table is absent from the database"


def test_the_check_reads_inside_a_transaction_of_its_caller_too(site: Site) -> None:
    with transaction.atomic():
        assert verify().ok


def test_an_empty_trail_has_a_head_too(tmp_path: Path) -> None:
    head = export_head(tmp_path / "head.json")
    assert (tmp_path / "head.json").exists()
    assert head["seq"] or head["mac"] == GENESIS
    assert verify(head).ok


def test_a_file_that_is_no_head_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "head.json"
    path.write_text("[]")
    with pytest.raises(CommandError, match="no exported head"):
        call_command("verify_audit", head=path)
