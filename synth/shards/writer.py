"""Writing one shard: under a hidden name, flushed as it grows, renamed when every row is final."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from assets.shard_format import ATTRIBUTES, FORMAT_NAME, FORMAT_VERSION, IMAGE_REAL, OPTIONAL_ATTRIBUTES, fields_of
from synth.shards.failures import OutputError, output_errors
from synth.shards.stored_points import PACKED, StoredPoints, rounded

FLUSH_ROWS = 64
"""Rows after which everything written so far is flushed."""

BLOB_CHUNK = 1 << 20
LANDMARKS, SOURCE_LANDMARKS = "frames/twin_landmarks_px", "frames/landmarks_px"
_KEY, _FLUSHED = "unfinished_key", "unfinished_rows"
"""Attributes of an unfinished file: what job it belongs to; flushed rows of a group and CRC-32 of its pictures."""


def partial_path(path: Path) -> Path:
    """Return the hidden name under which a shard is written."""
    return path.with_name(f".{path.name}.partial")


class ShardWriter:
    """One shard being written; use it in a ``with`` block, which discards the file unless ``finish`` was called.

    Everything but pictures is ``put`` first and sealed with ``mark``; then the pictures of each group are appended in
    the order of the rows. A sealed file that a killed process left behind goes on where it was last flushed.

    Parameters
    ----------
    path : Path
        Final name.
    images : tuple of str
        Groups of pictures: ``real`` and the twins.
    rows : int
        Number of planned frames.
    landmarks : int
        Landmarks drawn in each twin; 0 writes none.
    """

    def __init__(self, path: Path, images: tuple[str, ...], rows: int, landmarks: int = 0) -> None:
        self._begin(path, images, rows, landmarks)
        with output_errors(path):
            self._file = h5py.File(partial_path(path), "w")
            for image in images:
                group = self._file.create_group(f"images/{image}")
                group.create_dataset("blob", (0,), "uint8", maxshape=(None,), chunks=(BLOB_CHUNK,))
                group.create_dataset("offset", data=self._offsets[image])
            if self._landmarks:
                shape = (rows, len(images) - 1, landmarks, 2)
                chunks = (min(FLUSH_ROWS, rows), 1, landmarks, 2)
                self._file.create_dataset(LANDMARKS, shape, "float32", chunks=chunks, fillvalue=np.nan, **PACKED)

    def _begin(self, path: Path, images: tuple[str, ...], rows: int, landmarks: int) -> None:
        self.path = path
        self.images = images
        self.rows = rows
        self._landmarks = landmarks if len(images) > 1 else 0
        self._fields = {field.path: field for field in fields_of(images)}
        self._offsets = {image: np.zeros((rows, 2), np.int64) for image in images}
        self._written = dict.fromkeys(images, 0)
        self._flushed = dict.fromkeys(images, 0)
        self._checks = dict.fromkeys(images, 0)
        self._pending: dict[str, list[bytes]] = {image: [] for image in images}
        self._points: dict[str, list[np.ndarray | None]] = {image: [] for image in images}

    @classmethod
    def go_on(cls, path: Path, images: tuple[str, ...], rows: int, landmarks: int, key: str) -> ShardWriter | None:
        """Return a writer that goes on with what a killed process left behind, None if there is nothing usable.

        Parameters
        ----------
        path, images, rows, landmarks
            As for a new one.
        key : str
            What ``mark`` was given: only a file of the very same job goes on.
        """
        writer = cls.__new__(cls)
        writer._begin(path, images, rows, landmarks)
        try:
            writer._file = h5py.File(partial_path(path), "r+")
        except OSError:
            return None
        try:
            if writer._file.attrs.get(_KEY) == key and all(map(writer._recover, images)):
                return writer
        except (OSError, KeyError, RuntimeError, ValueError):
            pass
        with contextlib.suppress(OSError, RuntimeError):
            writer._file.close()
        return None

    def _recover(self, image: str) -> bool:
        """Take over the flushed rows of a group; return whether its bytes are those that were written."""
        group = self._file[f"images/{image}"]
        rows, check = (int(value) for value in group.attrs[_FLUSHED])
        offsets = group["offset"][:rows]
        size = int(offsets[-1].sum()) if rows else 0
        if len(group["blob"]) < size or zlib.crc32(group["blob"][:size]) != check:
            return False
        group["blob"].resize((size,))
        self._offsets[image][:rows] = offsets
        self._written[image] = self._flushed[image] = rows
        self._checks[image] = check
        return True

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        if not self._file.id.valid:
            return
        if kind is not OutputError:
            self._file.close()
        with contextlib.suppress(OSError):
            partial_path(self.path).unlink()

    def written(self, image: str) -> int:
        """Return how many rows of a group were appended."""
        return self._written[image]

    def lengths(self, image: str) -> np.ndarray:
        """Return the (T,) int64 lengths of a group's pictures so far, 0 where there is none."""
        return self._offsets[image][:, 1]

    def read(self, path: str) -> np.ndarray:
        """Return a dataset that was ``put``, as a reader will see it."""
        return self._file[path][()]

    def read_attribute(self, name: str) -> Any:
        """Return an attribute that was written."""
        return self._file.attrs[name]

    def mark(self, key: str) -> None:
        """Seal everything but the pictures: from here on a killed job goes on.

        Parameters
        ----------
        key : str
            Identifies the job: everything the pictures depend on.
        """
        with output_errors(self.path):
            for image in self.images:
                self._file[f"images/{image}"].attrs[_FLUSHED] = (0, 0)
            self._file.attrs[_KEY] = key
            self._file.flush()

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
                array = rounded(array)
            packed = array.ndim > 1 and array.size > 4096
            options: dict[str, Any] = {"chunks": (min(FLUSH_ROWS, len(array)), *array.shape[1:])} if packed else {}
            self._file.create_dataset(path, data=array, **options, **(PACKED if packed else {}))

    def stored_points(self, rows: slice, points: int, axes: int) -> StoredPoints:
        """Return the landmarks of some rows of the source, to be written and read there instead of in memory.

        Parameters
        ----------
        rows : slice
            Of the shard.
        points, axes : int
            Landmarks of their scheme, and 2 or 3 coordinates.
        """
        return StoredPoints(self._file[SOURCE_LANDMARKS], np.arange(rows.start, rows.stop), points, axes)

    def make_landmarks(self, points: int) -> None:
        """Make the dataset of the source's landmarks (T, points, 3), all NaN.

        Parameters
        ----------
        points : int
            Landmarks of the largest scheme among the sequences.
        """
        shape = (self.rows, points, 3)
        with output_errors(self.path):
            chunks = (min(FLUSH_ROWS, self.rows), points, 3)
            self._file.create_dataset(SOURCE_LANDMARKS, shape, "float32", chunks=chunks, fillvalue=np.nan, **PACKED)

    def attributes(self, values: Mapping[str, Any]) -> None:
        """Write attributes of the table; format, version and ``complete`` are added by the writer."""
        with output_errors(self.path):
            for name, value in values.items():
                if name not in ATTRIBUTES and name not in OPTIONAL_ATTRIBUTES:
                    raise KeyError(name)
                texts = isinstance(value, tuple | list)
                self._file.attrs[name] = np.array(value, h5py.string_dtype()) if texts else value

    def append(self, image: str, picture: bytes | None, landmarks_px: np.ndarray | None = None) -> None:
        """Add the next row's picture to a group, None where there is none.

        Parameters
        ----------
        image : str
        picture : bytes or None
        landmarks_px : (M, 2) float or None
            Where the twin's landmarks were drawn.
        """
        row = self._written[image]
        previous = self._offsets[image][row - 1].sum() if row else 0
        self._offsets[image][row] = previous, len(picture or b"")
        self._written[image] += 1
        self._pending[image].append(picture or b"")
        self._points[image].append(landmarks_px)
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
        self._put_status(status)
        missing = [path for path, field in self._fields.items() if not field.optional and path not in self._file]
        if missing:
            raise ValueError(f"datasets not written: {missing}")
        with output_errors(self.path):
            self._file.attrs.update({"format": FORMAT_NAME, "format_version": FORMAT_VERSION, "complete": True})
            absent = [name for name in ATTRIBUTES if name not in self._file.attrs]
            if absent:
                raise ValueError(f"attributes not written: {absent}")
            if _KEY in self._file.attrs:
                del self._file.attrs[_KEY]
                for image in self.images:
                    del self._file[f"images/{image}"].attrs[_FLUSHED]
            self._file.close()
            with open(partial_path(self.path), "rb") as file:
                os.fsync(file.fileno())
            os.replace(partial_path(self.path), self.path)

    def _put_status(self, status: np.ndarray) -> None:
        if "frames/status" not in self._file:
            self.put("frames/status", status)
            return
        with output_errors(self.path):
            self._file["frames/status"][:] = status

    def _flush(self, image: str) -> None:
        """Write the pending rows of a group and note how far it is, with a checksum of its pictures."""
        start, stop = self._flushed[image], self._written[image]
        if start == stop:
            return
        data = b"".join(self._pending[image])
        points, self._pending[image], self._points[image] = self._points[image], [], []
        self._checks[image] = zlib.crc32(data, self._checks[image])
        with output_errors(self.path):
            group = self._file[f"images/{image}"]
            if data:
                blob = group["blob"]
                size = len(blob)
                blob.resize((size + len(data),))
                blob[size:] = np.frombuffer(data, np.uint8)
            group["offset"][start:stop] = self._offsets[image][start:stop]
            if self._landmarks and image != self.images[0]:
                blank = np.full((self._landmarks, 2), np.nan, np.float32)
                known = np.stack([blank if values is None else values for values in points])
                self._file[LANDMARKS][start:stop, self.images.index(image) - 1] = rounded(known)
            if _KEY in self._file.attrs:
                group.attrs[_FLUSHED] = (stop, self._checks[image])
            self._file.flush()
        self._flushed[image] = stop


def image_groups(names: tuple[str, ...], tuples: int) -> tuple[str, ...]:
    """Return the groups of pictures of a subject with some tuples of twins.

    Parameters
    ----------
    names : tuple of str
        Twins of a tuple, for example ``("female", "male")``.
    tuples : int
        The names of the second one end in ``_2``, and so on.
    """
    numbers = range(1, tuples + 1)
    return (IMAGE_REAL, *(name if number == 1 else f"{name}_{number}" for number in numbers for name in names))
