"""What is said when a right, a delegation or an account cannot be changed as asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.defaults import permission_denied

from trial.blinding import Hidden


class RightRefused(ValueError):
    """A right cannot be changed as asked; the message says why and what to do."""


def denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403: what a rater is kept from says what it is, why, and until when; any other as Django does."""
    if isinstance(exception, Hidden):
        return render(request, "hidden.html", {"about": exception.about}, status=403)
    return permission_denied(request, exception)


def attempt(form: forms.Form, write: Callable[[], Any]) -> bool:
    """Do the write of a valid form; what the services refuse is shown on the form, and nothing is saved."""
    if not form.is_valid():
        return False
    try:
        write()
    except RightRefused as refused:
        form.add_error(None, str(refused))
        return False
    except ValidationError as wrong:
        form.add_error(None, wrong.messages)
        return False
    return True
