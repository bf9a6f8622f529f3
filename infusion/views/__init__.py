"""The bedside: one page that shows how the infusion stands, and a form for each thing done, seen or corrected."""

from __future__ import annotations

from infusion.views.corrections import correct, correct_end, correct_rate, correct_start
from infusion.views.entries import bag, clonidine, rate, serum, side_effects, start, stop, vitals
from infusion.views.pages import course, detail, display, downtime, panel, state, visit_panel

__all__ = [
    "bag",
    "clonidine",
    "correct",
    "correct_end",
    "correct_rate",
    "correct_start",
    "course",
    "detail",
    "display",
    "downtime",
    "panel",
    "rate",
    "serum",
    "side_effects",
    "start",
    "state",
    "stop",
    "visit_panel",
    "vitals",
]
