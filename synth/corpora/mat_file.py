"""MATLAB files of level 5 (versions 5 to 7), as far as one array of numbers: a damaged file is refused, never a crash.

Source: "MAT-File Format", The MathWorks.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Iterator

import numpy as np

LARGEST_BYTES = 1_000_000
"""Of a file, and of what is compressed in it."""

_HEADER_BYTES = 128
_MATRIX, _COMPRESSED = 14, 15
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""Data types in the file."""

_NUMERIC_CLASSES = range(6, 16)
"""double, single and the whole numbers; text, cells and structures are others."""

_COMPLEX = 0x0800


def read_array(data: bytes, name: str) -> np.ndarray | None:
    """Return an array of real numbers out of the bytes of a MATLAB file.

    Parameters
    ----------
    data : bytes
    name : str
        Of the variable.

    Returns
    -------
    (…) float64 or None
        None if the file has no such variable.

    Raises
    ------
    ValueError
        If this is no file of level 5, breaks off, or the variable holds something else.
    """
    order = {b"IM": "<", b"MI": ">"}.get(data[_HEADER_BYTES - 2 : _HEADER_BYTES], "")
    if not order or struct.unpack_from(f"{order}H", data, _HEADER_BYTES - 4)[0] >> 8 != 1:
        raise ValueError("it is not of MATLAB's versions 5 to 7")
    for kind, body in _elements(data[_HEADER_BYTES:], order):
        if kind == _COMPRESSED:
            kind, body = next(_elements(_unpacked(body), order), (0, b""))
        if kind == _MATRIX and (found := _array(body, order, name)) is not None:
            return found
    return None


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Yield type and content of each data element."""
    place = 0
    while place + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, place)
        start = place + 8
        if kind >> 16:
            kind, size, start = kind & 0xFFFF, kind >> 16, place + 4
        if start + size > len(data) or (start == place + 4 and size > 4):
            raise ValueError("it breaks off or is damaged")
        yield kind, data[start : start + size]
        padded = start + size if kind == _COMPRESSED else start + size + -(start + size) % 8
        place = max(padded, place + 8)


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, LARGEST_BYTES)
    except zlib.error as error:
        raise ValueError(f"it is damaged: {error}") from None


def _array(body: bytes, order: str, name: str) -> np.ndarray | None:
    """Return the array of a matrix element, None if it has another name."""
    parts = list(itertools.islice(_elements(body, order), 3))
    if len(parts) < 3 or parts[2][1].rstrip(b"\0") != name.encode():
        return None
    content = next(itertools.islice(_elements(body, order), 3, None), (0, b""))
    if len(parts[0][1]) != 8:
        raise ValueError("it is damaged")
    flags = struct.unpack_from(f"{order}I", parts[0][1])[0]
    if flags & 0xFF not in _NUMERIC_CLASSES or flags & _COMPLEX or content[0] not in _STORED:
        raise ValueError(f"{name!r} is no array of real numbers")
    if len(parts[1][1]) % 4:
        raise ValueError("it is damaged")
    shape = [int(length) for length in np.frombuffer(parts[1][1], f"{order}i4")]
    dtype = np.dtype(order + _STORED[content[0]])
    size = int(np.prod(shape, dtype=object)) if shape else 0
    if min(shape, default=-1) < 0 or len(content[1]) != size * dtype.itemsize:
        raise ValueError(f"{name!r} holds {len(content[1])} bytes for the shape {tuple(shape)}")
    return np.frombuffer(content[1], dtype).astype(np.float64).reshape(shape, order="F")
