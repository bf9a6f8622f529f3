"""What is said when a right, a delegation or an account cannot be changed as asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError


class RightRefused(ValueError):
    """A right cannot be changed as asked; the message says why and what to do."""


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
