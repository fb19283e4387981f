"""A study from its runs to its tables and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from assets.errors import InputError, Problem, closest
from assets.partition import read_partition
from train.data.assemble import open_corpus
from train.data.splits import DEAL, SHARDS, partition_of
from train.loop.files import replace_file, write_json
from train.loop.reporter import Reporter
from train.loop.stored import read_gap, read_scored
from train.methods.registry import METHODS
from train.report.execute import run_jobs
from train.report.layout import files_of
from train.report.plan import Jobs, Study, make_jobs, on_partition
from train.report.pooled import (
    Pooled,
    always_active,
    pool_gaps,
    pool_scores,
    read_metrics,
    summary_of,
)
from train.report.protocols import BASE_MODELS
from train.report.tables import (
    TARGET_SUPERVISED,
    Table,
    cross_table,
    difference_table,
    printed,
    printed_ablation,
    undefined_note,
    within_table,
)

STANDIN_NOTE = "STAND-IN corpora: every picture called real was rendered; no statement about real faces follows"
ALWAYS = "always active (no model)"
SCORE_OF_TABLE = {"3": "f1", "4": "eo", "5": "spd"}


@dataclass(frozen=True)
class Results:
    """Pooled scores of a study.

    Attributes
    ----------
    methods : dict of str to dict of str to dict of str to Pooled
        By score (``f1``, ``eo``, ``spd``), row of table 3 to 5, and target.
    weights : dict of str to dict of str to Pooled
        F1 by row of table 6 and target.
    within : dict of str to Pooled
        F1 by corpus.
    gaps : dict of str to dict of str to Pooled
        Gap between twins by method and target.
    simulated : bool
    notes : tuple of str
        That belong to every table.
    single_class : tuple of str
        Which within-domain test sets never or always show an Action Unit.
    """

    methods: Mapping[str, Mapping[str, Mapping[str, Pooled]]]
    weights: Mapping[str, Mapping[str, Pooled]]
    within: Mapping[str, Pooled]
    gaps: Mapping[str, Mapping[str, Pooled]]
    simulated: bool
    notes: tuple[str, ...]
    single_class: tuple[str, ...] = ()


def compare(study: Study, reporter: Reporter) -> list[Table]:
    """Run what is missing, then write tables and figures; finished runs are kept.

    Stage A is shared by all methods and targets of a seed, and runs that several tables need are made once. Nothing
    is chosen on target labels.

    Returns
    -------
    list of Table
    """
    from train.report.figures import write_figures

    check_study(study)
    jobs = make_jobs(study)
    runs = study.out
    run_jobs(list(jobs.every.values()), runs, study.at_once, reporter)
    results = pool_study(study, jobs)
    tables = tables_of(study, results)
    heading = "Results on STAND-IN corpora (simulated)" if results.simulated else "Results"
    for name, text in files_of(tables, heading).items():
        replace_file(study.tables / name, partial(_write, text=text))
    write_json(study.tables / "summary.json", _summary(results))
    for path in write_figures(study, jobs, results):
        reporter.note(f"figure: {path}")
    return tables


def unknown_names(methods: Sequence[str], base_models: Sequence[str]) -> list[Problem]:
    """Return one problem for each method and each base model that does not exist."""
    kinds = ("method", "--methods", methods, METHODS), ("base model", "--base-models", base_models, BASE_MODELS)
    return [
        Problem(f"no {kind} named {name!r}", option, closest(name, known))
        for kind, option, asked, known in kinds
        for name in asked
        if name not in known
    ]


def check_study(study: Study) -> None:
    """Refuse before the first run what would stop a later one.

    Raises
    ------
    InputError
        Every unknown method or base model, absent corpus, and a missing partition.
    """
    problems = unknown_names(study.methods, study.base_models)
    alone = {name for protocol in study.protocols for name in protocol.alone if on_partition(name)}
    for name, folder in study.folders.items():
        try:
            shards = open_corpus(folder, study.base.data_root, f"corpus {name}")
            if name in alone and study.partition == SHARDS:
                stored = [str(shard.file.attrs.get("split", "")) for shard in shards]
                partition_of([shard.subject for shard in shards], name, SHARDS, stored)
        except InputError as error:
            problems += error.problems
    if alone and study.partition not in (DEAL, SHARDS):
        read_partition(study.partition)
    if problems:
        raise InputError(problems)


def pool_study(study: Study, jobs: Jobs) -> Results:
    """Read the runs of a study and pool them over seeds and folds."""
    out, draws = study.out, study.base.boot
    methods: dict[str, dict[str, dict[str, Pooled]]] = {}
    gaps: dict[str, dict[str, Pooled]] = {}
    for (target, name), names in (jobs.models | jobs.methods).items():
        scores = pool_scores([[read_scored(out / run) for run in names]], draws, target)
        for score, pooled in scores.items():
            methods.setdefault(score, {}).setdefault(name, {})[target] = pooled
        found = [gap for run in names if (gap := read_gap(out / run)) is not None]
        if found and (target, name) in jobs.methods:
            gaps.setdefault(name, {})[target] = pool_gaps(found, draws, "source")
    weights: dict[str, dict[str, Pooled]] = {}
    for (target, (alpha, beta)), names in jobs.weights.items():
        scores = pool_scores([[read_scored(out / run) for run in names]], draws, target, fairness=False)
        weights.setdefault(_weights_name(alpha, beta), {})[target] = scores["f1"]
    within = {}
    for corpus, folds in jobs.alone.items():
        runs_read = _read(out, folds)
        within[corpus] = pool_scores(runs_read, draws, corpus, fairness=False)["f1"]
        blind = [[always_active(run) for run in runs] for runs in runs_read]
        within[f"{corpus}, {ALWAYS}"] = pool_scores(blind, draws, corpus, fairness=False)["f1"]
    for target, runs in {target: names for (target, _), names in jobs.methods.items()}.items():
        blind = [[always_active(read_scored(out / run)) for run in runs]]
        methods["f1"].setdefault(ALWAYS, {})[target] = pool_scores(blind, draws, target, fairness=False)["f1"]
    for target in {target for target, _ in jobs.methods} & set(jobs.alone):
        columns = next(scores[target].columns for scores in methods["f1"].values() if target in scores)
        row = pool_scores(_read(out, jobs.alone[target], columns), draws, target, fairness=False)["f1"]
        methods["f1"].setdefault(TARGET_SUPERVISED, {})[target] = row
    every = [read_metrics(out / name) for name in jobs.every]
    return Results(
        methods, weights, within, gaps, any(one["simulated"] for one in every), tuple(_notes(study, every)),
        tuple(_single_class(out, jobs)),
    )  # fmt: skip


def _single_class(out: Path, jobs: Jobs) -> list[str]:
    tests = [read_metrics(out / names[0])["test"] for folds in jobs.alone.values() for names in folds]
    return [
        f"{' '.join(test['single_class_aus'])}: one class only in the labels of {test['test_set']}; F1 is then 0 or 1"
        for test in tests
        if test["single_class_aus"]
    ]


def _read(out: Path, folds: Sequence[Sequence[str]], columns: Sequence[str] = ()) -> list[list[Any]]:
    return [[read_scored(out / run, columns) for run in names] for names in folds]


def _weights_name(alpha: float, beta: float) -> str:
    return f"α = {alpha:g}, β = {beta:g}"


def _notes(study: Study, every: Sequence[dict[str, Any]]) -> list[str]:
    rules = sorted({one["selection"]["rule"] for one in every})
    notes = [f"seeds {', '.join(map(str, study.seeds))}; epoch chosen by: {', '.join(rules)}"]
    if any(one["simulated"] for one in every):
        notes.insert(0, STANDIN_NOTE)
    sets = sorted({f"{one['test']['test_set']}: {one['test']['frames']} frames" for one in every if "test" in one})
    notes += [f"tested on {text}" for text in sets if "fold" not in text and "partition" not in text]
    notes.append(
        "intervals: 95 %, percentiles of a bootstrap that draws subjects (within each apparent gender) and seeds, both "
        "with replacement; all methods share the draws"
    )
    departures = sorted({text for one in every for text in one["deviations"] if not text.startswith(("alpha", "beta"))})
    return notes + [f"departs from the paper: {text}" for text in departures]


def tables_of(study: Study, results: Results) -> list[Table]:
    """Build the tables that the protocols of a study name."""
    keys = [key for protocol in study.protocols for key in protocol.tables]
    made = {key: _table(key, study, results) for key in dict.fromkeys(keys)}
    order = ["2", "3", "4", "5", "6", "differences", "gap"]
    return [table for key in order if (table := made.get(key)) is not None and table.rows]


def _table(key: str, study: Study, results: Results) -> Table | None:
    standin, notes, scores = results.simulated, list(results.notes), results.methods
    if key == "2":
        notes = [note for note in notes if not note.startswith("tested on")]
        notes.append("three subject-exclusive folds, their mean; gft: test subjects of its partition")
        notes += results.single_class
        order = [name for protocol in study.protocols if "2" in protocol.tables for name in protocol.alone]
        rows = {row: results.within[row] for name in order for row in (name, f"{name}, {ALWAYS}")}
        return within_table(standin, rows, notes)
    if key == "6":
        pairs = {_weights_name(*pair): pair for protocol in study.protocols for pair in protocol.weights}
        notes += _shared_runs(study, set(pairs.values()))
        look = {name: pair for name, pair in pairs.items() if name in results.weights}
        return cross_table(
            key, standin, results.weights, lambda row, target, units: printed_ablation(*look[row], target, units),
            notes, "weights",
        )  # fmt: skip
    if key == "differences":
        own = {score: {row: rows[row] for row in study.methods if row in rows} for score, rows in scores.items()}
        return difference_table(standin, own, notes) if "source" in own.get("f1", {}) else None
    if key == "gap":
        notes = [note for note in notes if not note.startswith("tested on")]
        notes.append("over pairs of twins of the source; the paper shows two such pairs in its figure 10")
        return cross_table(key, standin, results.gaps, lambda row, target, units: {}, notes) if results.gaps else None
    score = SCORE_OF_TABLE[key]
    if score not in scores:
        return None
    if key == "3":
        notes += _notes_of_table_3(study, scores[score])
    notes += undefined_note(scores[score])
    return cross_table(
        key, standin, scores[score], lambda row, target, units: printed(score, row, target, units), notes
    )  # fmt: skip


def _shared_runs(study: Study, pairs: set[tuple[float, float]]) -> list[str]:
    """Say which lines of table 6 are runs of a simpler method; ``train.report.plan.weighted`` shares them."""
    alpha = study.adapt.alpha
    told = ["α = β = 0 is the run of source"] if (0.0, 0.0) in pairs else []
    told += [f"(α, β) = ({alpha:g}, 0) that of mcd"] if alpha > 0 and (alpha, 0.0) in pairs else []
    return [f"{', and '.join(told)}: they are equal bit by bit"] if told else []


def _notes_of_table_3(study: Study, rows: Mapping[str, Any]) -> list[str]:
    notes = []
    if TARGET_SUPERVISED in rows:
        notes.append(
            f"{TARGET_SUPERVISED}: trained and tested within the target, subjects apart (the runs of table 2), scored "
            "on the common Action Units; its test subjects are those of the folds or of the partition"
        )
    if study.base_models:
        notes.append(f"{', '.join(study.base_models)}: other base models, trained on the source, transferred unchanged")
    else:
        notes.append("the base models drml, jaanet and resnet18 of the paper were left out (--base-models runs them)")
    return notes


def _summary(results: Results) -> dict[str, Any]:
    """Return averages and intervals, ready for JSON."""
    rows = {score: {name: summary_of(row) for name, row in rows.items()} for score, rows in results.methods.items()}
    return {
        "notes": list(results.notes),
        "simulated": results.simulated,
        "cross": rows,
        "ablation": {name: summary_of(row) for name, row in results.weights.items()},
        "within": summary_of(results.within),
        "gap": {name: summary_of(row) for name, row in results.gaps.items()},
    }


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
