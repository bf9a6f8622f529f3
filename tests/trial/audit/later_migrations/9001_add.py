from __future__ import annotations

import pkgutil

from django.db import migrations, models

from trial.users import migrations as real

NEWEST = max(module.name for module in pkgutil.iter_modules(real.__path__))


class Migration(migrations.Migration):
    dependencies = [("users", NEWEST)]
    operations = [migrations.AddField("site", "beds", models.IntegerField(default=4))]
