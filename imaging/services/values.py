"""Recording single numbers of a session: a volume, or a network's connectivity."""

from __future__ import annotations

import math
from decimal import Decimal
from uuid import UUID

from imaging.models import ImagingSession, NetworkConnectivity, Upload, Volume
from imaging.volumes import ETIV
from trial import protocol
from trial.records.services import RecordError, enter
from trial.users.models import User


class ImagingRefused(RecordError):
    """The entry cannot belong to the session; the message says why."""


def record_volume(
    actor: User,
    *,
    session: ImagingSession,
    structure: str,
    volume_mm3: Decimal,
    upload: Upload | None = None,
    key: UUID | None = None,
    origin: str = "form",
) -> Volume:
    """Record the volume (mm³) of a structure of the protocol, or of the whole head as "etiv".

    Raises ImagingRefused for an unknown structure or a volume that is not above 0.
    """
    known = (*protocol.for_version(session.protocol_version).imaging.structures, ETIV)
    if structure not in known:
        raise ImagingRefused(f"The protocol has no structure '{structure}'; it has {', '.join(known)}.")
    if not volume_mm3.is_finite() or volume_mm3 <= 0:
        raise ImagingRefused(f"{structure}: {volume_mm3} mm³ is not a volume.")
    return enter(
        Volume,
        actor,
        participant=session.participant,
        visit=session.visit,
        occurred_at=session.occurred_at,
        key=key,
        origin=origin,
        reason="volume measured",
        session=session,
        upload=upload,
        structure=structure,
        volume_mm3=volume_mm3,
    )


def record_connectivity(
    actor: User,
    *,
    session: ImagingSession,
    network: str,
    value: float,
    frames: int | None = None,
    upload: Upload | None = None,
    key: UUID | None = None,
    origin: str = "form",
) -> NetworkConnectivity:
    """Record a network's mean connectivity (Fisher z) in a session, and the number of frames kept.

    Raises ImagingRefused for an unknown network or a value that is not finite.
    """
    known = protocol.for_version(session.protocol_version).imaging.networks
    if network not in known:
        raise ImagingRefused(f"The protocol has no network '{network}'; it has {', '.join(known)}.")
    if not math.isfinite(value):
        raise ImagingRefused(f"{network}: {value} is not a number.")
    return enter(
        NetworkConnectivity,
        actor,
        participant=session.participant,
        visit=session.visit,
        occurred_at=session.occurred_at,
        key=key,
        origin=origin,
        reason="connectivity measured",
        session=session,
        upload=upload,
        network=network,
        value=value,
        frames=frames,
    )
