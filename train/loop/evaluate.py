"""Scoring a finished checkpoint on a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from assets.action_units import parse_au
from assets.errors import InputError
from train.data.assemble import TestSet, corpus_of, open_corpus, read_genders
from train.data.frames import check_both_classes, frame_table, genders, read_labels
from train.loop.checkpoint import load_detector, refuse_other_aus, trained_on
from train.loop.fabric import make_fabric
from train.loop.feeding import loader_workers
from train.loop.scoring import score, twin_gap
from train.metrics.report import refuse_unknown_gender
from train.settings import TrainSettings


def evaluate_checkpoint(
    checkpoint: Path, corpus: str, settings: TrainSettings, allow_single_class: bool = False
) -> dict[str, Any]:
    """Score a checkpoint on every labelled frame of a corpus.

    Parameters
    ----------
    checkpoint : Path
        A run folder or its ``checkpoint.pt``.
    corpus : str
        A folder of shards, or a name under ``settings.data_root``.
    settings : TrainSettings
        ``aus`` (must equal those of the checkpoint), ``gender_csv``, ``fairness``, ``batch``, ``boot``, ``seed``,
        ``accelerator``, ``precision`` and ``workers`` are used.
    allow_single_class : bool
        Score Action Units that are always or never active; otherwise they are refused.

    Returns
    -------
    dict
        Scores, counterfactual gap if there are twins, what was scored, and the subjects whose labels were trained on.

    Raises
    ------
    InputError
        If Action Units or genders are missing, or an Action Unit has one class only.
    """
    detector, meta = load_detector(checkpoint)
    columns = tuple(meta["aus"])
    if settings.aus:
        asked = tuple(parse_au(part, "--aus").column for part in settings.aus.replace(",", " ").split())
        refuse_other_aus(meta, asked, checkpoint)
    table = frame_table(open_corpus(corpus, settings.data_root, "corpus"))
    labels = read_labels(table, columns)
    if not labels.au_mask.any():
        raise InputError.one("the corpus has no known label", corpus, "pass shards with labels")
    if not allow_single_class:
        check_both_classes(labels, columns, f"{corpus} (or pass --allow-single-class)")
    test = TestSet(
        table, columns, genders(table, read_genders(settings.gender_csv)), f"{corpus_of(table.shards)}, all frames"
    )
    if settings.fairness:
        refuse_unknown_gender(table.subjects, test.gender, corpus)
    fabric = make_fabric(settings)
    detector.to(fabric.device)
    workers = loader_workers(settings.workers, fabric.device.type == "cuda")
    scores, _ = score(
        detector, test, fabric, max(64, settings.batch), workers, settings.fairness, settings.boot, settings.seed
    )  # fmt: skip
    return {
        "method": meta["method"],
        "checkpoint_simulated": meta["simulated"],
        "simulated": any(shard.simulated for shard in table.shards),
        "corpus": corpus_of(table.shards),
        "trained_on": trained_on(table, meta),
        "test": scores,
        "counterfactual_gap": twin_gap(
            detector, table, columns, fabric, max(64, settings.batch), workers, settings.boot, settings.seed
        )[0],
    }
