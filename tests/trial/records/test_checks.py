"""A protocol file that participants are bound to may not change; the site then refuses to start."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.trial.records import clinic
from trial import protocol
from trial.audit.context import audited
from trial.participants.services import enrol
from trial.permissions import Role
from trial.records.checks import NobodyReachable, ProtocolChanged, assert_protocols, assert_reachable
from trial.records.models import ProtocolVersion
from trial.records.services import RecordError, bind_protocol
from trial.safety.services.roster import plan_shift

pytestmark = pytest.mark.django_db


def bind(version: str, sha256: str) -> None:
    with audited("system:tests", "first use"):
        ProtocolVersion.objects.create(version=version, sha256=sha256)


def test_a_site_without_participants_may_start() -> None:
    assert_protocols()


def test_an_unchanged_file_may_be_used() -> None:
    with audited("system:tests", "first use"):
        bind_protocol(protocol.FIRST)
    assert_protocols()


def test_a_changed_file_is_refused_by_name_with_both_hashes() -> None:
    bind(protocol.FIRST, "0" * 64)
    with pytest.raises(ProtocolChanged) as refused:
        assert_protocols()
    for part in (protocol.FIRST, "0" * 64, protocol.sha256(protocol.FIRST), "new version"):
        assert part in str(refused.value)


def test_a_file_that_is_gone_is_refused_by_name() -> None:
    bind("ketamine_96h_v0", "0" * 64)
    with pytest.raises(ProtocolChanged, match="ketamine_96h_v0 has SHA-256 no file"):
        assert_protocols()


@pytest.mark.parametrize("command", ["up", "bootstrap"])
def test_the_site_does_not_start_with_a_changed_file(command: str) -> None:
    bind(protocol.FIRST, "0" * 64)
    with pytest.raises(ProtocolChanged):
        call_command(command)


@pytest.fixture
def production(settings: Any) -> Any:
    settings.SITE_MODE = "production"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.DEFAULT_FROM_EMAIL, settings.EMAIL_DOMAIN = "trial@hospital.example", "hospital.example"
    settings.SITE_URL = "https://trial.hospital.example"
    return settings


@pytest.mark.parametrize("kind", ["console", "dummy", "locmem", "filebased"])
def test_production_does_not_start_with_mail_that_reaches_nobody(production: Any, kind: str) -> None:
    assert_reachable()
    production.EMAIL_BACKEND = f"django.core.mail.backends.{kind}.EmailBackend"
    with pytest.raises(NobodyReachable, match="Set EMAIL_URL"):
        assert_reachable()


# RFC 6761 (localhost and what ends in it), RFC 1122 3.2.1.3 (127/8 and 0.0.0.0), RFC 4291 2.5.2 and 2.5.3 (:: and ::1).
@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8000",
        "https://127.0.0.1:8000",
        "https://127.1.2.3",
        "https://0.0.0.0",
        "https://localhost/",
        "https://LOCALHOST",
        "https://trial.localhost",
        "https://[::1]:8000",
        "https://[::]",
        "http://trial.hospital.example",
        "trial.hospital.example",
        "https://",
        "https://[trial",
    ],
)
def test_production_does_not_start_with_an_address_that_leads_nowhere_from_a_telephone(
    production: Any, address: str
) -> None:
    assert_reachable()
    production.SITE_URL = address
    with pytest.raises(NobodyReachable, match=f"would lead to {re.escape(address)}, .* Set SITE_URL"):
        assert_reachable()


@pytest.mark.parametrize("address", ["https://trial.hospital.example:8443", "https://10.1.2.3", "https://[fd00::1]"])
def test_production_may_stand_at_any_address_of_the_hospital(production: Any, address: str) -> None:
    production.SITE_URL = address
    assert_reachable()


@pytest.mark.parametrize("domain", ["localhost", "localhost.", "[127.0.0.1]", ""])
def test_production_does_not_start_with_a_sender_that_mail_servers_refuse(production: Any, domain: str) -> None:
    production.EMAIL_DOMAIN = domain
    with pytest.raises(NobodyReachable, match="Set EMAIL_FROM"):
        assert_reachable()


def test_production_does_not_start_with_an_empty_roster_but_with_one_that_ran_out(production: Any) -> None:
    site = clinic.make_site("K")
    pi = clinic.make_person(site, Role.PI)
    with pytest.raises(NobodyReachable, match="Nobody was ever on call at K"):
        call_command("up")
    ended = timezone.now() - timedelta(days=1)
    plan_shift(pi, site=site, starts_at=ended - timedelta(days=7), ends_at=ended, person=pi, phone="314 555 0101")
    assert_reachable()


def test_a_new_site_beside_others_stops_none_of_them_and_registers_nobody_before_its_first_shift(
    production: Any,
) -> None:
    now = timezone.now()
    span: dict[str, Any] = {"starts_at": now, "ends_at": now + timedelta(days=7), "phone": "314 555 0101"}
    first, new = clinic.make_site("K"), clinic.make_site("L")
    pi = clinic.make_person(first, Role.PI)
    plan_shift(pi, site=first, person=pi, **span)
    assert_reachable()
    coordinator = clinic.make_person(new, Role.COORDINATOR, username="lena")
    given: dict[str, Any] = {"site": new, "cohort": "patient", "referral": "other", "enrolled_on": new.today}
    with pytest.raises(RecordError, match="Nobody was ever on call at Clinic L"):
        enrol(coordinator, **given)
    production.SITE_MODE = "demo"
    enrol(coordinator, **given)
    production.SITE_MODE = "production"
    with pytest.raises(NobodyReachable, match="Nobody was ever on call at L"):
        assert_reachable()


def test_a_demo_site_starts_without_any_of_them(settings: Any) -> None:
    clinic.make_site("K")
    assert_reachable()
