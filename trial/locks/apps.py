"""Locks on visits, participants and the trial, held by the database."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class LocksConfig(AppConfig):
    """Locks."""

    name = "trial.locks"
    label = "locks"
    verbose_name = "Locks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from trial.audit.trigger_sets import register
        from trial.audit.verification import also_check
        from trial.locks.checks import register_checks
        from trial.locks.refusals import prepare
        from trial.locks.triggers import LOCKS_SET
        from trial.locks.verification import check_states

        register(LOCKS_SET)
        also_check(check_states)
        connection_created.connect(prepare, dispatch_uid="locks.prepare")
        register_checks()
