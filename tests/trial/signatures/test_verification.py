"""manage.py verify_signatures names every signature that is not as it was given."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from tests.trial.audit.outsiders import damage
from tests.trial.signatures.clinic import Clinic, copied, correct, make_clinic, sign
from trial.participants.queries import get_visit
from trial.signatures.content import Content, rows_in
from trial.signatures.models import Signature
from trial.signatures.queries import standing
from trial.signatures.verification import verify


def outcome() -> tuple[int, str, str]:
    """Exit code, output and errors of the command."""
    out, err = StringIO(), StringIO()
    try:
        call_command("verify_signatures", stdout=out, stderr=err)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_what_stands_and_what_a_change_voided_is_counted(clinic: Clinic) -> None:
    sign(clinic.pi, clinic.visit)
    sign(clinic.pi, get_visit(clinic.participant, "week_2"))
    correct(clinic.rating, clinic.psychiatrist, value=4)
    code, out, err = outcome()
    assert (code, err) == (0, "")
    assert out.startswith("1 signatures stand, 1 are void since a change.")


def test_a_copied_signature_is_named(clinic: Clinic) -> None:
    forged = copied(sign(clinic.pi, clinic.visit), subject_id=str(clinic.participant.pk))
    code, _, err = outcome()
    assert code == 1
    assert f"WRONG: {forged.pk}" in err
    assert "altered or copied" in err


def test_a_signature_that_somebody_else_entered_is_named(clinic: Clinic) -> None:
    """Even one made with the key: the trail holds who wrote the row."""
    forged = copied(sign(clinic.pi, clinic.visit), sealed=True)
    assert standing(forged).is_valid
    assert verify().wrong == [f"{forged.pk} ({forged}): the audit trail says that system:tests entered it"]


@pytest.mark.parametrize(("digest", "entry"), [("0" * 64, None), (None, "999999999"), (None, "1")])
def test_a_signature_over_rows_that_never_were_so_is_named(
    clinic: Clinic, digest: str | None, entry: str | None
) -> None:
    given = sign(clinic.pi, clinic.rating)
    table, row_id, number, hashed = given.manifest.split(" ")
    manifest = " ".join((table, row_id, entry or number, digest or hashed))
    signed = Content(given.subject_table, given.subject_id, rows_in(manifest))
    forged = copied(given, by=clinic.pi, sealed=True, manifest=manifest, content_hash=signed.hash)
    assert verify().wrong == [
        f"{forged.pk} ({forged}): {table} {row_id} was not as signed in audit entry {entry or number}"
    ]


def test_a_row_put_in_past_the_triggers_is_named(cloned_orm: str) -> None:
    clinic = make_clinic()
    given = sign(clinic.pi, clinic.visit)
    forged = Signature.objects.get(pk=given.pk)
    columns = [str(f.column) for f in Signature._meta.concrete_fields if f.name not in ("id", "key")]
    fresh = "0123456789abcdef0123456789abcdef"
    names = ", ".join(columns)
    table = "signatures_signature"
    damage(
        cloned_orm, table, f"INSERT INTO {table} (id, key, {names}) SELECT '{fresh}', '{fresh}', {names} FROM {table}"
    )
    problems = verify().wrong
    assert len(problems) == 1
    assert "altered or copied" in problems[0]
    assert standing(forged).is_valid


def test_a_signature_that_the_trail_does_not_know_is_named(cloned_orm: str) -> None:
    clinic = make_clinic()
    given = sign(clinic.pi, clinic.visit)
    damage(cloned_orm, "audit_entry", "DELETE FROM audit_entry WHERE table_name = 'signatures_signature'")
    assert verify().wrong == [f"{given.pk} ({given}): the audit trail says that nobody entered it"]
