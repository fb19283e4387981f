"""Pictures read at their place in the file are the bytes that HDF5 gives, however the shard is laid out."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from assets.errors import InputError
from assets.shard import Shard
from assets.shard_blob import Blob
from tests.contract.tiny_shards import TinySubject, write_tiny_shard

BYTES = np.random.default_rng(0).integers(0, 256, 10_000, dtype=np.uint8)
LAYOUTS: dict[str, dict[str, Any]] = {
    "contiguous": {},
    "chunked": {"chunks": (1024,), "maxshape": (None,)},
    "compressed": {"chunks": (1024,), "compression": "gzip"},
    "shuffled": {"chunks": (1024,), "shuffle": True},
}
RANGES = [(0, 10_000), (0, 1), (1000, 24), (1000, 25), (1023, 2), (500, 5000), (9_990, 10), (4096, 1024)]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("userblock", [0, 512])
@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_any_range_is_what_was_written(tmp_path: Path, layout: str, userblock: int, libver: str) -> None:
    with h5py.File(tmp_path / "a.h5", "w", userblock_size=userblock, libver=libver) as file:
        file["before"] = np.arange(100)
        file.create_dataset("blob", data=BYTES, **LAYOUTS[layout])
    with h5py.File(tmp_path / "a.h5", "r") as file:
        blob = Blob(file, "blob")
        assert bool(blob.pieces) == (layout in ("contiguous", "chunked") and not userblock)
        for start, length in RANGES:
            data = blob.read(start, length)
            assert data.dtype == np.uint8
            assert np.array_equal(data, BYTES[start : start + length])
            data[:] = 0
        assert np.array_equal(blob.read(9_995, 50), BYTES[9_995:]), "it ends where the blob ends"


def test_a_blob_that_grew_chunk_by_chunk_between_others_is_read_in_its_order(tmp_path: Path) -> None:
    """As the writer of shards does it: several blobs grow by turns, so the pieces of one do not follow each other."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        sets = [file.create_dataset(name, (0,), "uint8", maxshape=(None,), chunks=(512,)) for name in "ab"]
        for first in range(0, 10_000, 700):
            for number, dataset in enumerate(sets):
                part = BYTES[first : first + 700] ^ number
                dataset.resize((first + len(part),))
                dataset[first:] = part
                file.flush()
    with h5py.File(tmp_path / "a.h5", "r") as file:
        blobs = [Blob(file, name) for name in "ab"]
        assert not (np.diff(blobs[0].pieces) == 512).all()
        for number, blob in enumerate(blobs):
            assert blob.pieces
            assert np.array_equal(blob.read(0, 10_000), BYTES ^ number)
            assert np.array_equal(blob.read(777, 3333), BYTES[777 : 777 + 3333] ^ number)


def test_chunks_that_were_never_written_read_as_the_fill_value(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("blob", (4096,), "uint8", chunks=(1024,), fillvalue=7)[:1024] = 1
        file.create_dataset("empty", (0,), "uint8", maxshape=(None,), chunks=(1024,))
    with h5py.File(tmp_path / "a.h5", "r") as file:
        assert Blob(file, "blob").read(1000, 50).tolist() == [1] * 24 + [7] * 26
        assert Blob(file, "empty").read(0, 10).tolist() == []


@pytest.mark.parametrize("layout", ["contiguous", "chunked"])
def test_a_file_cut_off_while_it_is_open_is_one_clear_error(tmp_path: Path, layout: str) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("blob", data=BYTES, **LAYOUTS[layout])
    with h5py.File(path, "r") as file:
        blob = Blob(file, "blob")
        with open(path, "r+b") as raw:
            raw.truncate(blob.pieces[-1] + 100)
        with pytest.raises(InputError, match=r"a\.h5: a picture cannot be read \(the file ends"):
            blob.read(9_000, 1_000)


def _picture(shard: Shard) -> bytes:
    data = shard.read_bytes("male", 3)
    assert data is not None
    return data.tobytes()


def test_pictures_are_the_same_in_other_processes_and_after_closing(tmp_path: Path) -> None:
    shard = Shard(write_tiny_shard(tmp_path / "F000.h5", TinySubject("F000", frames=6, size_px=32)))
    with h5py.File(shard.path, "r") as file:
        start, length = file["images/male/offset"][3]
        expected = file["images/male/blob"][start : start + length].tobytes()
    assert _picture(shard) == expected
    for method in ("fork", "spawn"):
        with ProcessPoolExecutor(1, mp_context=get_context(method)) as pool:
            assert pool.submit(_picture, shard).result() == expected
    assert _picture(pickle.loads(pickle.dumps(shard))) == expected
    shard.close()
    assert _picture(shard) == expected
