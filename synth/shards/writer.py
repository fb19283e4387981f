"""Writing one shard: under a hidden name, flushed as it grows, renamed when every row is final."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from assets.errors import InputError
from assets.shard_format import ATTRIBUTES, FORMAT_NAME, FORMAT_VERSION, IMAGE_REAL, fields_of

FLUSH_ROWS = 64
"""Rows after which everything written so far is flushed."""

BLOB_CHUNK = 1 << 20
LANDMARK_STEP_PX = 1 / 64
"""Landmarks are rounded to this step: far below their noise, and a third less on disk."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class OutputError(InputError):
    """The output folder is full or cannot be written; no subject can go on."""

    fatal = True


@contextlib.contextmanager
def output_errors(place: object) -> Iterator[None]:
    """Turn failures to write into one clear line.

    Parameters
    ----------
    place : object
        The file or folder that is written.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        code = getattr(error, "errno", None)
        text = str(error).lower()
        if code in _FULL or "no space left" in text or "file too large" in text or "quota" in text:
            mend = "free some space and run the same command again; finished subjects are kept"
            raise OutputError.one("the disk is full", place, mend) from None
        if isinstance(error, PermissionError) or code in (errno.EROFS, errno.EACCES, errno.ENOTDIR):
            raise OutputError.one("this place cannot be written", place, "choose another --out") from None
        raise


def partial_path(path: Path) -> Path:
    """Return the hidden name under which a shard is written."""
    return path.with_name(f".{path.name}.partial")


class ShardWriter:
    """One shard being written; use it in a ``with`` block, which discards the file unless ``finish`` was called.

    Parameters
    ----------
    path : Path
        Final name.
    images : tuple of str
        Groups of pictures: ``real`` and the twins.
    rows : int
        Number of planned frames.
    """

    def __init__(self, path: Path, images: tuple[str, ...], rows: int) -> None:
        self.path = path
        self.images = images
        self.rows = rows
        self._fields = {field.path: field for field in fields_of(images)}
        self._offsets = {image: np.zeros((rows, 2), np.int64) for image in images}
        self._written = dict.fromkeys(images, 0)
        self._pending: dict[str, list[bytes]] = {image: [] for image in images}
        with output_errors(path):
            self._file = h5py.File(partial_path(path), "w")
            for image in images:
                self._file.create_dataset(f"images/{image}/blob", (0,), "uint8", maxshape=(None,), chunks=(BLOB_CHUNK,))

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        if not self._file.id.valid:
            return
        if kind is not OutputError:
            self._file.close()
        with contextlib.suppress(OSError):
            partial_path(self.path).unlink()

    def put(self, path: str, values: Any) -> None:
        """Write a whole dataset in the type of the table.

        Parameters
        ----------
        path : str
            For example ``frames/weights``.
        values : array_like
        """
        field = self._fields[path]
        with output_errors(self.path):
            if field.dtype == "str":
                self._file.create_dataset(path, data=list(values), dtype=h5py.string_dtype())
                return
            array = np.asarray(values, field.dtype)
            if path.endswith("landmarks_px"):
                array = np.round(array / LANDMARK_STEP_PX) * np.float32(LANDMARK_STEP_PX)
            packed = array.ndim > 1 and array.size > 4096
            options: dict[str, Any] = {"chunks": (min(FLUSH_ROWS, len(array)), *array.shape[1:])} if packed else {}
            if packed:
                options |= {"compression": "gzip", "compression_opts": 1, "shuffle": True}
            self._file.create_dataset(path, data=array, **options)

    def attributes(self, values: Mapping[str, Any]) -> None:
        """Write attributes of the table; format, version and ``complete`` are added by the writer."""
        with output_errors(self.path):
            for name, value in values.items():
                if name not in ATTRIBUTES:
                    raise KeyError(name)
                texts = isinstance(value, tuple | list)
                self._file.attrs[name] = np.array(value, h5py.string_dtype()) if texts else value

    def append(self, image: str, picture: bytes | None) -> None:
        """Add the next row's picture to a group, None where there is none."""
        row = self._written[image]
        previous = self._offsets[image][row - 1].sum() if row else 0
        self._offsets[image][row] = previous, len(picture or b"")
        self._written[image] += 1
        if picture:
            self._pending[image].append(picture)
        if self._written[image] % FLUSH_ROWS == 0:
            self._flush(image)

    def finish(self, status: np.ndarray) -> None:
        """Write the final status of every row, close the file and give it its name.

        Parameters
        ----------
        status : (T,) uint8
        """
        for image in self.images:
            if self._written[image] != self.rows:
                raise ValueError(f"{self._written[image]} of {self.rows} rows of {image!r} were written")
            self._flush(image)
            self.put(f"images/{image}/offset", self._offsets[image])
        self.put("frames/status", status)
        missing = [path for path, field in self._fields.items() if not field.optional and path not in self._file]
        if missing:
            raise ValueError(f"datasets not written: {missing}")
        with output_errors(self.path):
            self._file.attrs.update({"format": FORMAT_NAME, "format_version": FORMAT_VERSION, "complete": True})
            absent = [name for name in ATTRIBUTES if name not in self._file.attrs]
            if absent:
                raise ValueError(f"attributes not written: {absent}")
            self._file.close()
            with open(partial_path(self.path), "rb") as file:
                os.fsync(file.fileno())
            os.replace(partial_path(self.path), self.path)

    def _flush(self, image: str) -> None:
        data = b"".join(self._pending[image])
        self._pending[image].clear()
        with output_errors(self.path):
            if data:
                blob = self._file[f"images/{image}/blob"]
                start = len(blob)
                blob.resize((start + len(data),))
                blob[start:] = np.frombuffer(data, np.uint8)
            self._file.flush()


def image_groups(twins: int) -> tuple[str, ...]:
    """Return names for the pictures of ``twins`` avatars in pairs: ``female, male, female_2, male_2, …``."""
    pairs = range(1, twins // 2 + 1)
    return (IMAGE_REAL, *(f"{g}" if p == 1 else f"{g}_{p}" for p in pairs for g in ("female", "male")))
