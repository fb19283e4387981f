"""Files of a folder, a tar or a zip archive, one after the other, bounded and never unpacked to disk."""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from assets.errors import InputError

FILE_LIMIT_BYTES = 64 << 20
TOTAL_LIMIT_BYTES = 2 << 30
COUNT_LIMIT = 5000
UNPACKED_LIMIT_BYTES = 4 << 30
"""An archive that holds more, wanted or not, is not read to its end."""

ARCHIVE_ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2")

_TOO_BIG = "import a smaller head, or unpack it and remove what is not needed"
_NO_ESCAPE = "make the archive again with plain files below one folder"


def clean_text(text: str) -> str:
    """Return a name from a file as text that can be printed: what is no UTF-8 becomes question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def is_archive(path: Path) -> bool:
    """Return whether a file's name ends like that of a tar or zip archive."""
    return path.name.lower().endswith(ARCHIVE_ENDINGS)


def read_bounded(path: Path, limit: int = FILE_LIMIT_BYTES) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    InputError
        If it cannot be read or holds more than ``limit`` bytes.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise InputError.one(f"cannot be read ({error.strerror})", path, "check the path and its permissions") from None
    if len(data) > limit:
        raise InputError.one(f"is larger than {limit >> 20} MiB", path, _TOO_BIG)
    return data


def walk(path: Path, wanted: tuple[str, ...]) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Yield ``(relative path, bytes)`` of every regular file whose name ends as wanted.

    Parameters
    ----------
    path : Path
        A folder, or an archive (``ARCHIVE_ENDINGS``), read in its own order in one pass.
    wanted : tuple of str
        Lower-case endings such as ``.obj``.

    Raises
    ------
    InputError
        If the archive is damaged, a member would lie outside of it or is a link, or a bound is passed.
    """
    if path.is_dir():
        members = _folder(path, wanted)
    elif path.name.lower().endswith(".zip"):
        members = _zip(path, wanted)
    else:
        members = _tar(path, wanted)
    total = 0
    for count, (name, data) in enumerate(members, 1):
        total += len(data)
        if count > COUNT_LIMIT or total > TOTAL_LIMIT_BYTES:
            what = f"more than {COUNT_LIMIT} files or {TOTAL_LIMIT_BYTES >> 20} MiB"
            raise InputError.one(what, path, _TOO_BIG)
        yield name, data


def _is_wanted(name: str, wanted: tuple[str, ...]) -> bool:
    return name.lower().endswith(wanted) and not PurePosixPath(name).name.startswith(".")


def _folder(path: Path, wanted: tuple[str, ...]) -> Iterator[tuple[PurePosixPath, bytes]]:
    root = path.resolve()
    for file in sorted(path.rglob("*")):
        if not file.is_file() or not _is_wanted(file.name, wanted):
            continue
        if not file.resolve().is_relative_to(root):
            raise InputError.one("is a link out of the folder", file, "copy the file into the folder")
        yield PurePosixPath(file.relative_to(path).as_posix()), read_bounded(file)


def _confined(name: str, path: Path) -> PurePosixPath:
    member = PurePosixPath(name.replace("\\", "/"))
    if member.is_absolute() or ".." in member.parts or (member.parts and member.parts[0].endswith(":")):
        raise InputError.one(f"member {name!r} lies outside of the archive", path, _NO_ESCAPE)
    return member


def _check_size(size: int, name: str, path: Path) -> None:
    if size > FILE_LIMIT_BYTES:
        raise InputError.one(
            f"declares {size} bytes, more than {FILE_LIMIT_BYTES >> 20} MiB", f"{path}:{name}", _TOO_BIG
        )


def _tar(path: Path, wanted: tuple[str, ...]) -> Iterator[tuple[PurePosixPath, bytes]]:
    openers: dict[str, Any] = {
        ".gz": gzip.open,
        ".tgz": gzip.open,
        ".xz": lzma.open,
        ".txz": lzma.open,
        ".bz2": bz2.open,
    }
    opener = openers.get(path.suffix.lower(), open)
    try:
        with opener(path, "rb") as raw:
            stream = _Counted(raw, path)
            archive = tarfile.open(fileobj=stream, mode="r|")  # type: ignore[call-overload]
            for member in archive:
                name = _confined(member.name, path)
                if member.issym() or member.islnk():
                    raise InputError.one(f"member {member.name!r} is a link", path, _NO_ESCAPE)
                if not member.isfile() or not _is_wanted(member.name, wanted):
                    continue
                _check_size(member.size, member.name, path)
                content = archive.extractfile(member)
                data = content.read(FILE_LIMIT_BYTES) if content else b""
                if len(data) != member.size:
                    raise tarfile.ReadError("it is cut off")
                yield name, data
            while stream.read(1 << 20):
                pass
    except (tarfile.TarError, EOFError, OSError, ValueError, lzma.LZMAError, zlib.error) as error:
        raise _damaged(path, error) from None


class _Counted:
    """A stream that gives out a bounded number of bytes, so that no archive unpacks for ever."""

    def __init__(self, stream: Any, path: Path) -> None:
        self._stream, self._path, self._total = stream, path, 0

    def read(self, size: int) -> bytes:
        """Return the next bytes; InputError beyond the bound."""
        data: bytes = self._stream.read(size)
        self._total += len(data)
        if self._total > UNPACKED_LIMIT_BYTES:
            raise InputError.one(f"unpacks to more than {UNPACKED_LIMIT_BYTES >> 30} GiB", self._path, _TOO_BIG)
        return data


def _zip(path: Path, wanted: tuple[str, ...]) -> Iterator[tuple[PurePosixPath, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            for member in sorted(archive.infolist(), key=lambda m: m.filename):
                name = _confined(member.filename, path)
                if stat.S_ISLNK(member.external_attr >> 16):
                    raise InputError.one(f"member {member.filename!r} is a link", path, _NO_ESCAPE)
                if member.is_dir() or not _is_wanted(member.filename, wanted):
                    continue
                _check_size(member.file_size, member.filename, path)
                with archive.open(member) as stream:
                    yield name, stream.read(FILE_LIMIT_BYTES)
    except (
        zipfile.BadZipFile,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        lzma.LZMAError,
        zlib.error,
    ) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError.one(f"is not a whole archive ({error or type(error).__name__})", path, "download it again")
