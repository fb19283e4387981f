"""Figures about corpora: the one module of this package that imports matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np

from assets.corpora import FEMALE, MALE, UNKNOWN
from synth.report.corpora import CorpusCount, published_rate, rate_of
from synth.shards.failures import output_errors

matplotlib.use("Agg")
matplotlib.rcParams.update({
    "svg.hashsalt": "twinface", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
    "axes.linewidth": 0.6, "axes.edgecolor": "0.35", "xtick.color": "0.2", "ytick.color": "0.2",
})  # fmt: skip

from matplotlib.axes import Axes  # noqa: E402
from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

RATE_FIGURE, GENDER_FIGURE = "fig8_au_rates", "fig9_apparent_gender"
DPI = 200
_LINE_IN = 0.18

_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#7F7F7F")
"""Okabe and Ito's palette, told apart with every kind of colour vision."""

_GENDER_COLOURS = {FEMALE: "#E69F00", MALE: "#0072B2", UNKNOWN: "#BBBBBB"}
_STANDIN_NOTE = "Stand-in: simulated faces with labels at chosen rates; no person is shown and none was coded."


def draw_rates(counts: Sequence[CorpusCount]) -> Figure:
    """Return the figure of Action Unit rates: one group of bars per Action Unit, one bar per corpus."""
    numbers = sorted({number for count in counts for number in count.au_numbers})
    rows = max(1, -(-len(numbers) * len(counts) // 36))
    per_row = -(-len(numbers) // rows)
    extra = _LINE_IN * ((len(counts) - 1) // 3)
    figure = Figure(figsize=(7.2, 1.05 + extra + 2.15 * rows))
    panels = figure.subplots(rows, 1, squeeze=False, sharey=True)[:, 0]
    for row, axes in enumerate(panels):
        _rate_panel(axes, counts, numbers[row * per_row : (row + 1) * per_row], per_row)
    height = figure.get_figheight()
    _heading(figure, "How often each Action Unit is active", counts)
    _legend(figure, counts, 1 - 0.45 / height)
    frames = "; ".join(f"{count.title} {count.frames:,}" for count in counts)
    _foot(figure, counts, "Bars: share of the frames with a known label; lines: 95 % interval over subjects; "
          f"black ticks: published rates.\nLabelled frames: {frames}.")  # fmt: skip
    top, bottom = 1 - (0.66 + extra) / height, 0.76 / height
    figure.subplots_adjust(left=0.075, right=0.99, top=top, bottom=bottom, hspace=0.32)
    return figure


def _rate_panel(axes: Axes, counts: Sequence[CorpusCount], numbers: Sequence[int], places: int) -> None:
    """Draw some Action Units, all groups equally wide."""
    for place, number in enumerate(numbers):
        having = [i for i, count in enumerate(counts) if number in count.au_numbers]
        width = 0.84 / max(len(counts), 2)
        starts = place + (np.arange(len(having)) - (len(having) - 1) / 2) * width
        for x, index in zip(starts, having, strict=True):
            rate = rate_of(counts[index], number)
            axes.bar(x, 100 * rate.rate, 0.9 * width, color=_COLOURS[index % len(_COLOURS)])
            axes.plot([x, x], [100 * rate.low, 100 * rate.high], color="0.25", linewidth=0.7)
            published = published_rate(counts[index].corpus, number)
            if published is not None:
                axes.plot([x - 0.48 * width, x + 0.48 * width], [100 * published] * 2, color="black", linewidth=1.4)
            top = 100 * max(rate.high, published or 0)
            axes.annotate(f"{100 * rate.rate:.0f}", (x, top), (0, 2), textcoords="offset points", ha="center",
                          fontsize=6.5, color="0.15")  # fmt: skip
    axes.set_xticks(range(len(numbers)), [f"AU{number}" for number in numbers])
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.55, places - 0.45)
    axes.set_ylim(0, None)
    axes.set_ylabel("frames, %")
    axes.yaxis.grid(True, color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)


def draw_genders(counts: Sequence[CorpusCount]) -> Figure:
    """Return the figure of apparent gender: one bar per corpus, its parts labelled with numbers of subjects."""
    figure = Figure(figsize=(7.2, 1.25 + 0.42 * len(counts)))
    axes = figure.subplots()
    for place, count in enumerate(counts):
        left = 0.0
        for gender, number in count.gender_counts().items():
            share = 100 * number / len(count.subjects)
            if not number:
                continue
            axes.barh(place, share, 0.66, left=left, color=_GENDER_COLOURS[gender], edgecolor="white", linewidth=1)
            ink = "white" if gender == MALE else "black"
            text = f"{number} {gender}" if share > 12 else f"{number}"
            axes.text(left + share / 2, place, text, ha="center", va="center", color=ink, fontsize=8.5)
            left += share
    axes.set_yticks(range(len(counts)), [f"{count.title}\n{len(count.subjects)} subjects" for count in counts])
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.axvline(50, color="0.2", linewidth=0.8, linestyle=(0, (2, 2)))
    axes.set_xlim(0, 100)
    axes.set_xlabel("subjects, %")
    height = figure.get_figheight()
    _heading(figure, "Apparent gender of the subjects", counts)
    _foot(figure, counts, "Apparent gender: as observers judge a picture.")
    figure.subplots_adjust(left=0.19, right=0.975, top=1 - 0.36 / height, bottom=0.84 / height)
    return figure


def _heading(figure: Figure, text: str, counts: Sequence[CorpusCount]) -> None:
    kind = " (simulated stand-in corpora)" if all(count.simulated for count in counts) else ""
    height = figure.get_figheight()
    figure.text(0.012, 1 - 0.09 / height, text + kind, ha="left", va="top", fontsize=10.5, fontweight="bold")


def _legend(figure: Figure, counts: Sequence[CorpusCount], top: float) -> None:
    """Write the name of each corpus beside its colour, in as many lines as it takes."""
    renderer, to_figure = FigureCanvasAgg(figure).get_renderer(), figure.transFigure.inverted()
    x, y = 0.012, top
    for index, count in enumerate(counts):
        mark = figure.text(x, y, "■ ", color=_COLOURS[index % len(_COLOURS)], fontsize=9, va="center")
        after = mark.get_window_extent(renderer).transformed(to_figure).x1
        name = figure.text(after, y, f"{count.title} ({len(count.subjects)} subjects)", fontsize=8, va="center")
        end = name.get_window_extent(renderer).transformed(to_figure).x1
        if end > 0.99 and x > 0.012:
            width, y = end - x, y - _LINE_IN / figure.get_figheight()
            name.set_position((0.012 + after - x, y))
            mark.set_position((0.012, y))
            x, end = 0.012, 0.012 + width
        x = end + 0.02


def _foot(figure: Figure, counts: Sequence[CorpusCount], text: str) -> None:
    lines = [text, *([_STANDIN_NOTE] if any(count.simulated for count in counts) else [])]
    bottom = 0.07 / figure.get_figheight()
    figure.text(0.012, bottom, "\n".join(lines), ha="left", va="bottom", fontsize=7, color="0.35")


def write_figures(counts: Sequence[CorpusCount], folder: Path) -> list[Path]:
    """Write both figures as PNG and SVG and return the files; the same numbers give the same bytes.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    files = []
    for name, figure in ((RATE_FIGURE, draw_rates(counts)), (GENDER_FIGURE, draw_genders(counts))):
        for suffix in ("png", "svg"):
            path = folder / f"{name}.{suffix}"
            with output_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                figure.savefig(path, dpi=DPI, metadata={"Software" if suffix == "png" else "Date": None})
            files.append(path)
    return files
