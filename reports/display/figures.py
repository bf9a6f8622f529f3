"""Pictures as SVG, the same bytes for the same data."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

WIDTH, HEIGHT = 6.9, 3.0
INFUSION, PALE = "#c0392b", "#b8c4d0"


def course_figure(wide: pd.DataFrame, labels: Sequence[str], marks: Sequence[str] = ()) -> bytes:
    """Individual lines, mean and SD per visit, and the infusion as a red bar between baseline and the next visit.

    wide: a row per subject, a column per visit in order, baseline first; points. labels: one per column. marks:
    what stands above the error bar of each column, such as "**"; none by default.
    """
    settings: dict[Any, Any] = {
        "svg.hashsalt": "course",
        "svg.fonttype": "path",
        "font.family": "DejaVu Sans",
        "font.size": 8,
    }
    with mpl.rc_context(settings):
        canvas = Canvas(figsize=(WIDTH, HEIGHT))
        # The plot begins and ends where the columns of the table below it do.
        margin = 1.4 / (1.4 + len(labels))
        axes = canvas.add_axes((margin, 0.05, 1 - margin, 0.92))
        places = np.arange(len(labels), dtype=float)
        for row in wide.to_numpy(dtype=float):
            axes.plot(places, row, color=PALE, linewidth=0.7, zorder=1)
        seen = wide.notna().sum().to_numpy()
        means = wide.mean().to_numpy(dtype=float)
        spread = np.nan_to_num(wide.std(ddof=1).to_numpy(dtype=float))
        if seen.any():
            axes.errorbar(
                places[seen > 0],
                means[seen > 0],
                yerr=spread[seen > 0],
                color="black",
                linewidth=1.6,
                marker="o",
                markersize=4,
                capsize=3,
                zorder=3,
            )
        top = max(
            40.0,
            float(np.nanmax(wide.to_numpy(dtype=float), initial=0.0)) + 2,
            float(np.nanmax(means + spread, initial=0.0)) + 2,
        )
        axes.plot([0.25, 0.75], [top * 0.985] * 2, color=INFUSION, linewidth=5, solid_capstyle="butt", zorder=2)
        axes.text(0.5, top * 0.94, "infusion", color=INFUSION, ha="center", va="top")
        for place, mark, mean, half in zip(places, marks, means, spread, strict=False):
            if mark:
                axes.text(place, mean + half + 0.4, mark, ha="center", va="bottom", fontsize=10, zorder=4)
        axes.set_xlim(-0.5, len(labels) - 0.5)
        axes.set_ylim(0, top)
        axes.set_xticks(places, [""] * len(labels))
        axes.set_ylabel("MADRS total, points")
        axes.spines[["top", "right"]].set_visible(False)
        file = io.BytesIO()
        canvas.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()
