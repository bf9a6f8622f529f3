from __future__ import annotations

from typing import Any

from django.db import migrations


def make_states(apps: Any, schema_editor: Any) -> None:
    """Give the trial, and every participant and visit already there, its open state; new rows get theirs by trigger."""
    apps.get_model("locks", "TrialLock").objects.create(id=1)
    for kind in ("Participant", "Visit"):
        state = apps.get_model("locks", f"{kind}Lock")
        keys = apps.get_model("participants", kind).objects.values_list("pk", flat=True)
        state.objects.bulk_create([state(pk=key) for key in keys.iterator()], batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("locks", "0001_lock_states")]
    operations = [migrations.RunPython(make_states, migrations.RunPython.noop)]
