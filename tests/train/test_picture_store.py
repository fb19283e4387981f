"""Decoding no larger than needed, and once if memory allows, changes no batch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
import simplejpeg
import torch

from assets.errors import InputError
from assets.shard import Shard, find_shards
from tests.contract.tiny_shards import TinySubject, write_tiny_shard
from train.data.datasets import BatchPlan, EvalDataset, PairedDataset
from train.data.frames import FrameTable, frame_table, read_labels
from train.data.order import source_plans
from train.data.pictures import Crops, decode, shrink_for
from train.data.store import PictureStore

COLUMNS = ("AU01", "AU04", "AU12")


def open_table(folder: Path) -> FrameTable:
    return frame_table([Shard(path) for path in find_shards(folder)])


def test_pictures_kept_in_memory_give_the_same_batches_and_are_decoded_once(
    corpora: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, stored = open_table(corpora / "src"), open_table(corpora / "src")
    store = PictureStore(10**8)
    stored = replace(stored, store=store)
    plans = list(source_plans(len(plain), 4, 0, 0, 3, seed=1))
    labels = read_labels(plain, COLUMNS)
    fresh = PairedDataset(plain, labels, 0.875, with_twins=True)
    kept = PairedDataset(stored, labels, 0.875, with_twins=True)
    assert not fresh.in_memory
    assert kept.in_memory
    first = [kept.batch(plan) for plan in plans]
    assert len(store) > 0

    def refuse(*_: object) -> None:
        raise AssertionError("decoded again")

    with monkeypatch.context() as patch:
        patch.setattr("train.data.datasets.read_picture", refuse)
        again = [kept.batch(plan) for plan in plans]
    for ours, same, other in zip(first, again, (fresh.batch(plan) for plan in plans), strict=True):
        assert torch.equal(ours.real, other.real)
        assert torch.equal(same.real, other.real)
        assert torch.equal(ours.twins, other.twins)
        assert torch.equal(same.twins, other.twins)


def test_a_store_never_grows_over_its_limit_and_a_corpus_that_does_not_fit_is_not_kept(corpora: Path) -> None:
    store = PictureStore(3 * 32 * 32 * 3)
    table = replace(open_table(corpora / "src"), store=store)
    dataset = EvalDataset(table, 1.0)
    assert not dataset.in_memory
    dataset.batch(BatchPlan(np.arange(6)))
    assert len(store) == 0
    for row in range(9):
        store.put(("a", "real", row, 1), np.zeros((32, 32, 3), np.uint8))
    assert store.used_bytes == store.limit_bytes
    assert len(store) == 3


def plain_pictures(shard: Path, image: str, rows: np.ndarray, crops: Crops) -> np.ndarray:
    """Read with HDF5 alone, decode into new memory, crop and mirror with slices."""
    out = []
    with h5py.File(shard, "r") as file:
        for index, row in enumerate(rows):
            start, length = file[f"images/{image}/offset"][row]
            data = file[f"images/{image}/blob"][start : start + length]
            if data[0] == 0xFF:
                picture = simplejpeg.decode_jpeg(data.tobytes(), "RGB", fastdct=True, fastupsample=True)
            else:
                picture = cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
            top, left = crops.top_left_px[index]
            part = picture[top : top + crops.side_px, left : left + crops.side_px]
            out.append(part[:, ::-1] if crops.mirrored[index] else part)
    return np.stack(out)


@pytest.mark.parametrize("layout", ["one piece", "chunks", "png"])
def test_batches_are_bit_for_bit_what_a_plain_reader_gives(tmp_path: Path, layout: str) -> None:
    path = write_tiny_shard(tmp_path / "F000.h5", TinySubject("F000", frames=24, size_px=64))
    if layout != "one piece":
        rewrite(path, layout)
    table = open_table(tmp_path)
    dataset = PairedDataset(table, read_labels(table, COLUMNS), 0.875, with_twins=True)
    plan = next(source_plans(24, 16, 0, 0, 1, seed=2))
    batch, crops = dataset.batch(plan), dataset.crops(plan)
    assert 0 < crops.mirrored.sum() < 16
    stacked = torch.cat([batch.real[:, None], batch.twins], 1)
    for number, image in enumerate(("real", "female", "male")):
        expected = plain_pictures(path, image, plan.rows, crops)
        assert np.array_equal(stacked[:, number].movedim(1, -1).numpy(), expected)


def rewrite(path: Path, layout: str) -> None:
    """Store the pictures of a shard in small chunks, as JPEG or as PNG."""
    with h5py.File(path, "r+") as file:
        for image in ("real", "female", "male"):
            blob, offset = file[f"images/{image}/blob"][()], file[f"images/{image}/offset"][()]
            parts = [blob[start : start + length] for start, length in offset]
            if layout == "png":
                parts = [cv2.imencode(".png", cv2.imdecode(part, cv2.IMREAD_COLOR))[1].ravel() for part in parts]
            lengths = np.array([len(part) for part in parts])
            del file[f"images/{image}/blob"]
            file.create_dataset(f"images/{image}/blob", data=np.concatenate(parts), chunks=(1000,), maxshape=(None,))
            file[f"images/{image}/offset"][()] = np.stack([np.cumsum(lengths) - lengths, lengths], 1)


def test_a_picture_of_another_size_is_named_with_its_size(tmp_path: Path) -> None:
    """Also where it is larger than the memory that pictures are decoded into."""
    for size, other in ((64, 32), (32, 64)):
        path = write_tiny_shard(tmp_path / f"{size}" / "F000.h5", TinySubject("F000", frames=4, size_px=other))
        with h5py.File(path, "r+") as file:
            file.attrs["size_px"] = size
        with pytest.raises(InputError, match=f"the picture is {other}x{other} px, not {size}"):
            EvalDataset(open_table(path.parent), 1.0).batch(BatchPlan(np.arange(2)))


@pytest.mark.parametrize(
    ("size_px", "input_px", "shrink"), [(256, 224, 1), (256, 113, 1), (256, 112, 2), (256, 56, 4), (256, 28, 8),
                                        (256, 0, 1), (250, 96, 2), (254, 40, 2)]
)  # fmt: skip
def test_pictures_are_decoded_no_smaller_than_the_crop_that_feeds_the_network(
    size_px: int, input_px: int, shrink: int
) -> None:
    assert shrink_for(size_px, 0.875, input_px) == shrink
    if input_px:
        assert round(size_px // shrink * 0.875) >= input_px


@pytest.mark.parametrize("encode", ["jpeg", "png"])
def test_a_shrunken_picture_is_the_mean_over_blocks_of_the_whole_one(encode: str) -> None:
    """An independent way to the same picture: decode it whole, then average 2 × 2 blocks."""
    y, x = np.mgrid[:64, :64]
    picture = np.stack([128 + 90 * np.sin(x / 9), 128 + 90 * np.cos(y / 11), 2.0 * x + y], -1).astype(np.uint8)
    data = simplejpeg.encode_jpeg(picture, 98, "RGB", "444") if encode == "jpeg" else None
    raw = np.frombuffer(data, np.uint8) if data else cv2.imencode(".png", picture[..., ::-1])[1]
    small = decode(raw, "here", 64, 2).astype(float)
    blocks = picture.astype(float).reshape(32, 2, 32, 2, 3).mean((1, 3))
    assert small.shape == (32, 32, 3)
    assert np.abs(small - blocks).mean() < 1.5
