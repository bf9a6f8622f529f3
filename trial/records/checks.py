"""The site refuses to start with a protocol file that differs from the one in use."""

from __future__ import annotations

from trial import protocol
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
