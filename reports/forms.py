"""The form that orders a report."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django import forms

from reports.books import BOOKS
from trial.records.forms import mark_up
from trial.users.models import Site


class OrderForm(forms.Form):
    """Which report, for which site; the one-use key makes a second tap harmless."""

    book = forms.ChoiceField(label="Report", choices=[(book.id, book.title) for book in BOOKS.values()])
    site = forms.ChoiceField(label="Site")
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, *args: object, sites: Iterable[Site], **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.sites = {str(site.id): site for site in sites}
        field = self.fields["site"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(key, str(site)) for key, site in self.sites.items()]
        for shown in self.visible_fields():
            mark_up(shown)

    @property
    def chosen_site(self) -> Site:
        """The site of a valid form."""
        return self.sites[self.cleaned_data["site"]]
