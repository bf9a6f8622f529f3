"""A protocol file that participants are bound to may not change; the site then refuses to start."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from trial import protocol
from trial.audit.context import audited
from trial.records.checks import ProtocolChanged, assert_protocols
from trial.records.models import ProtocolVersion
from trial.records.services import bind_protocol

pytestmark = pytest.mark.django_db


def bind(version: str, sha256: str) -> None:
    with audited("system:tests", "first use"):
        ProtocolVersion.objects.create(version=version, sha256=sha256)


def test_a_site_without_participants_may_start() -> None:
    assert_protocols()


def test_an_unchanged_file_may_be_used() -> None:
    with audited("system:tests", "first use"):
        bind_protocol(protocol.CURRENT)
    assert_protocols()


def test_a_changed_file_is_refused_by_name_with_both_hashes() -> None:
    bind(protocol.CURRENT, "0" * 64)
    with pytest.raises(ProtocolChanged) as refused:
        assert_protocols()
    for part in (protocol.CURRENT, "0" * 64, protocol.sha256(protocol.CURRENT), "new version"):
        assert part in str(refused.value)


def test_a_file_that_is_gone_is_refused_by_name() -> None:
    bind("ketamine_96h_v0", "0" * 64)
    with pytest.raises(ProtocolChanged, match="ketamine_96h_v0 has SHA-256 no file"):
        assert_protocols()


@pytest.mark.parametrize("command", ["up", "bootstrap"])
def test_the_site_does_not_start_with_a_changed_file(command: str) -> None:
    bind(protocol.CURRENT, "0" * 64)
    with pytest.raises(ProtocolChanged):
        call_command(command)
