"""Data sets are exactly as declared."""

from __future__ import annotations

from dataclasses import fields

import pandas as pd
import pytest

from reports.datasets import Datasets
from reports.datasets.columns import COLUMNS, DatasetError, shaped, validate


def test_every_data_set_of_a_full_and_an_empty_trial_is_as_declared(cohort: Datasets, nobody: Datasets) -> None:
    for datasets in (cohort, nobody):
        frames = {f.name: getattr(datasets, f.name) for f in fields(datasets)}
        frames = {name: frame for name, frame in frames.items() if isinstance(frame, pd.DataFrame)}
        assert set(frames) == set(COLUMNS)
        for name, frame in frames.items():
            assert validate(frame, name) is frame


def test_every_column_has_a_label_an_origin_and_numbers_a_unit() -> None:
    for columns in COLUMNS.values():
        for column in columns:
            assert column.label
            assert column.origin
            assert column.unit or column.kind in ("text", "flag")


def test_a_missing_column_is_named_with_the_place_to_declare_it(cohort: Datasets) -> None:
    with pytest.raises(DatasetError, match=r"adqs lacks \['BASE'\]; declare it in reports/datasets/columns.py"):
        validate(cohort.adqs.drop(columns="BASE"), "adqs")


def test_a_column_too_many_and_a_wrong_type_are_refused(cohort: Datasets) -> None:
    with pytest.raises(DatasetError, match="beyond its columns"):
        validate(cohort.adqs.assign(EXTRA=1), "adqs")
    with pytest.raises(DatasetError, match=r"adqs\.AVAL is"):
        validate(cohort.adqs.assign(AVAL="x"), "adqs")
    with pytest.raises(DatasetError, match=r"adex\.HOURS is not of kind float"):
        shaped(cohort.adex.assign(HOURS="x"), "adex")
    with pytest.raises(DatasetError, match="'adxx' is no data set"):
        validate(cohort.adqs, "adxx")
