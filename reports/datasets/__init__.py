"""Tidy data sets (ADaM-like) from raw extracts: frames in, frames out, nothing else."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

import pandas as pd

from reports.datasets.adae import adae, addv
from reports.datasets.adex import adex
from reports.datasets.adfx import adfx
from reports.datasets.adpc import adpc
from reports.datasets.adqs import adqs
from reports.datasets.adsl import adsl
from reports.datasets.advs import advs
from reports.datasets.columns import shaped, validate
from reports.datasets.dating import left_out
from reports.datasets.extracts import Extracts
from reports.datasets.imaging import adfc, admo, sessions
from reports.datasets.statuses import permitted
from trial.protocol import Protocol


@dataclass(frozen=True, eq=False)
class Datasets:
    """All data sets at one data cut; the columns of each are declared in columns.py."""

    adsl: pd.DataFrame
    adex: pd.DataFrame
    adqs: pd.DataFrame
    advs: pd.DataFrame
    adfx: pd.DataFrame
    adpc: pd.DataFrame
    adae: pd.DataFrame
    addv: pd.DataFrame
    adfc: pd.DataFrame
    admo: pd.DataFrame
    exclusions: pd.DataFrame
    refusals: pd.DataFrame
    data_cut: datetime
    is_synthetic: bool


def build(read: Extracts, protocol: Protocol) -> Datasets:
    """Derive every data set of those who let their data be used; raises DatasetError when one is not as declared."""
    extracts, refusals = permitted(read)
    exposure = adex(extracts)
    scores, pressures = adqs(extracts, exposure, protocol), advs(extracts, exposure, protocol)
    effects = adfx(extracts, exposure, protocol)
    scans, misdated_scans = sessions(extracts, exposure)
    unused = left_out(scores.left_out, pressures.left_out, effects.left_out, misdated_scans)
    datasets = Datasets(
        adsl=adsl(extracts, exposure, scores.rows, protocol),
        adex=exposure,
        adqs=scores.rows,
        advs=pressures.rows,
        adfx=effects.rows,
        adpc=adpc(extracts, exposure),
        adae=adae(extracts, exposure),
        addv=addv(extracts),
        adfc=adfc(extracts, scans),
        admo=admo(extracts, scans),
        exclusions=shaped(unused, "exclusions"),
        refusals=refusals,
        data_cut=read.data_cut,
        is_synthetic=read.is_synthetic,
    )
    for field in fields(datasets):
        value = getattr(datasets, field.name)
        if isinstance(value, pd.DataFrame):
            validate(value, field.name)
    return datasets
