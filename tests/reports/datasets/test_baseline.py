"""Which value is the baseline."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd

from reports.datasets.baseline import with_baseline

START = datetime(2016, 5, 2, 15, tzinfo=UTC)
DAY = timedelta(days=1)


def measured(*rows: tuple[str | None, timedelta, float | None], start: datetime | None = START) -> pd.DataFrame:
    frame = pd.DataFrame(
        [("K-1", "MADRS", visit, START + offset, value) for visit, offset, value in rows],
        columns=["USUBJID", "PARAMCD", "AVISIT", "ADT", "AVAL"],
    )
    adex = pd.DataFrame({"USUBJID": ["K-1"], "TRTSDT": pd.Series([start], dtype="datetime64[us, UTC]")})
    return with_baseline(frame, adex).set_index("AVISIT")


def test_the_last_complete_value_before_the_start_is_the_baseline() -> None:
    rows = measured(("screening", -9 * DAY, 30.0), ("baseline", -DAY, 27.0), ("day_6", 5 * DAY, 12.0))
    assert rows.loc["baseline", "AVAL"] == 27
    assert (rows["BASE"]["day_6"], rows["CHG"]["day_6"]) == (27, -15)
    assert rows["CHG"].isna()["screening"]


def test_a_score_with_a_missing_item_is_passed_over() -> None:
    rows = measured(("screening", -9 * DAY, 30.0), ("baseline", -DAY, None), ("day_6", 5 * DAY, 12.0))
    assert rows.loc["baseline", "AVAL"] == 30
    assert rows.loc["day_6", "CHG"] == -18


def test_a_value_at_the_start_or_later_is_never_the_baseline() -> None:
    rows = measured(("baseline", timedelta(0), 11.0), ("day_6", 5 * DAY, 12.0))
    assert "baseline" not in rows.index
    assert rows["BASE"].isna()["day_6"]


def test_who_never_started_has_no_baseline_and_no_change() -> None:
    rows = measured(("screening", -9 * DAY, 30.0), start=None)
    assert not rows["ABLFL"].any()
    assert rows[["BASE", "CHG"]].isna().all(axis=None)


def test_of_two_values_at_a_visit_the_later_counts() -> None:
    rows = measured(("baseline", -DAY, 27.0), ("day_6", 5 * DAY, 12.0), ("day_6", 5 * DAY + timedelta(hours=1), 14.0))
    assert rows.loc["day_6", "AVAL"] == 14
