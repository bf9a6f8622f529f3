"""Volumes of the protocol's structures. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from imaging.formats.freesurfer_aseg import AsegStats
from imaging.formats.problems import refused
from trial.protocol.schema import Structure

ETIV = "etiv"
ASEG_NAMES = {"hippocampus": "Hippocampus", "amygdala": "Amygdala", "accumbens": "Accumbens-area"}


def aseg_label(structure: Structure) -> str:
    """FreeSurfer's name of a structure of the protocol, such as Left-Accumbens-area."""
    return f"{structure.hemisphere.capitalize()}-{ASEG_NAMES[structure.structure]}"


def measured(stats: AsegStats, structures: Mapping[str, Structure]) -> dict[str, Decimal]:
    """Volumes in mm³ of the protocol's structures by id, and of the intracranial volume as "etiv".

    Raises FileRefused where the file lacks a structure or gives it no volume.
    """
    found = {ETIV: stats.etiv}
    for name, structure in structures.items():
        label = aseg_label(structure)
        volume = stats.volumes.get(label)
        if not volume:
            raise refused("is missing or empty; the segmentation failed or was edited", column=label)
        found[name] = volume
    return found


def per_mille(volume: Decimal, etiv: Decimal) -> Decimal:
    """Volume as parts per thousand of the intracranial volume, both in mm³; ValueError unless etiv > 0."""
    if etiv <= 0:
        raise ValueError(f"The intracranial volume must be above 0 mm³, not {etiv}.")
    return volume * 1000 / etiv
