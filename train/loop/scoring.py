"""Probabilities of whole sets of frames, and the scores that follow."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from train.data.assemble import TestSet
from train.data.datasets import EvalDataset
from train.data.frames import FrameTable
from train.data.loading import batches
from train.data.order import eval_plans
from train.metrics.report import Gap, Scored, counterfactual_gap, evaluate, twin_gaps
from train.models.build import Detector
from train.models.encoder import to_input


@torch.no_grad()
def probabilities(
    detector: Detector,
    table: FrameTable,
    outputs: int,
    fabric: Any,
    batch: int,
    workers: int,
    image: str = "real",
) -> np.ndarray:
    """Return the probabilities (N, A) float32 of every frame of a table, centre crop, on every process.

    Parameters
    ----------
    detector : Detector
        On the device of ``fabric``.
    outputs : int
        A.
    image : str
        ``real`` or the name of a twin.
    """
    was = [module.training for module in (detector.encoder, detector.heads)]
    detector.eval()
    facts = detector.encoder.facts
    dataset = EvalDataset(table, facts.crop_ratio, image, facts.side_px)
    out = torch.zeros(len(table), outputs, device=fabric.device)
    for part in batches(dataset, eval_plans(len(table), batch, fabric.global_rank, fabric.world_size), workers):
        part = part.to(fabric.device)
        with fabric.autocast():
            out[part.rows] = detector(to_input(part.images, facts)).float()
    if fabric.world_size > 1:
        out = fabric.all_reduce(out, reduce_op="sum")
    detector.encoder.train(was[0])
    detector.heads.train(was[1])
    return out.cpu().numpy()


def score(
    detector: Detector, test: TestSet, fabric: Any, batch: int, workers: int, fairness: bool, draws: int, seed: int
) -> tuple[dict[str, Any], Scored]:
    """Score a test set."""
    scored = scored_set(test, probabilities(detector, test.table, len(test.columns), fabric, batch, workers))
    return {"test_set": test.name, **evaluate(scored, fairness, draws, seed)}, scored


def scored_set(test: TestSet, probs: np.ndarray) -> Scored:
    """Return probabilities (N, A) with the labels of a test set; the only place where labels of a target are read."""
    labels = test.labels()
    keep = np.unique(test.table.shard)
    place = np.full(len(test.table.shards), -1)
    place[keep] = np.arange(len(keep))
    return Scored(
        test.columns,
        probs,
        labels.au,
        labels.au_mask,
        place[test.table.shard],
        tuple(test.table.subjects[i] for i in keep),
        tuple(test.gender[i] for i in keep),
    )


def twin_gap(
    detector: Detector, table: FrameTable, columns: tuple[str, ...], fabric: Any, batch: int, workers: int, draws: int,
    seed: int, frames: int = 0,
) -> tuple[dict[str, Any] | None, Gap | None]:  # fmt: skip
    """Measure the counterfactual gap over the paired frames of a table; (None, None) with fewer than two twins.

    Parameters
    ----------
    frames : int
        At most so many paired frames, spread evenly; 0 takes all.
    """
    rows = np.flatnonzero(table.paired)
    if frames and len(rows) > frames:
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, frames).round().astype(int))]
    paired = table.only(rows)
    if len(table.twins) < 2 or not len(paired):
        return None, None
    probs = np.stack(
        [probabilities(detector, paired, len(columns), fabric, batch, workers, twin) for twin in table.twins], 1
    )
    keep, place = np.unique(paired.shard, return_inverse=True)
    gap = twin_gaps(columns, probs, place, [paired.subjects[i] for i in keep])
    return counterfactual_gap(gap, draws, seed), gap
