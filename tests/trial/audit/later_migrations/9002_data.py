from __future__ import annotations

from typing import Any

from django.db import migrations


def close_beds(apps: Any, _: Any) -> None:
    apps.get_model("users", "Site").objects.update(beds=3)


class Migration(migrations.Migration):
    dependencies = [("users", "9001_add")]
    operations = [migrations.RunPython(close_beds, migrations.RunPython.noop)]
