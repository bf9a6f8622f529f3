"""The forms of signing in and of one's own password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm

from trial.users.backends import DEMO_DOMAIN
from trial.users.models import User

NO_MATCH = (
    "This user name and password do not match an active account. Check both and try again. "
    "After several failed attempts a name is locked for a while, also for the right password."
)


class SignInForm(AuthenticationForm):
    """User name and password."""

    error_messages = {"invalid_login": NO_MATCH, "inactive": NO_MATCH}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["username"].label = "User name"
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-control"


class PasswordForm(PasswordChangeForm):
    """The old password and twice the new one."""

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-control"

    def clean(self) -> dict[str, Any]:
        """Leave the demo's accounts, which everybody shares, as they are printed where the demo was started."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if settings.SITE_MODE == "demo" and self.user.email.endswith(DEMO_DOMAIN):
            raise forms.ValidationError("Everybody who tries the demo shares this account; its password stays.")
        return cleaned
