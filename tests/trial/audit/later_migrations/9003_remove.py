from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "9002_data")]
    operations = [migrations.RemoveField("site", "beds")]
