"""The fields of signing, to be mixed into any form whose sending is a signature."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest

from trial.records.forms import mark_up
from trial.signatures import rules
from trial.signatures.services import Confirmation, confirm, is_first_of_session
from trial.users.models import Site, User

# Nothing of what is typed here is ever kept as a draft.
SECRET = {"data-no-draft": "", "spellcheck": "false", "autocapitalize": "none"}


class SignFields(forms.Form):
    """User name (at the first signature of a session), password and one-use key of the signed-in person.

    Put it first among the bases: ``class AcknowledgeForm(SignFields, KeyedForm)``, and show the fields by
    ``{% include "signatures/_sign_fields.html" %}``. The view calls `confirm` before any transaction is open and
    hands the confirmation to the service that signs; the view is under ``sensitive_post_parameters``.
    """

    aside = frozenset({"username", "password"})
    # What the sending means, where the form leaves no choice of it; the fragment prints its sentence.
    meaning_signed: ClassVar[str] = ""

    key = forms.UUIDField(widget=forms.HiddenInput)
    username = forms.CharField(
        label="User name",
        max_length=64,
        widget=forms.TextInput(attrs={**SECRET, "autocomplete": "username"}),
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={**SECRET, "autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        self.request = request
        super().__init__(*args, **kwargs)
        self.grow()
        self.initial.setdefault("key", uuid.uuid4())
        for field in self.visible_fields():
            mark_up(field)

    @property
    def actor(self) -> User:
        """The signed-in person."""
        user: Any = self.request.user
        signed_in: User = user
        return signed_in

    @property
    def sentence(self) -> str:
        """What the signer says by sending the form; empty where the signer chooses the meaning on it."""
        return rules.SENTENCES.get(self.meaning_signed, "")

    @property
    def binding(self) -> str:
        """That the signature binds, in the words of the regulation."""
        return rules.BINDING

    def grow(self) -> None:
        """Ask for the user name only where this is the first signature of the session."""
        # A form of another app beside it in the bases may grow as well, as participants' KeyedForm does.
        getattr(super(), "grow", lambda: None)()
        if not is_first_of_session(self.actor, self.request.session.session_key or ""):
            self.fields.pop("username", None)

    def confirm(self) -> Confirmation:
        """Check what was typed in a valid form; raises SignatureRefused, logged and counted."""
        given = self.cleaned_data
        return confirm(
            self.actor,
            password=given["password"],
            username=given.get("username", ""),
            session_key=self.request.session.session_key or "",
            key=given["key"],
            request=self.request,
        )


class SignForm(SignFields):
    """Sign one subject: the meaning, the site where the subject has none, and what the page showed."""

    meaning = forms.ChoiceField(
        label="What your signature means", widget=forms.RadioSelect(attrs={"class": "form-check-input"})
    )
    site = forms.ModelChoiceField(label="Site you sign for", queryset=Site.objects.none(), empty_label=None)
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, meanings: list[str], sites: list[Site], **kwargs: Any) -> None:
        self.meanings, self.sites = meanings, sites
        super().__init__(*args, **kwargs)
        self.order_fields(["meaning", "site", "username", "password"])

    def grow(self) -> None:
        """Offer the meanings and the sites for which the person may sign."""
        super().grow()
        meaning, site = self.fields["meaning"], self.fields["site"]
        meaning.choices = [(one, f"{one.capitalize()}: {rules.SENTENCES[one]}") for one in self.meanings]  # type: ignore[attr-defined]
        meaning.initial = self.meanings[-1] if len(self.meanings) == 1 else None
        site.queryset = Site.objects.filter(pk__in=[one.pk for one in self.sites])  # type: ignore[attr-defined]
        site.initial = self.sites[0].pk if self.sites else None
        if len(self.sites) == 1:
            site.widget = forms.HiddenInput()
