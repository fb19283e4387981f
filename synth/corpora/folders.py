"""Finding the parts of a corpus below its root, and files by their number."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from assets.errors import InputError
from synth.sources.file_names import check_name
from synth.sources.images import IMAGE_SUFFIXES


def check_root(root: str | Path, corpus: str) -> Path:
    """Return the corpus folder.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    path = Path(root).expanduser()
    check_name(path)
    if not path.is_dir():
        raise InputError.one(f"there is no folder for {corpus}", path, "pass the corpus folder with --root")
    return path


def find_part(root: Path, given: str | Path | None, usual: Sequence[str], what: str, option: str) -> Path:
    """Return the folder that holds one part of a corpus.

    Parameters
    ----------
    root : Path
    given : str, Path or None
        What the user named, absolute or below the root; None looks in the usual places.
    usual : sequence of str
        Usual places below the root; case does not matter.
    what, option : str
        For the message: what is sought and how to name it.

    Raises
    ------
    InputError
        If it is not there.
    """
    part = optional_part(root, given, usual, what, option)
    if part is None:
        places = ", ".join(f"{place}/" for place in usual)
        raise InputError.one(f"no {what} found; looked for {places}", root, f"name the folder with {option}")
    return part


def optional_part(root: Path, given: str | Path | None, usual: Sequence[str], what: str, option: str) -> Path | None:
    """Return the folder as ``find_part`` does, or None if the user named none and none is in the usual places."""
    if given is not None:
        path = root / Path(given).expanduser()
        check_name(path)
        if not path.is_dir():
            raise InputError.one(f"there is no folder of {what}", path, f"check {option}")
        return path
    for place in usual:
        found: Path | None = root
        for step in Path(place).parts:
            found = None if found is None else child_named(found, step)
        if found is not None and found.is_dir():
            return found
    return None


def child_named(folder: Path, name: str) -> Path | None:
    """Return the entry of a folder with this name, in any case; None if there is none."""
    if not folder.is_dir():
        return None
    exact = folder / name
    if exact.exists():
        return exact
    matches = [entry for entry in visible(folder) if entry.name.lower() == name.lower()]
    return matches[0] if matches else None


def visible(folder: Path) -> list[Path]:
    """Return the entries of a folder, sorted, without hidden ones such as ``.DS_Store`` and ``._0001.jpg``.

    Raises
    ------
    InputError
        If it is no folder, or one that cannot be read.
    """
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise _no_folder(folder, error) from None


def _no_folder(folder: Path, error: OSError) -> InputError:
    return InputError.one(f"this is no readable folder ({error.strerror})", folder, "check what lies there")


def pictures_by_number(folder: Path) -> dict[int, str]:
    """Return picture files by the integer in their name, whatever its padding (``643.jpg``, ``0732.jpg``).

    Files whose name is no number or whose suffix is no picture's are left alone, and so are folders.

    Raises
    ------
    InputError
        If two files carry the same number, or no picture is there.
    """
    files: dict[int, str] = {}
    try:
        with os.scandir(folder) as found:
            names = sorted(entry.name for entry in found if not entry.is_dir(follow_symlinks=False))
    except OSError as error:
        raise _no_folder(folder, error) from None
    for name in names:
        stem, suffix = os.path.splitext(name)
        if suffix.lower() not in IMAGE_SUFFIXES or not stem.isascii() or not stem.isdigit():
            continue
        number = int(stem)
        if number in files:
            what = f"{Path(files[number]).name} and {name} are both frame {number}"
            raise InputError.one(what, folder, "keep one of the two")
        files[number] = str(folder / name)
    if not files:
        raise InputError.one("no picture named by its frame number", folder, "unpack the pictures as 1.jpg, 2.jpg, …")
    return files
