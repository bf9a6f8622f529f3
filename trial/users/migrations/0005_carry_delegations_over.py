"""Carry every role in force over into the delegation log, marked as to be confirmed by the PI of the site."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import migrations
from django.utils import timezone

# As the table stood on the day of this migration; the one in force is trial/users/delegation/rules.py.
DUTIES = {
    "coordinator": "Consent discussion and its record, screening, visits, ratings, phone follow-up, data entry",
    "psychiatrist": "Eligibility, medical care, orders for clonidine and infusion, ratings, acknowledging alerts",
    "nurse": "Clonidine and infusion at the bedside, vital signs, side effects, blood samples, ratings",
    "imaging_analyst": "Scan sessions, import of images, image quality",
}


def carry_over(apps: Any, schema_editor: Any) -> None:
    """Make one line of the log for each role that is held now or later; what is over needs none."""
    assignments = apps.get_model("users", "RoleAssignment")
    delegations = apps.get_model("users", "Delegation")
    # Behind UTC the day of a site may still be yesterday's.
    today = timezone.now().date() - timedelta(days=1)
    for held in assignments.objects.filter(role__in=DUTIES).order_by("starts_on", "pk"):
        if held.ends_on is None or held.ends_on >= today:
            delegations.objects.create(
                site_id=held.site_id,
                user_id=held.user_id,
                role=held.role,
                duties=DUTIES[held.role],
                starts_on=held.starts_on,
                ends_on=held.ends_on,
                is_carried_over=True,
            )


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0004_delegation_and_training'),
    ]

    operations = [
        # Going back leaves the lines: the log goes with its table.
        migrations.RunPython(carry_over, migrations.RunPython.noop),
    ]
