"""Repeated-measures ANOVA with the Greenhouse-Geisser correction.

The only place that imports pingouin (0.7, GPL-3). Subjects without every cell are dropped
here, by name, before pingouin could drop them unannounced.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pingouin

from reports.stats.errors import StatsError
from reports.stats.observed import as_floats, require_spread


@dataclass(frozen=True)
class RepeatedMeasures:
    """One-way within-subject ANOVA over the n complete subjects; df1, df2 are uncorrected.

    p_gg is the Greenhouse-Geisser p at (epsilon df1, epsilon df2); ges is generalised eta
    squared; Mauchly's test is None with two levels, where sphericity holds by definition.
    """

    n: int
    df1: int
    df2: int
    statistic: float
    epsilon: float
    p: float
    p_gg: float
    ges: float
    mauchly_w: float | None
    mauchly_p: float | None
    dropped: tuple[str, ...]


def rm_anova(frame: pd.DataFrame, *, subject: str, within: str, value: str) -> RepeatedMeasures:
    """Test equal means over the levels of `within`, listwise.

    frame: one row per subject and level; a missing row or value drops that subject, who is named
    in `dropped`. Raises StatsError on absent columns, repeated cells, fewer than two levels or
    fewer complete subjects than levels.
    """
    wide = _cells(frame, subject, within, value)
    complete = wide.dropna()
    dropped = tuple(str(name) for name in wide.index.difference(complete.index, sort=False))
    n, levels = complete.shape
    if levels < 2 or n <= levels - 1 or n < 2:
        raise StatsError(
            f"rm_anova of {value} has {n} complete subjects at {levels} levels of {within}; it needs two levels "
            "and more complete subjects than levels less one. Use the mixed model instead."
        )
    require_spread(complete.to_numpy(dtype=float).ravel(), f"{value} in rm_anova")
    return _analyse(complete, dropped)


def _cells(frame: pd.DataFrame, subject: str, within: str, value: str) -> pd.DataFrame:
    absent = [name for name in (subject, within, value) if name not in frame.columns]
    if absent:
        raise StatsError(f"rm_anova: the frame lacks {absent}; it has {list(frame.columns)}.")
    if frame[[subject, within]].isna().to_numpy().any():
        raise StatsError(f"rm_anova: {subject} or {within} is missing in some rows; correct the data set.")
    repeated = frame.duplicated([subject, within])
    if repeated.any():
        cells = frame.loc[repeated, [subject, within]].astype(str).agg(" at ".join, axis=1).tolist()
        raise StatsError(f"rm_anova: more than one value for {cells}; keep one row per subject and level.")
    numbers = frame.assign(**{value: as_floats(frame[value], f"{value} in rm_anova")})
    return numbers.pivot(index=subject, columns=within, values=value)


def _analyse(complete: pd.DataFrame, dropped: tuple[str, ...]) -> RepeatedMeasures:
    wide = complete.set_axis(range(complete.shape[1]), axis=1).set_axis(range(complete.shape[0]), axis=0)
    tall = wide.rename_axis("subject").reset_index().melt("subject", var_name="level", value_name="value")
    tall["level"] = tall["level"].astype(int)
    table = pingouin.rm_anova(
        tall, dv="value", within="level", subject="subject", correction=True, detailed=True, effsize="ng2"
    )
    effect, error = table.iloc[0], table.iloc[1]
    corrected = "p_GG_corr" in table.columns
    return RepeatedMeasures(
        n=complete.shape[0],
        df1=int(effect["DF"]),
        df2=int(error["DF"]),
        statistic=float(effect["F"]),
        epsilon=float(effect["eps"]),
        p=float(effect["p_unc"]),
        p_gg=float(effect["p_GG_corr"] if corrected else effect["p_unc"]),
        ges=float(effect["ng2"]),
        mauchly_w=float(effect["W_spher"]) if corrected else None,
        mauchly_p=float(effect["p_spher"]) if corrected else None,
        dropped=dropped,
    )
