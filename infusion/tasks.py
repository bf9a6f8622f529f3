"""Periodic work of the ward."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from infusion.downtime import page_of
from trial.jobs.tasks import periodically
from trial.records.files import write_whole
from trial.users.models import Site


def write_sheets() -> None:
    """Write the downtime sheets of every site into VAR_DIR/downtime, where they are at hand when the site is down."""
    for site in Site.objects.order_by("code"):
        write_whole(settings.VAR_DIR / "downtime" / f"{site.code}.html", page_of(site, timezone.now()))


@shared_task(name="infusion.downtime")
def downtime() -> None:
    """Write the downtime sheets anew."""
    periodically("infusion.downtime", write_sheets)
