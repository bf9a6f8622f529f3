"""Wires the trail into connections, migrations and checks."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.db import connections
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    """The audit trail."""

    name = "trial.audit"
    label = "audit"
    verbose_name = "Audit trail"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from trial.audit import checks
        from trial.audit import connections as own_connections
        from trial.audit.trigger_sets import register
        from trial.audit.triggers import TRAIL_SET

        register(TRAIL_SET)
        connection_created.connect(own_connections.prepare, dispatch_uid="audit.prepare")
        last = [config for config in apps.get_app_configs() if config.models_module][-1]
        post_migrate.connect(put_back_triggers, sender=last, dispatch_uid="audit.put_back_triggers")
        checks.register_checks()


def put_back_triggers(using: str, **_: Any) -> None:
    """After every migration, once, after all apps: SQLite forgets the triggers of a table it rebuilds."""
    from trial.audit.triggers import install

    install(connections[using])
