"""The paper's figures 7 and 10 from own runs: twins with their probabilities, and the gap between twins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assets.corpora import FEMALE, MALE
from assets.shard_format import IMAGE_REAL
from train.data.assemble import open_corpus
from train.data.frames import FrameTable, Labels, frame_table, read_labels
from train.data.pictures import read_picture
from train.loop.checkpoint import load_detector
from train.loop.fabric import make_fabric
from train.loop.scoring import probabilities
from train.metrics.bootstrap import interval
from train.report.charts import Bars, Case, Tuple, gap_chart, triplet_chart, write_chart
from train.settings import TrainSettings

if TYPE_CHECKING:
    from train.report.plan import Jobs, Study
    from train.report.pooled import Pooled
    from train.report.study import Results

TRIPLETS = 4
CASE_UNITS = ("AU01", "AU24")
"""Action Units of the paper's two cases; the most frequent ones stand in where they are not detected."""

SHOWN = ("source", "m3sda", "pm2")
"""Methods of figure 10: before, the paper's comparison, after."""


@dataclass(frozen=True)
class Twins:
    """Paired frames of the source with their labels."""

    table: FrameTable
    labels: Labels
    columns: tuple[str, ...]


def write_figures(study: Study, jobs: Jobs, results: Results) -> list[Path]:
    """Write the figures that the runs of a study allow.

    Returns
    -------
    list of Path
        None without cross-domain runs or without twins.
    """
    targets = list(dict.fromkeys(target for target, _ in jobs.methods))
    measured = [target for target in targets if any(target in row for row in results.gaps.values())]
    if not measured:
        return []
    target = measured[-1]
    with_gap = [name for name, row in results.gaps.items() if target in row]
    shown = [name for name in SHOWN if name in with_gap] or with_gap[:1]
    runs = {name: study.out / jobs.methods[target, name][0] for name in shown}
    columns = results.gaps[shown[0]][target].columns
    table = frame_table(open_corpus(study.source_of(target), study.base.data_root, "--source"))
    table = table.only(np.flatnonzero(table.paired))
    twins = Twins(table, read_labels(table, columns), columns)
    where = "STAND-IN corpora (simulated). " if results.simulated else ""
    out = _triplets(study, twins, runs[shown[-1]], shown[-1], target, where)
    bars = [_bars(name, results.gaps[name][target]) for name in shown]
    cases = _cases(study, twins, runs, columns)
    title = f"{where}Figure 10: gap between female and male twin, {target}"
    note = f"mean over pairs and seeds {', '.join(map(str, study.seeds))}; bars: 95 % over subjects and seeds"
    return out + write_chart(gap_chart(bars, columns, cases, title, note), study.tables / "figure-10")


def _triplets(study: Study, twins: Twins, run: Path, method: str, target: str, where: str) -> list[Path]:
    rows = expressive_frames(twins)
    names = (IMAGE_REAL, *twins.table.twins)
    probs = np.stack([_probs(study.base, run, twins.table.only(rows), name) for name in names], 1)
    chart = triplet_chart(
        [
            Tuple(_pictures(twins.table, row, names), probs[i], twins.labels.au[row] > 0, _place(twins.table, row))
            for i, row in enumerate(rows)
        ],
        ("stand-in" if where else IMAGE_REAL, *names[1:]), twins.columns,
        f"{where}Figure 7: source frames and their twins; probabilities of {method}, {target}",
    )  # fmt: skip
    return write_chart(chart, study.tables / "figure-7")


def expressive_frames(twins: Twins) -> np.ndarray:
    """Return rows of a few subjects, spread evenly: of each the frame with most active Action Units."""
    subjects = np.unique(twins.table.shard)
    chosen = subjects[np.unique(np.linspace(0, len(subjects) - 1, TRIPLETS).round().astype(int))]
    active = twins.labels.au.sum(1)
    return np.array([rows[active[rows].argmax()] for s in chosen for rows in [np.flatnonzero(twins.table.shard == s)]])


def _cases(study: Study, twins: Twins, runs: dict[str, Path], columns: Sequence[str]) -> list[Case]:
    """Return one pair for each of two Action Units: that of median gap under the first method, so not a chosen one."""
    if not {FEMALE, MALE} <= set(twins.table.twins):
        return []
    frequent = [columns[i] for i in np.argsort(-twins.labels.au.sum(0))]
    known = [unit for unit in CASE_UNITS if unit in columns and twins.labels.au[:, columns.index(unit)].any()]
    out = []
    for unit in [*known, *(unit for unit in frequent if unit not in known)][: len(CASE_UNITS)]:
        index = columns.index(unit)
        rows = np.flatnonzero(twins.labels.au[:, index] > 0)
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, 99).round().astype(int))]
        pairs = {
            name: [_probs(study.base, run, twins.table.only(rows), side)[:, index] for side in (FEMALE, MALE)]
            for name, run in runs.items()
        }
        women, men = next(iter(pairs.values()))
        place = int(np.argsort(np.abs(women - men))[len(rows) // 2])
        lines = [(name, float(f[place]), float(m[place])) for name, (f, m) in pairs.items()]
        title = f"{_place(twins.table, rows[place])}\npair of median gap under {next(iter(pairs))}"
        out.append(Case(_pictures(twins.table, rows[place], (FEMALE, MALE)), unit, title, lines))
    return out


def _bars(name: str, gap: Pooled) -> Bars:
    intervals = [interval(gap.per_au_draws[:, i]) or [v, v] for i, v in enumerate(gap.per_au)]
    return Bars(name, gap.per_au, np.array(intervals))


def _probs(settings: TrainSettings, run: Path, table: FrameTable, image: str) -> np.ndarray:
    detector, meta = load_detector(run)
    fabric = make_fabric(settings)
    detector.to(fabric.device)
    return probabilities(detector, table, len(meta["aus"]), fabric, 64, 0, image)


def _pictures(table: FrameTable, row: int, names: Sequence[str]) -> list[np.ndarray]:
    shard = table.shards[table.shard[row]]
    return [read_picture(shard, name, int(table.row[row]), table.size_px, 1) for name in names]


def _place(table: FrameTable, row: int) -> str:
    shard, at = table.shards[table.shard[row]], int(table.row[row])
    sequence = shard.sequences[int(shard.array("frames/sequence")[at])]
    return f"{shard.subject} {sequence}, frame {int(shard.array('frames/frame')[at])}"
