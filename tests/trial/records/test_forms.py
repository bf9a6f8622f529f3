"""The form of a record: a one-use key, the version it was opened at, site time, and a reason to correct."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django import forms
from django.utils import timezone

from tests.trial.records import clinic
from trial.participants.models import Consent, Participant
from trial.permissions import Role
from trial.records.forms import RecordForm, css_class
from trial.records.saving import FOREIGN_DIGITS, WITH_A_POINT, SavedForm
from trial.records.services import KeyReused, StaleRecord
from trial.users.models import User

pytestmark = pytest.mark.django_db


class ConsentForm(RecordForm[Consent]):
    """The smallest record form."""

    occurred_label = "Signed at"

    class Meta:
        model = Consent
        fields = ("form_version", "copy_given")


@pytest.fixture
def nora() -> User:
    return clinic.make_person(clinic.make_site(), Role.COORDINATOR, username="nora")


@pytest.fixture
def participant(nora: User) -> Participant:
    return clinic.make_participant(nora, nora.role_assignments.get().site)


def posted(form: ConsentForm, **changes: Any) -> dict[str, Any]:
    """What a browser would send of a form it was shown, with some fields filled in otherwise."""
    shown = {}
    for name, field in form.fields.items():
        value = form[name].value()
        shown[name] = "on" if value is True else field.widget.format_value(value)
    return {**{name: value for name, value in shown.items() if value is not None}, **changes}


def filled(**changes: Any) -> dict[str, Any]:
    return posted(ConsentForm(), **{"occurred_at": "2026-03-02T09:30", "form_version": "1.0", **changes})


def test_a_new_form_has_a_key_of_its_own_and_asks_no_reason() -> None:
    first, second = ConsentForm(), ConsentForm()
    assert UUID(str(first["key"].value())) != UUID(str(second["key"].value()))
    assert "reason" not in first.fields
    assert first.fields["occurred_at"].label == "Signed at"


def test_a_moment_is_read_as_site_time_and_kept_in_utc(nora: User, participant: Participant) -> None:
    with timezone.override(participant.site.zone):
        form = ConsentForm(filled())
        assert form.is_valid(), form.errors
        row = form.save_record(nora, participant)
    row.refresh_from_db()
    # On 2 March 2026 Chicago is six hours behind UTC (IANA time zone database, America/Chicago).
    assert row.occurred_at == datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
    assert (row.form_version, row.entered_by) == ("1.0", nora)


# Clocks in Chicago jump from 02:00 to 03:00 on 8 March 2026 and go back at 02:00 on 1 November 2026.
@pytest.mark.parametrize("moment", ["2026-03-08T02:30", "2026-11-01T01:30"])
def test_an_hour_that_does_not_exist_or_exists_twice_is_refused(participant: Participant, moment: str) -> None:
    with timezone.override(participant.site.zone):
        form = ConsentForm(filled(occurred_at=moment))
        assert not form.is_valid()
    assert set(form.errors) == {"occurred_at"}


def test_a_form_sent_twice_saves_once(nora: User, participant: Participant) -> None:
    data = filled()
    for _ in range(2):
        form = ConsentForm(data)
        assert form.is_valid()
        form.save_record(nora, participant)
    assert Consent.objects.count() == 1


def test_a_form_sent_again_with_other_content_is_refused(nora: User, participant: Participant) -> None:
    data = filled()
    for version in ("1.0", "2.0"):
        form = ConsentForm({**data, "form_version": version})
        assert form.is_valid()
        if version == "1.0":
            form.save_record(nora, participant)
    with pytest.raises(KeyReused):
        form.save_record(nora, participant)


@pytest.mark.parametrize("key", ["", "no-key"])
def test_a_form_without_a_proper_key_is_refused(key: str) -> None:
    form = ConsentForm(filled(key=key))
    assert not form.is_valid()
    assert "key" in form.errors


def test_a_correction_shows_what_is_saved_and_needs_a_reason(nora: User, participant: Participant) -> None:
    row = clinic.sign(nora, participant)
    shown = ConsentForm(instance=row)
    assert shown["version"].value() == 1
    assert shown["form_version"].value() == "1.0"
    form = ConsentForm(posted(shown, form_version="1.1"), instance=row)
    assert not form.is_valid()
    assert set(form.errors) == {"reason"}


def test_a_correction_with_a_reason_is_saved(nora: User, participant: Participant) -> None:
    row = clinic.sign(nora, participant)
    with timezone.override(participant.site.zone):
        form = ConsentForm(posted(ConsentForm(instance=row), form_version="1.1", reason="misread"), instance=row)
        assert form.is_valid(), form.errors
    form.save_record(nora, participant)
    row = Consent.objects.get()
    assert (row.version, row.form_version, row.occurred_at) == (2, "1.1", clinic.SIGNED)


@pytest.mark.parametrize("version", ["1", "0", "", "99"])
def test_a_correction_of_another_version_than_the_saved_one_is_refused(
    nora: User, participant: Participant, version: str
) -> None:
    row = clinic.sign(nora, participant)
    opened = posted(ConsentForm(instance=row), form_version="1.1", reason="misread")
    first = ConsentForm(opened, instance=Consent.objects.get())
    assert first.is_valid(), first.errors
    first.save_record(nora, participant)
    late = ConsentForm({**opened, "form_version": "1.2", "version": version}, instance=Consent.objects.get())
    assert late.is_valid()
    with pytest.raises(StaleRecord):
        late.save_record(nora, participant)
    assert Consent.objects.get().form_version == "1.1"


def test_fields_that_no_form_shows_are_ignored(nora: User, participant: Participant) -> None:
    smuggled = {"site": str(uuid4()), "entered_by": str(uuid4()), "protocol_version": "none", "origin": "import"}
    form = ConsentForm(filled(**smuggled))
    assert form.is_valid()
    row = form.save_record(nora, participant)
    row.refresh_from_db()
    assert (row.site_id, row.entered_by, row.origin) == (participant.site_id, nora, "form")
    assert row.protocol_version == participant.protocol_version


def test_a_wrong_field_is_marked_and_the_others_are_not() -> None:
    form = ConsentForm(filled(form_version=""))
    assert not form.is_valid()
    assert "is-invalid" in form.fields["form_version"].widget.attrs["class"]
    assert "is-invalid" not in form.fields["occurred_at"].widget.attrs["class"]


def test_every_widget_has_a_class_of_the_page_style() -> None:
    form = ConsentForm()
    assert {name: css_class(field.widget) for name, field in form.fields.items()} == {
        "occurred_at": "form-control",
        "form_version": "form-control",
        "copy_given": "form-check-input",
        "key": "form-control",
        "version": "form-control",
    }


class Dose(SavedForm, forms.Form):
    """The smallest form with a number."""

    dose = forms.DecimalField(min_value=0, max_value=20, decimal_places=2)


def test_a_decimal_with_a_comma_is_told_how_to_write_it() -> None:
    assert Dose({"dose": "0.45"}).is_valid()
    assert Dose({"dose": "0,45"}).errors["dose"] == [WITH_A_POINT]
    assert Dose({"dose": "little"}).errors["dose"] == ["Enter a number."]
    assert Dose({"dose": "1_5"}).errors["dose"] == [FOREIGN_DIGITS], "Python would read fifteen"


def test_a_number_is_typed_in_a_text_field_that_no_wheel_changes_and_keeps_what_was_typed() -> None:
    html = str(Dose({"dose": "0,45"})["dose"])
    assert 'type="text"' in html
    assert 'inputmode="decimal"' in html
    assert 'value="0,45"' in html
