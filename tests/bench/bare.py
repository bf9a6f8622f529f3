"""The bare form that a save is measured beside: one table, one ModelForm, one view; no audit, no checks, no visit."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django import forms
from django.conf import settings
from django.db import connection, models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

ITEMS = tuple(f"item_{number}" for number in range(1, 11))


class BareRating(models.Model):
    """Ten items, when, how and by whom: what a MADRS form holds."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    rater = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    occurred_at = models.DateTimeField()
    mode = models.CharField(max_length=10)
    item_1 = models.PositiveSmallIntegerField()
    item_2 = models.PositiveSmallIntegerField()
    item_3 = models.PositiveSmallIntegerField()
    item_4 = models.PositiveSmallIntegerField()
    item_5 = models.PositiveSmallIntegerField()
    item_6 = models.PositiveSmallIntegerField()
    item_7 = models.PositiveSmallIntegerField()
    item_8 = models.PositiveSmallIntegerField()
    item_9 = models.PositiveSmallIntegerField()
    item_10 = models.PositiveSmallIntegerField()

    class Meta:
        app_label = "bench"

    def __str__(self) -> str:
        return str(self.id)


class BareForm(forms.ModelForm):  # type: ignore[type-arg]  # takes its type only in the stubs
    """The form that Django grows from the model."""

    class Meta:
        model = BareRating
        fields: ClassVar[list[str]] = ["rater", "occurred_at", "mode", *ITEMS]


def save(request: HttpRequest) -> HttpResponse:
    """Check the form, save it, lead on."""
    form = BareForm(request.POST)
    if not form.is_valid():
        return HttpResponse(form.errors.as_text(), status=422)
    form.save()
    return redirect("/")


urlpatterns = [path("bare/", save, name="bare")]


def make_table() -> None:
    """Make the table in the database of this run."""
    with connection.schema_editor() as editor:
        editor.create_model(BareRating)
