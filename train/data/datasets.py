"""Datasets over shards. One item is a whole batch, named by a ``BatchPlan``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from assets.errors import InputError, Problem
from assets.keyed import Key, rng_for
from assets.landmarks import IBUG49, SCHEMES, mirror_of
from assets.shard_format import IMAGE_REAL
from train.data.batches import EvalBatch, PairedBatch, TargetBatch, pictures_tensor
from train.data.frames import FrameTable, Labels
from train.data.pictures import Crops, centre_crops, cut_into, random_crops, read_picture, shrink_for


@dataclass(frozen=True)
class BatchPlan:
    """Which rows form a batch, and the keys of its random crops; no key means the centre crop."""

    rows: np.ndarray
    keys: tuple[Key, ...] = ()


@dataclass(frozen=True)
class Failed:
    """Problems met in a loader worker; the loop raises them in its own process."""

    problems: tuple[Problem, ...]


class FrameDataset(Dataset):
    """What all datasets share: decoding the pictures of a plan with one crop per frame.

    Parameters
    ----------
    table : FrameTable
    crop_ratio : float
        Side of the crop over the side of the picture (224/256 in the paper).
    input_px : int
        Side of the network's input: pictures are decoded no larger than it needs. 0 decodes them whole.

    Attributes
    ----------
    size_px, side_px : int
        Side of the decoded picture and of its crop.
    """

    images: tuple[str, ...] = (IMAGE_REAL,)

    def __init__(self, table: FrameTable, crop_ratio: float, input_px: int = 0) -> None:
        self.table = table
        self.shrink = shrink_for(table.size_px, crop_ratio, input_px)
        self.size_px = table.size_px // self.shrink
        self.side_px = round(self.size_px * crop_ratio)

    def __len__(self) -> int:
        return len(self.table)

    @property
    def in_memory(self) -> bool:
        """Whether all pictures fit into the store, so that loader processes would only repeat the decoding."""
        return self.table.store.room_for(len(self) * len(self.images), self.size_px)

    def crops(self, plan: BatchPlan) -> Crops:
        """Return the crops of a plan."""
        if not plan.keys:
            return centre_crops(len(plan.rows), self.size_px, self.side_px)
        seed, *keys = plan.keys
        return random_crops(len(plan.rows), self.size_px, self.side_px, rng_for(int(seed), *keys))

    def pictures(self, rows: np.ndarray, images: tuple[str, ...], crops: Crops, at: np.ndarray) -> np.ndarray:
        """Decode ``images`` of table rows → (len(rows), len(images), side, side, 3) uint8.

        ``at`` gives for each row its place in ``crops``.
        """
        out = np.empty((len(rows), len(images), self.side_px, self.side_px, 3), np.uint8)
        if self.in_memory:
            for place, row, image, crop in _each(out, rows, images, at):
                cut_into(place, self.stored_picture(row, image), crops, crop)
            return out
        scratch = np.empty((self.size_px, self.size_px, 3), np.uint8)
        size, shrink = self.table.size_px, self.shrink
        for place, row, image, crop in _each(out, rows, images, at):
            mirrored = bool(crops.mirrored[crop])
            shard, inside = self.table.place(row)
            picture = read_picture(shard, image, inside, size, shrink, scratch, "BGR" if mirrored else "RGB")
            cut_into(place, picture, crops, crop, bgr=mirrored)
        return out

    def stored_picture(self, row: int, image: str) -> np.ndarray:
        """Return one decoded picture of a row of the table from the store, where it is put if it is not there yet."""
        shard, inside = self.table.place(row)
        key = (str(shard.path), image, inside, self.shrink)
        picture = self.table.store.get(key)
        if picture is None:
            picture = read_picture(shard, image, inside, self.table.size_px, self.shrink)
            self.table.store.put(key, picture)
        return picture

    def batch(self, plan: BatchPlan) -> Any:
        """Build the batch of a plan."""
        raise TypeError(f"{type(self).__name__} builds no batches")

    def __getitem__(self, plan: BatchPlan) -> Any:
        try:
            return self.batch(plan)
        except InputError as error:
            return Failed(error.problems)


class PairedDataset(FrameDataset):
    """Labelled source frames with their twins; frames without twins are used for L_AU alone.

    Parameters
    ----------
    table : FrameTable
    labels : Labels
    crop_ratio : float
    with_twins : bool
        Decode twins. Methods that use none leave it off and pay nothing.
    with_landmarks : bool
        Deliver 49 landmarks of each real frame.
    input_px : int
    """

    def __init__(
        self,
        table: FrameTable,
        labels: Labels,
        crop_ratio: float,
        with_twins: bool,
        with_landmarks: bool = False,
        input_px: int = 0,
    ) -> None:
        super().__init__(table, crop_ratio, input_px)
        self.labels, self.with_twins = labels, with_twins
        self.images = (IMAGE_REAL, *(table.twins if with_twins else ()))
        self.landmarks = landmarks_in_picture(table) if with_landmarks else None

    def batch(self, plan: BatchPlan) -> PairedBatch:
        """Build a batch: the same crop and the same mirroring for a frame and all its twins."""
        crops, rows = self.crops(plan), plan.rows
        everyone = np.arange(len(rows))
        real = self.pictures(rows, (IMAGE_REAL,), crops, everyone)[:, 0]
        paired = np.flatnonzero(self.table.paired[rows]) if self.with_twins else np.empty(0, np.int64)
        names = self.table.twins if self.with_twins else ()
        twins = self.pictures(rows[paired], names, crops, paired)
        points = np.empty((len(rows), 0, 2), np.float32)
        if self.landmarks is not None:
            points = move_landmarks(self.landmarks[rows] / self.shrink, crops)
        return PairedBatch(
            pictures_tensor(real),
            pictures_tensor(twins),
            torch.from_numpy(paired.astype(np.int64)),
            torch.from_numpy(self.labels.au[rows]),
            torch.from_numpy(self.labels.au_mask[rows]),
            torch.from_numpy(self.labels.twin_mask[rows[paired]]),
            torch.from_numpy(self.table.shard[rows].astype(np.int64)),
            torch.from_numpy(points),
        )


class TargetDataset(FrameDataset):
    """Unlabelled target frames. It is given no labels and opens none."""

    def batch(self, plan: BatchPlan) -> TargetBatch:
        """Build a batch of pictures and subject numbers."""
        crops, rows = self.crops(plan), plan.rows
        images = self.pictures(rows, (IMAGE_REAL,), crops, np.arange(len(rows)))[:, 0]
        return TargetBatch(pictures_tensor(images), torch.from_numpy(self.table.shard[rows].astype(np.int64)))


class EvalDataset(FrameDataset):
    """Frames to be scored, centre crop.

    Parameters
    ----------
    table : FrameTable
    crop_ratio : float
    image : str
        ``real`` or the name of a twin.
    input_px : int
    """

    def __init__(self, table: FrameTable, crop_ratio: float, image: str = IMAGE_REAL, input_px: int = 0) -> None:
        super().__init__(table, crop_ratio, input_px)
        self.images = (image,)

    def batch(self, plan: BatchPlan) -> EvalBatch:
        """Build a batch of pictures and their rows."""
        images = self.pictures(plan.rows, self.images, self.crops(plan), np.arange(len(plan.rows)))[:, 0]
        return EvalBatch(pictures_tensor(images), torch.from_numpy(plan.rows.astype(np.int64)))


def _each(
    out: np.ndarray, rows: np.ndarray, images: tuple[str, ...], at: np.ndarray
) -> Iterator[tuple[np.ndarray, int, str, int]]:
    """Yield the place in ``out``, the row, the image and the number of the crop of every picture of a batch."""
    for index, (row, crop) in enumerate(zip(rows.tolist(), at.tolist(), strict=True)):
        for number, image in enumerate(images):
            yield out[index, number], row, image, crop


def landmarks_in_picture(table: FrameTable) -> np.ndarray:
    """Return the 49 landmarks of each frame in its picture, (N, 49, 2) float32 px; NaN where unknown.

    Raises
    ------
    InputError
        If a shard's landmark scheme has no such points.
    """
    out = np.full((len(table), len(IBUG49), 2), np.nan, np.float32)
    for number, shard in enumerate(table.shards):
        scheme = str(shard.file.attrs["landmark_scheme"])
        points = SCHEMES[scheme].points if scheme in SCHEMES else ()
        if not set(IBUG49) <= set(points):
            mend = "render or ingest with the built-in landmark network, or choose another --backbone"
            raise InputError.one(f"landmark scheme {scheme!r} lacks the 49 landmarks", shard.path, mend)
        here = np.flatnonzero(table.shard == number)
        rows = table.row[here]
        source = shard.array("frames/landmarks_px")[rows][:, [points.index(p) for p in IBUG49], :2]
        affine = shard.array("frames/crop_from_source")[rows]
        out[here] = np.einsum("tij,tlj->tli", affine[:, :, :2], source) + affine[:, None, :, 2]
    return out


def move_landmarks(points_px: np.ndarray, crops: Crops) -> np.ndarray:
    """Move landmarks (B, 49, 2) from the picture into the crops, as fractions of the crop's side."""
    moved = points_px - crops.top_left_px[:, None, ::-1]
    order = np.array(mirror_of("ibug49"))
    flipped = moved[:, order].copy()
    flipped[..., 0] = crops.side_px - 1 - flipped[..., 0]
    return (np.where(crops.mirrored[:, None, None], flipped, moved) / crops.side_px).astype(np.float32)
