"""Writes of the imaging app."""

from __future__ import annotations

from imaging.services.imports import (
    Change,
    ImportPlan,
    PreviewOutdated,
    import_connectivity,
    import_volumes,
    plan_connectivity,
    plan_volumes,
)
from imaging.services.sessions import correct_session, exclude_session, readmit_session, record_session
from imaging.services.uploads import forget_unconfirmed, keep, kept
from imaging.services.values import ImagingRefused, record_connectivity, record_volume

__all__ = [
    "Change",
    "ImagingRefused",
    "ImportPlan",
    "PreviewOutdated",
    "correct_session",
    "exclude_session",
    "forget_unconfirmed",
    "import_connectivity",
    "import_volumes",
    "keep",
    "kept",
    "plan_connectivity",
    "plan_volumes",
    "readmit_session",
    "record_connectivity",
    "record_session",
    "record_volume",
]
