"""From a protocol to the runs it takes: a list of jobs, each a folder, that later ones may start from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from assets.corpora import CORPORA, base_name
from train.data.splits import FOLDS
from train.report.protocols import FROM_SCRATCH, Protocol
from train.settings import TrainSettings

WHOLE: dict[str, Any] = {"partition": "", "fold": -1}
"""Settings of a run on every subject of its source: a partition that the user names belongs to the corpora that are
evaluated on it, and the folds are made by the study itself."""


@dataclass(frozen=True)
class Study:
    """What to compare.

    Attributes
    ----------
    protocols : tuple of Protocol
    methods : tuple of str
    seeds : tuple of int
    folders : mapping of str to str
        Folder of shards, or name under ``base.data_root``, of each corpus by its plain name (``gft``).
    base_models : tuple of str
        Further base models of table 3.
    base, adapt : TrainSettings
        Of stage A and stage B; corpora and seed are replaced.
    partition : str
        Of corpora that are evaluated on a partition, see ``TrainSettings.partition``.
    out, tables : Path
        Folder of the runs, and of tables and figures.
    at_once : int
        Runs at the same time.
    """

    protocols: tuple[Protocol, ...]
    methods: tuple[str, ...]
    seeds: tuple[int, ...]
    folders: Mapping[str, str]
    base_models: tuple[str, ...]
    base: TrainSettings
    adapt: TrainSettings
    partition: str
    out: Path
    tables: Path
    at_once: int = 1

    def source_of(self, target: str) -> str:
        """Return the folder of the source that is adapted to a target."""
        pairs = [pair for protocol in self.protocols for pair in protocol.pairs]
        return self.folders[next(source for source, other in pairs if other == target)]


@dataclass(frozen=True)
class Job:
    """One run: ``name`` is its folder, ``init`` the name of the job it starts from."""

    name: str
    method: str
    stage: str
    settings: TrainSettings
    init: str | None = None


@dataclass
class Jobs:
    """The runs of a study, and where each table finds its own; lists over seeds, and over folds where there are any.

    Attributes
    ----------
    every : dict of str to Job
        By name, in an order in which each follows the one it starts from.
    methods, models : dict of (str, str) to list of str
        Runs by target and method, or base model.
    weights : dict of (str, (float, float)) to list of str
        Runs by target and (α, β).
    alone : dict of str to list of list of str
        Runs by corpus, then fold.
    """

    every: dict[str, Job] = field(default_factory=dict)
    methods: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    models: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    weights: dict[tuple[str, tuple[float, float]], list[str]] = field(default_factory=dict)
    alone: dict[str, list[list[str]]] = field(default_factory=dict)

    def add(self, job: Job) -> str:
        """Keep a job once and return its name."""
        return self.every.setdefault(job.name, job).name


def make_jobs(study: Study) -> Jobs:
    """List the runs of a study, seed by seed, so that an interrupted study holds whole seeds."""
    jobs = Jobs()
    for seed in study.seeds:
        for protocol in study.protocols:
            for source, target in protocol.pairs:
                base = jobs.add(stage_a(study, source, seed))
                for method in study.methods if protocol.by_method else ():
                    name = jobs.add(stage_b(study, source, target, method, seed, base))
                    jobs.methods.setdefault((target, method), []).append(name)
                for model in study.base_models if protocol.by_method else ():
                    name = jobs.add(base_model(study, source, target, model, seed))
                    jobs.models.setdefault((target, model), []).append(name)
                for alpha, beta in protocol.weights:
                    job = weighted(study, source, target, alpha, beta, seed, base)
                    jobs.weights.setdefault((target, (alpha, beta)), []).append(jobs.add(job))
            for corpus in protocol.alone:
                parts = list(within(study, corpus, seed))
                folds = jobs.alone.setdefault(corpus, [[] for _ in parts])
                for fold, job in zip(folds, parts, strict=True):
                    if job.name not in fold:
                        fold.append(jobs.add(job))
    return jobs


def stage_a(study: Study, source: str, seed: int) -> Job:
    """Return stage A on all Action Units of the source: every direction and method of a seed starts from it."""
    settings = replace(study.base, source=study.folders[source], seed=seed, **WHOLE)
    return Job(f"{source}-base-s{seed}", "source", "base", settings)


def stage_b(study: Study, source: str, target: str, method: str, seed: int, base: str) -> Job:
    """Return one method on one direction."""
    return Job(f"{source}-{target}-{method}-s{seed}", method, "adapt", _adapting(study, source, target, seed), base)


def weighted(study: Study, source: str, target: str, alpha: float, beta: float, seed: int, base: str) -> Job:
    """Return PM2 with weights (α, β): the run of another method where that is the same, bit by bit.

    α = β = 0 is source training, β = 0 is MCD; tests of the methods state both.
    """
    usual = study.adapt
    if (alpha, beta) == (0.0, 0.0):
        return stage_b(study, source, target, "source", seed, base)
    if (alpha, beta) == (usual.alpha, 0.0):
        return stage_b(study, source, target, "mcd", seed, base)
    if (alpha, beta) == (usual.alpha, usual.beta):
        return stage_b(study, source, target, "pm2", seed, base)
    settings = replace(_adapting(study, source, target, seed), alpha=alpha, beta=beta)
    return Job(f"{source}-{target}-pm2-a{alpha:g}-b{beta:g}-s{seed}", "pm2", "adapt", settings, base)


def _adapting(study: Study, source: str, target: str, seed: int) -> TrainSettings:
    folders = study.folders
    return replace(study.adapt, source=folders[source], target=folders[target], seed=seed, narrow=True, **WHOLE)


def base_model(study: Study, source: str, target: str, model: str, seed: int) -> Job:
    """Return another base model, trained on the source and transferred as it is."""
    weights = "none" if model in FROM_SCRATCH else study.base.weights
    settings = replace(
        study.base, source=study.folders[source], target=study.folders[target], seed=seed, backbone=model,
        weights=weights, input_px=0, depth=0, **WHOLE,
    )  # fmt: skip
    return Job(f"{source}-{target}-model-{model}-s{seed}", "source", "base", settings)


def within(study: Study, corpus: str, seed: int) -> Iterator[Job]:
    """Yield the runs of one corpus within itself: one per fold, or one on its partition."""
    settings = replace(
        study.base, source=study.folders[corpus], target="", seed=seed, fairness=False, allow_single_class=True, **WHOLE
    )  # fmt: skip
    if on_partition(corpus):
        split = replace(settings, partition=study.partition)
        yield Job(f"{corpus}-partition-s{seed}", "source", "base", split)
        return
    for fold in range(FOLDS):
        yield Job(f"{corpus}-fold{fold}-s{seed}", "source", "base", replace(settings, fold=fold))


def on_partition(corpus: str) -> bool:
    """Say whether a corpus is evaluated within itself on an official partition, and not on folds."""
    name = base_name(corpus)
    return name in CORPORA and CORPORA[name].within == "partition"


def ready(waiting: Sequence[Job], done: set[str]) -> list[Job]:
    """Return the jobs whose start is there."""
    return [job for job in waiting if job.init is None or job.init in done]
