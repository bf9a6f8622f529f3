from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "9003_remove")]
    operations = [
        migrations.AddField("site", "wards", models.IntegerField(default=1)),
        migrations.RunSQL("UPDATE users_site SET wards = 2", migrations.RunSQL.noop),
    ]
