"""Any form becomes a form that signs by mixing in the fields of signing."""

from __future__ import annotations

from importlib import import_module
from uuid import uuid4

import pytest
from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import RequestFactory

from tests.trial.signatures.clinic import PASSWORD, Clinic, sign
from trial.participants.forms.base import KeyedForm
from trial.signatures.forms import SignFields
from trial.signatures.services import SignatureRefused
from trial.signatures.services import sign as sign_subject

pytestmark = pytest.mark.django_db


class Acknowledgement(SignFields, KeyedForm):
    """A form of another app, whose sending is a signature."""

    action = forms.CharField(label="What was done?")


@pytest.fixture
def request_of_pi(clinic: Clinic) -> HttpRequest:
    """A request of the PI in a session of its own."""
    request = RequestFactory().post("/")
    request.user = clinic.pi
    request.session = import_module(settings.SESSION_ENGINE).SessionStore()
    request.session.create()
    return request


def visible(form: forms.Form) -> set[str]:
    """The fields that a person fills in."""
    return {field.name for field in form.visible_fields()}


def test_a_mixed_form_asks_for_both_parts_first_and_then_for_the_password(
    clinic: Clinic, request_of_pi: HttpRequest
) -> None:
    assert visible(Acknowledgement(request=request_of_pi)) == {"username", "password", "action"}
    sign(clinic.pi, clinic.visit, session_key=request_of_pi.session.session_key)
    assert visible(Acknowledgement(request=request_of_pi)) == {"password", "action"}


def test_its_confirmation_signs_inside_the_transaction_of_the_step(clinic: Clinic, request_of_pi: HttpRequest) -> None:
    sent = {"key": uuid4(), "action": "called", "username": clinic.pi.username, "password": PASSWORD}
    form = Acknowledgement(sent, request=request_of_pi)
    assert form.is_valid(), form.errors
    signed = sign_subject(clinic.pi, subject=clinic.rating, meaning="reviewed", confirmation=form.confirm())
    assert signed.key == sent["key"]
    with pytest.raises(SignatureRefused, match="has signed already"):
        form.confirm()


def test_a_wrong_password_is_refused_before_the_step(request_of_pi: HttpRequest, clinic: Clinic) -> None:
    sent = {"key": uuid4(), "action": "called", "username": clinic.pi.username, "password": "wrong"}
    form = Acknowledgement(sent, request=request_of_pi)
    assert form.is_valid(), form.errors
    with pytest.raises(SignatureRefused):
        form.confirm()


def test_the_fragment_shows_the_fields_and_keeps_nothing_typed(request_of_pi: HttpRequest) -> None:
    sent = {"action": "", "username": "pi-k", "password": "typed once"}
    page = render_to_string("signatures/_sign_fields.html", {"form": Acknowledgement(sent, request=request_of_pi)})
    assert "typed once" not in page
    assert 'type="password"' in page
    assert page.count("data-no-draft") == 2
    assert page.count('name="key"') == 1
