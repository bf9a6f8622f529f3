"""Contact details: whom to phone, encrypted with a key of each participant's own."""

from __future__ import annotations

from django.apps import AppConfig


class ContactsConfig(AppConfig):
    name = "trial.contacts"
    label = "contacts"
