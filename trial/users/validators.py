"""What a new password must not be."""

from __future__ import annotations

from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError

from trial.users import queries
from trial.users.models import User


class NotUsedBefore:
    """Refuses the password an account has now and the last few it had."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise ValidationError for a password that the account has or had."""
        if user is None or not user.password:
            return
        if any(check_password(password, kept) for kept in [user.password, *queries.former_passwords(user)]):
            raise ValidationError("You have used this password before. Choose another one.", code="used_before")

    def get_help_text(self) -> str:
        """Say the rule."""
        return "It is none of your last passwords."
