"""Read and write ``.npz`` files from strangers: no pickles, bounded sizes, the same bytes every time."""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path
from zlib import error as zlib_error

import numpy as np

from assets.errors import InputError, Problem

TOTAL_LIMIT_BYTES = 512 << 20
MEMBER_LIMIT = 1024
EPOCH = (1980, 1, 1, 0, 0, 0)
KINDS = "fiub"


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays, sorted by name, deflated, with fixed dates, so that equal content gives equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            info.create_system = 3
            archive.writestr(info, member.getvalue(), compresslevel=9)
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(buffer.getvalue())
    partial.replace(path)


def read_arrays(path: Path, mend: str) -> dict[str, np.ndarray]:
    """Return all arrays of an ``.npz`` file by name.

    Parameters
    ----------
    path : Path
    mend : str
        What the user should do when the file is broken.

    Raises
    ------
    InputError
        If the file is absent, truncated, too large, holds objects, or an array is damaged or not finite.
    """
    if not path.is_file():
        raise InputError.one("no such file", path, mend)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_directory(path, members, mend)
            arrays, problems = {}, []
            for info in members:
                name = info.filename.removesuffix(".npy")
                try:
                    arrays[name] = _read_member(archive, info)
                except (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib_error) as error:
                    problems.append(Problem(f"damaged array ({error})", f"{path}:{name}", mend))
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError.one(f"not a readable npz archive ({error})", path, mend) from None
    if problems:
        raise InputError(problems)
    return arrays


def _check_directory(path: Path, members: list[zipfile.ZipInfo], mend: str) -> None:
    if len(members) > MEMBER_LIMIT:
        raise InputError.one(f"{len(members)} arrays, more than {MEMBER_LIMIT}", path, mend)
    total = sum(info.file_size for info in members)
    if total > TOTAL_LIMIT_BYTES:
        raise InputError.one(f"declares {total} bytes, more than {TOTAL_LIMIT_BYTES}", path, mend)
    for info in members:
        parts = Path(info.filename).parts
        if info.filename.startswith(("/", "\\")) or ".." in parts or not info.filename.endswith(".npy"):
            raise InputError.one("unexpected member name", f"{path}:{info.filename}", mend)


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(info) as stream:
        data = stream.read(info.file_size + 1)
    if len(data) != info.file_size:
        raise ValueError(f"{len(data)} bytes instead of {info.file_size}")
    member = io.BytesIO(data)
    version = np.lib.format.read_magic(member)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = header(member)
    if dtype.kind not in KINDS or dtype.hasobject:
        raise ValueError(f"dtype {dtype} is not a plain number")
    if math.prod(shape) * dtype.itemsize != len(data) - member.tell():
        raise ValueError(f"shape {shape} does not match its {len(data) - member.tell()} bytes")
    array = np.frombuffer(data, dtype, offset=member.tell()).reshape(shape, order="F" if fortran else "C")
    if dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError("values are not finite")
    return array.copy()
