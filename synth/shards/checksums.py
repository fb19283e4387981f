"""Checksums of finished shards, kept beside them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import h5py
import numpy as np

CHECKSUM_FILE = "checksums.json"


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def dataset_digests(path: Path) -> dict[str, str]:
    """Return the SHA-256 of every dataset and of every attribute of an HDF5 file, by name.

    Attributes are named ``@name``. Type and shape are part of the digest; how the file stores the values is not.
    """
    out: dict[str, str] = {}

    def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            out[name] = _digest(item.asstr()[()] if h5py.check_string_dtype(item.dtype) else item[()])

    with h5py.File(path, "r") as file:
        file.visititems(visit)
        out.update({f"@{name}": _digest(np.asarray(value)) for name, value in file.attrs.items()})
    return out


def _digest(values: np.ndarray) -> str:
    values = np.asarray(values)
    if values.dtype.kind in "OUS":
        body = json.dumps([str(text) for text in values.ravel()]).encode()
        head = f"text {values.shape}"
    else:
        body, head = np.ascontiguousarray(values).tobytes(), f"{values.dtype.str} {values.shape}"
    return hashlib.sha256(head.encode() + b"\0" + body).hexdigest()
