"""Reading a shard: one HDF5 file, opened when first used, checked against the table of ``assets.shard_format``."""

from __future__ import annotations

import json
import os
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from assets.errors import InputError, Problem
from assets.shard_blob import Blob
from assets.shard_format import (
    ATTRIBUTES,
    FORMAT_NAME,
    FORMAT_VERSION,
    IMAGE_REAL,
    JSON_ATTRIBUTES,
    SHARD_SUFFIX,
    Field,
    Status,
    fields_of,
)

MEND = "delete this file and run the same command again: what is missing is made anew, the rest is kept"
"""--overwrite would begin the whole run anew."""


def find_shards(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the finished shards of a run folder (or of its ``shards`` folder, or one shard file), sorted by name.

    Raises
    ------
    InputError
        If there is none.
    """
    root = Path(folder)
    if root.is_file():
        return [root]
    for place in (root / "shards", root):
        found = sorted(path for path in place.glob(f"*{SHARD_SUFFIX}") if not path.name.startswith("."))
        if found:
            return found
    what = "this folder holds no shard" if root.is_dir() else "there is no such folder"
    raise InputError.one(what, root, "pass the --out folder of a `synth render` run")


class Shard:
    """One subject's frames, twins and labels, read-only.

    The file is opened when first needed and again in every process that uses the object, so a shard may be
    pickled and shared with loader workers.

    Parameters
    ----------
    path : str or path
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._file: h5py.File | None = None
        self._pid = -1
        self._blobs: dict[str, Blob] = {}

    def __enter__(self) -> Shard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["path"])  # type: ignore[misc]

    def __len__(self) -> int:
        return len(self.status)

    def close(self) -> None:
        """Close the file; it opens again when next used."""
        if self._file is not None and self._pid == os.getpid():
            self._file.close()
        self._file, self._blobs = None, {}

    @property
    def file(self) -> h5py.File:
        """The open HDF5 file of this process.

        Raises
        ------
        InputError
            If the file is missing, is no HDF5 file, or is another or a newer format.
        """
        if self._file is None or self._pid != os.getpid():
            self._file, self._pid, self._blobs = _open(self.path), os.getpid(), {}
        return self._file

    def read_bytes(self, image: str, row: int) -> np.ndarray | None:
        """Return one encoded picture (JPEG or PNG) as (N,) uint8, None where there is none.

        Parameters
        ----------
        image : str
            ``real`` or a twin's group, for example ``female``.
        row : int

        Raises
        ------
        InputError
            If the file ends before the picture does, or cannot be read.
        """
        start, length = self.offsets[image][row].tolist()
        if length == 0:
            return None
        blob = self._blobs.get(image) if self._pid == os.getpid() else None
        if blob is None:
            blob = self._blobs[image] = Blob(self.file, f"images/{image}/blob")
        return blob.read(start, length)

    def array(self, path: str) -> np.ndarray:
        """Return a whole dataset, for example ``frames/weights``."""
        if path not in self.file:
            raise InputError.one(f"the shard has no dataset {path!r}", self.path, MEND)
        return self.file[path][()]

    def texts(self, path: str) -> tuple[str, ...]:
        """Return a whole text dataset, for example ``sequences/name``."""
        return tuple(self.file[path].asstr()[()])

    def json(self, name: str) -> Any:
        """Return one of the JSON attributes, for example ``config``."""
        return json.loads(self.file.attrs[name])

    @cached_property
    def images(self) -> tuple[str, ...]:
        """Groups of pictures: ``real`` first, then one per twin in the order of ``/avatars``."""
        return (IMAGE_REAL, *self.twins)

    @cached_property
    def twins(self) -> tuple[str, ...]:
        """Names of the twins, for example ``("female", "male")``; empty in a real-only shard."""
        return self.texts("avatars/image")

    @cached_property
    def offsets(self) -> dict[str, np.ndarray]:
        """Start and length of every picture, (T, 2) int64 for each group."""
        return {image: self.file[f"images/{image}/offset"][()] for image in self.images}

    @cached_property
    def subject(self) -> str:
        """Subject identifier."""
        return str(self.file.attrs["subject"])

    @cached_property
    def apparent_gender(self) -> str:
        """Apparent gender of the real subject: female, male or unknown."""
        return str(self.file.attrs["apparent_gender"])

    @cached_property
    def simulated(self) -> bool:
        """Whether the 'real' frames were themselves rendered."""
        return bool(self.file.attrs["simulated"])

    @cached_property
    def au_names(self) -> tuple[str, ...]:
        """Column names of ``au`` and ``au_mask``, for example ``AU01``."""
        return tuple(map(str, self.file.attrs["au_names"]))

    @cached_property
    def status(self) -> np.ndarray:
        """(T,) uint8, ``assets.shard_format.Status``."""
        return self.file["frames/status"][()]

    @cached_property
    def au(self) -> np.ndarray:
        """(T, A) uint8 occurrence, meaningless where ``au_mask`` is 0."""
        return self.file["frames/au"][()]

    @cached_property
    def au_mask(self) -> np.ndarray:
        """(T, A) uint8, 1 where the label is known."""
        return self.file["frames/au_mask"][()]

    @cached_property
    def sequences(self) -> tuple[str, ...]:
        """Name of each sequence."""
        return self.texts("sequences/name")

    def avatars(self) -> list[dict[str, Any]]:
        """Return ``name``, ``image``, ``apparent_gender`` and ``spec`` (decoded JSON) of each avatar."""
        columns = [self.texts(f"avatars/{key}") for key in ("name", "image", "apparent_gender", "spec")]
        return [
            {"name": name, "image": image, "apparent_gender": gender, "spec": json.loads(spec)}
            for name, image, gender, spec in zip(*columns, strict=True)
        ]

    def complete_rows(self) -> np.ndarray:
        """Return the rows (N,) int64 whose triplet is complete."""
        return np.flatnonzero(self.status == Status.OK)

    def validate(self) -> None:
        """Check every dataset and attribute against the table.

        Raises
        ------
        InputError
            All deviations at once.
        """
        problems = [
            Problem(f"attribute {name!r} is missing", str(self.path), MEND)
            for name in ATTRIBUTES
            if name not in self.file.attrs
        ]
        problems += [
            Problem(f"attribute {name!r} is no JSON", str(self.path), MEND)
            for name in JSON_ATTRIBUTES
            if name in self.file.attrs and not _is_json(self.file.attrs[name])
        ]
        if "avatars/image" not in self.file:
            raise InputError([*problems, Problem("dataset 'avatars/image' is missing", str(self.path), MEND)])
        sizes: dict[str, int] = {}
        for field in fields_of(self.images):
            problems += [Problem(what, str(self.path), MEND) for what in _deviations(self.file, field, sizes)]
        if problems:
            raise InputError(problems)


def _open(path: Path) -> h5py.File:
    """Open a shard without chunk cache: pictures are read in slices, and a cache would read a megabyte for each."""
    try:
        file = h5py.File(path, "r", rdcc_nbytes=0)
    except FileNotFoundError:
        raise InputError.one("there is no such shard", path, "check the path") from None
    except OSError as error:
        raise InputError.one(f"this is no readable HDF5 file ({error})", path, MEND) from None
    name, version = file.attrs.get("format"), file.attrs.get("format_version")
    if name == FORMAT_NAME and version == FORMAT_VERSION:
        return file
    file.close()
    if name != FORMAT_NAME or not isinstance(version, int | np.integer):
        raise InputError.one("this HDF5 file is no shard", path, "pass a file that `synth render` wrote")
    mend = "update this program" if version > FORMAT_VERSION else "render the run again into another --out"
    raise InputError.one(f"format version {version} is not {FORMAT_VERSION}", path, mend)


def _deviations(file: h5py.File, field: Field, sizes: dict[str, int]) -> list[str]:
    """Return what is wrong with one dataset; ``sizes`` collects the symbolic sizes met so far."""
    if field.path not in file:
        return [] if field.optional else [f"dataset {field.path!r} is missing"]
    dataset = file[field.path]
    out = []
    is_text = h5py.check_string_dtype(dataset.dtype) is not None
    if is_text != (field.dtype == "str") or (not is_text and dataset.dtype != np.dtype(field.dtype)):
        out.append(f"dataset {field.path!r} holds {dataset.dtype}, not {field.dtype}")
    if len(dataset.shape) != len(field.shape):
        return [*out, f"dataset {field.path!r} has {len(dataset.shape)} axes, not {len(field.shape)}"]
    for size, symbol in zip(dataset.shape, field.shape, strict=True):
        expected = symbol if isinstance(symbol, int) else size if symbol == "N" else sizes.setdefault(symbol, size)
        if size != expected:
            out.append(f"dataset {field.path!r} has shape {dataset.shape}; axis {symbol} should be {expected}")
    return out


def _is_json(text: Any) -> bool:
    try:
        json.loads(text)
    except (TypeError, ValueError):
        return False
    return True
