"""The practice ward holds people who are in the trial today, told no further than today, at a site of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from infusion.models import Infusion
from reports.cohort.accounts import ACCOUNTS, SITE_CODE, WARD_CODE
from reports.queries import sites_of
from trial.participants.models import Participant, Visit
from trial.participants.queries import current_status
from trial.records.models import ClinicalRecord
from trial.users.models import Site, User

pytestmark = pytest.mark.usefixtures("demo_orm")


def clinical_models() -> Iterator[type[ClinicalRecord]]:
    """Every table of clinical records."""
    return (model for model in apps.get_models() if issubclass(model, ClinicalRecord))


def test_nothing_is_told_that_has_not_happened_yet() -> None:
    told = 0
    for model in clinical_models():
        rows = model._default_manager.filter(participant__site__code=WARD_CODE)
        told += rows.count()
        assert not rows.filter(occurred_at__gt=timezone.now()).exists(), model._meta.label
    assert told > 100


def test_one_infusion_is_running_and_it_began_yesterday() -> None:
    (running,) = Infusion.objects.filter(participant__site__code=WARD_CODE, ended_at=None)
    assert timedelta(0) < timezone.now() - running.occurred_at < timedelta(hours=48)
    assert running.rates.exists()
    status = current_status(running.participant, "infusion")
    assert status is not None
    assert status.value == "started"


def test_a_week_2_call_is_due_today() -> None:
    visit = Visit.objects.get(participant__study_id="PRA-0004-4", code="week_2")
    assert visit.opens_at is not None
    assert visit.closes_at is not None
    assert visit.opens_at < timezone.now() < visit.closes_at
    assert visit.state == Visit.State.PLANNED


def test_the_cohort_of_the_report_is_left_as_it_was() -> None:
    assert Participant.objects.filter(site__code=SITE_CODE).count() == 54


def test_every_account_works_at_both_sites() -> None:
    sites = {site.pk for site in Site.objects.filter(code__in=(SITE_CODE, WARD_CODE))}
    assert len(sites) == 2
    for username in ACCOUNTS:
        assert set(User.objects.get(username=username).roles_by_site()) == sites


def test_a_report_is_offered_for_the_site_of_the_cohort_first() -> None:
    sites = frozenset(Site.objects.values_list("pk", flat=True))
    assert [site.code for site in sites_of(sites)] == [SITE_CODE, WARD_CODE]
