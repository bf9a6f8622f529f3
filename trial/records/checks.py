"""The site refuses to start with a changed protocol file, or while a write could go unaudited."""

from __future__ import annotations

from trial import protocol
from trial.audit.checks import assert_triggers
from trial.records.models import ProtocolVersion


class ProtocolChanged(RuntimeError):
    """A protocol file is not the one that participants are bound to."""


def assert_protocols() -> None:
    """Compare every protocol version in use with its file; raises ProtocolChanged naming the version."""
    for row in ProtocolVersion.objects.all():
        found = protocol.sha256(row.version) if row.version in protocol.versions() else "no file"
        if found != row.sha256:
            raise ProtocolChanged(
                f"Protocol {row.version} has SHA-256 {found}, but participants are bound to {row.sha256}. "
                "Put the file back as it was; a change of the protocol is a new version with a new name."
            )


def assert_fit_to_serve() -> None:
    """Raise TriggersMissing or ProtocolChanged, naming what is wrong, before the first page is served."""
    assert_triggers()
    assert_protocols()
