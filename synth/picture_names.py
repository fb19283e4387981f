"""What the picture files of a run are called: written by ``synth extract``, read back from tables of estimates."""

from __future__ import annotations

from collections import Counter

import numpy as np

from assets.errors import InputError
from assets.shard import Shard
from assets.shard_format import IMAGE_REAL

AGAIN = "real_again"
"""Folder of the second, disturbed copies of the real pictures."""


def picture_names(shard: Shard) -> dict[str, list[str]]:
    """Return the name of every picture of a shard, without its suffix.

    Parameters
    ----------
    shard : Shard

    Returns
    -------
    dict of str to list of str
        For ``real``, every twin and ``AGAIN``, one name per row: ``shard/sequence/image/frame`` with a frame of six
        digits; empty where there is no picture.

    Raises
    ------
    InputError
        If two rows would get the same name.
    """
    sequence, frame = shard.array("frames/sequence"), shard.array("frames/frame")
    folders = [name.replace("/", "_").lstrip(".") or "sequence" for name in shard.sequences]
    stem = shard.path.stem
    names = {
        folder: [
            f"{stem}/{folders[sequence[row]]}/{folder}/{frame[row]:06d}" if there else ""
            for row, there in enumerate(shard.offsets[image][:, 1] > 0)
        ]
        for image, folder in [*((image, image) for image in shard.images), (IMAGE_REAL, AGAIN)]
    }
    doubles = [name for name, count in Counter(names[IMAGE_REAL]).items() if name and count > 1]
    if doubles:
        what = f"{len(doubles)} picture names stand for two rows, the first {doubles[0]!r}"
        raise InputError.one(what, shard.path, "give the sequences names that differ, and render again")
    return names


def folder_of(name: str) -> str:
    """Return the folder of a picture's name: all but its last part."""
    return name.rpartition("/")[0]


def in_file_order(names: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return the names of the pictures in each folder, sorted as a program meets them that goes through a folder.

    Parameters
    ----------
    names : dict
        As ``picture_names`` returns them.
    """
    folders: dict[str, list[str]] = {}
    for name in sorted({name for rows in names.values() for name in rows if name}):
        folders.setdefault(folder_of(name), []).append(name)
    return folders


def chosen(names: list[str], rows: np.ndarray) -> list[str]:
    """Return the names of some rows."""
    return [names[row] for row in rows]
