"""How to reach the patients of the practice ward: invented names, and numbers that are reserved for fiction."""

from __future__ import annotations

from reports.cohort.scene import DEMO, Scene, key_of
from trial.contacts.details import Details
from trial.contacts.services import record_contact

# 555-0100 to 555-0199 belong to nobody (North American Numbering Plan).
PEOPLE = {
    "P1": Details(full_name="Alex Example", phone="+1 314 555 0101", call_preferences="After 17:00, never at work"),
    "P2": Details(
        full_name="Jordan Sample", phone="+1 314 555 0102", emergency_name="Kim Sample", emergency_phone="314 555 0112"
    ),
    "P3": Details(
        full_name="Morgan Specimen",
        phone="+1 314 555 0103",
        address="3 Invented Street, St. Louis",
        emergency_name="Lee Specimen",
        emergency_phone="314 555 0113",
        clinician_name="Dr. Noel Fictitious",
        clinician_phone="314 555 0123 x4",
    ),
    "P4": Details(
        full_name="Riley Placeholder",
        phone="+1 314 555 0104",
        other_phone="314 555 0114",
        call_preferences="Mornings; leaves the phone at home on Wednesdays",
        emergency_name="Sam Placeholder",
        emergency_phone="314 555 0124",
    ),
}


def contact(scene: Scene) -> None:
    """The contact details, entered by the coordinator."""
    label = scene.patient.label
    record_contact(
        scene.people["coordinator"], scene.participant, PEOPLE[label], key=key_of("contact", label), origin=DEMO
    )
