"""The treatment: clonidine, infusion, vital signs, side effects, serum levels."""

from __future__ import annotations

from django.apps import AppConfig


class InfusionConfig(AppConfig):
    name = "infusion"
    label = "infusion"
