"""Charts: the one module of the trainer that imports matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import matplotlib
import numpy as np

from train.loop.files import replace_file

matplotlib.use("Agg")
matplotlib.rcParams.update({"svg.hashsalt": "twinface", "font.size": 8, "axes.spines.top": False,
                            "axes.spines.right": False})  # fmt: skip
from matplotlib.figure import Figure, FigureBase  # noqa: E402

COLOURS = ("#444444", "#c2577a", "#2f7fb8", "#8a9a3c", "#b07d2b", "#6b5aa8")
"""Real, female, male; further ones for methods."""


@dataclass(frozen=True)
class Tuple:
    """One frame and its twins: pictures (H, W, 3) uint8, probabilities (1 + G, A), labels (A,), and what it is."""

    pictures: Sequence[np.ndarray]
    probs: np.ndarray
    active: np.ndarray
    title: str


@dataclass(frozen=True)
class Bars:
    """One group of bars: values (A,) and intervals (A, 2) as fractions."""

    name: str
    values: np.ndarray
    intervals: np.ndarray


@dataclass(frozen=True)
class Case:
    """One pair of twins: pictures, Action Unit, and lines (method, p female, p male)."""

    pictures: Sequence[np.ndarray]
    unit: str
    title: str
    lines: Sequence[tuple[str, float, float]]


def triplet_chart(rows: Sequence[Tuple], names: Sequence[str], units: Sequence[str], title: str) -> Figure:
    """Draw tuples of pictures, one a line, each beside the probabilities of its members."""
    count = len(names)
    figure = Figure(figsize=(1.45 * count + 4.6, 1.75 * len(rows) + 0.7), layout="constrained")
    grid = figure.subplots(len(rows), count + 1, squeeze=False, width_ratios=[1.0] * count + [3.2])
    for line, row in zip(grid, rows, strict=True):
        for axes, picture, name in zip(line, row.pictures, names, strict=False):
            axes.imshow(picture)
            axes.set_axis_off()
            axes.set_title(name, fontsize=8)
        axes = line[-1]
        places = np.arange(len(units))
        for number, (name, values) in enumerate(zip(names, row.probs, strict=True)):
            axes.plot(places + 0.16 * (number - 1), values, "o", ms=4, color=COLOURS[number % len(COLOURS)], label=name)
        for place in np.flatnonzero(row.active):
            axes.axvspan(place - 0.45, place + 0.45, color="#f3e7c4", zorder=0)
        axes.axhline(0.5, color="#999999", lw=0.7, ls="--")
        axes.set_ylim(-0.03, 1.03)
        axes.set_xticks(places, [unit.removeprefix("AU").lstrip("0") for unit in units])
        axes.set_ylabel("probability")
        axes.set_title(f"{row.title}; shaded: labelled active", fontsize=8)
    grid[-1][-1].set_xlabel("Action Unit")
    grid[0][-1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    figure.suptitle(title, fontsize=9)
    return figure


def gap_chart(bars: Sequence[Bars], units: Sequence[str], cases: Sequence[Case], title: str, note: str) -> Figure:
    """Draw gaps per Action Unit by method as bars, and single pairs with their probabilities below."""
    figure = Figure(figsize=(8.2, 3.0 + 1.9 * bool(cases)), layout="constrained")
    parts: list[FigureBase] = [figure]
    if cases:
        parts = list(figure.subfigures(2, 1, squeeze=False, height_ratios=[3, 2])[:, 0])
    upper, *lower = parts
    axes = upper.subplots()
    width = 0.8 / max(1, len(bars))
    for number, group in enumerate(bars):
        places = np.arange(len(units)) + (number - (len(bars) - 1) / 2) * width
        spread = np.abs(group.intervals.T - group.values)
        axes.bar(places, 100 * group.values, width, yerr=100 * spread, color=COLOURS[number % len(COLOURS)],
                 label=group.name, error_kw={"lw": 0.7})  # fmt: skip
    axes.set_xticks(np.arange(len(units)), units)
    axes.set_ylabel("|p(female) − p(male)|, %")
    axes.set_ylim(0, 1.18 * axes.get_ylim()[1])
    axes.legend(frameon=False, ncols=len(bars), loc="upper right")
    axes.set_title(note, fontsize=8)
    for part in lower:
        _cases(part, cases)
    figure.suptitle(title, fontsize=9)
    return figure


def _cases(figure: FigureBase, cases: Sequence[Case]) -> None:
    grid = figure.subplots(1, 3 * len(cases), squeeze=False, width_ratios=[1.0, 1.0, 1.7] * len(cases))[0]
    for axes in grid:
        axes.set_axis_off()
    for number, case in enumerate(cases):
        female, male, text = grid[3 * number : 3 * number + 3]
        for axes, picture, name in ((female, case.pictures[0], "female"), (male, case.pictures[1], "male")):
            axes.imshow(picture)
            axes.set_title(name, fontsize=8)
        lines = [f"{case.unit} active", f"{'':8}  f    m   diff."]
        lines += [f"{name:8} {f:.2f} {m:.2f} {abs(f - m):.2f}" for name, f, m in case.lines]
        text.text(0.0, 0.95, "\n".join(lines), va="top", family="monospace", fontsize=7, transform=text.transAxes)
        text.text(0.0, 0.05, case.title, va="bottom", fontsize=6, transform=text.transAxes)


def write_chart(figure: Figure, path: Path) -> list[Path]:
    """Write a chart as PNG and SVG beside each other; equal charts give equal files."""
    out = []
    for suffix, varying in ((".png", "Software"), (".svg", "Date")):
        file = path.with_suffix(suffix)
        replace_file(file, partial(figure.savefig, format=suffix[1:], dpi=150, metadata={varying: None}))
        out.append(file)
    return out
