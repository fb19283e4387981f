"""Many methods and seeds, each run once, and the tables that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from train.loop.files import replace_file, write_json
from train.loop.reporter import Reporter
from train.loop.run import train
from train.methods.registry import method_named
from train.report.pooled import SCORES_OF_TABLES, Pooled, difference, pool, read_metrics, read_scored
from train.report.tables import Table, ablation_table, score_table, write_everything
from train.settings import TrainSettings

ABLATION = ((0.0, 0.0), (1.0, 0.0), (0.3, 0.0), (0.0, 1.0), (0.0, 0.5), (1.0, 1.0), (1.0, 0.5), (0.3, 1.0), (0.3, 0.5))
"""The pairs (α, β) of the paper's table 6."""


@dataclass(frozen=True)
class Plan:
    """What to compare.

    Attributes
    ----------
    methods : tuple of str
    seeds : tuple of int
    base, adapt : TrainSettings
        Of stage A and stage B; the seed is replaced.
    ablation : bool
        Run the paper's table 6, too.
    out : Path
    """

    methods: tuple[str, ...]
    seeds: tuple[int, ...]
    base: TrainSettings
    adapt: TrainSettings
    ablation: bool
    out: Path


def compare(plan: Plan, reporter: Reporter) -> tuple[list[Table], dict[str, Any]]:
    """Run what is missing and build the tables; finished runs are kept.

    Stage A is shared by all methods of a seed. Nothing is chosen on target labels.

    Returns
    -------
    tables : list of Table
    summary : dict
        Averages, intervals, differences to ``source``, as written to ``summary.json``.
    """
    for name in plan.methods:
        method_named(name)
    runs: dict[str, list[Path]] = {name: [] for name in plan.methods}
    weighted: dict[tuple[float, float], list[Path]] = {pair: [] for pair in ABLATION} if plan.ablation else {}
    for seed in plan.seeds:
        base = plan.out / f"base-s{seed}"
        reporter.note(f"seed {seed}: stage A")
        train(replace(plan.base, seed=seed), "source", base, None, reporter, "base")
        settings = replace(plan.adapt, seed=seed)
        for name in plan.methods:
            reporter.note(f"seed {seed}: {name}")
            runs[name].append(plan.out / f"{name}-s{seed}")
            train(settings, name, runs[name][-1], base, reporter)
        for alpha, beta in weighted:
            reporter.note(f"seed {seed}: pm2 with α = {alpha:g}, β = {beta:g}")
            weighted[alpha, beta].append(plan.out / f"pm2-a{alpha:g}-b{beta:g}-s{seed}")
            train(replace(settings, alpha=alpha, beta=beta), "pm2", weighted[alpha, beta][-1], base, reporter)
    return _tables(plan, runs, weighted)


def _tables(
    plan: Plan, runs: Mapping[str, Sequence[Path]], weighted: Mapping[tuple[float, float], Sequence[Path]]
) -> tuple[list[Table], dict[str, Any]]:
    first = read_metrics(next(iter(runs.values()))[0])
    target, columns = first["corpora"]["target"], first["aus"]
    notes = [
        f"{len(plan.seeds)} seeds {list(plan.seeds)}; test set: {first['test']['test_set']}; "
        f"{first['test']['frames']} frames, {first['test']['subjects']} subjects",
        "intervals: 95 % over resampled subjects (within gender) and seeds; model selection: "
        f"{first['selection']['rule']}",
        "the last column is what the paper prints for the real corpora; it was not measured here",
    ]
    if first["simulated"]:
        notes.insert(0, "SIMULATED STAND-IN corpora: rendered pictures; no statement about real faces follows")
    draws, seed = plan.adapt.boot, 0
    pooled = {name: pool([read_scored(run) for run in paths], draws, seed) for name, paths in runs.items()}
    tables = [
        score_table(score, pooled, target, columns, notes)
        for score in SCORES_OF_TABLES
        if any(score in scores for scores in pooled.values())
    ]
    if weighted:
        cells = {pair: pool([read_scored(run) for run in paths], draws, seed) for pair, paths in weighted.items()}
        tables.append(ablation_table(cells, target, columns, notes))
    summary = {"notes": notes, "methods": {name: _plain(scores) for name, scores in pooled.items()}}
    if "source" in pooled:
        summary["difference_to_source"] = {
            name: {score: difference(scores[score], pooled["source"][score]) for score in scores}
            for name, scores in pooled.items()
            if name != "source"
        }
    for name, text in write_everything(tables).items():
        replace_file(plan.out / name, lambda part, text=text: _write(part, text))
    write_json(plan.out / "summary.json", summary)
    return tables, summary


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _plain(scores: Mapping[str, Pooled]) -> dict[str, Any]:
    return {
        name: {"avg": score.avg, "interval": score.interval, "seeds": list(score.seed_avgs)}
        for name, score in scores.items()
    }
