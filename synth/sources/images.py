"""Picture files as a sequence."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from assets.errors import Problem
from synth.tracks import GivenLandmarks, Labels

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm"})

_TAILS = {b"\xff\xd8": b"\xff\xd9", b"\x89PNG": b"IEND"}
"""First bytes of a file to the bytes that end it."""

_DIGITS = re.compile(r"(\d+)\D*$")


@dataclass(frozen=True)
class ImageSequence:
    """Planned pictures of one subject; see ``synth.tracks.Sequence``.

    Attributes
    ----------
    paths : tuple of str or None
        One file per planned frame, None where a label row names a picture that does not exist.
    frames : (T,) int64
        The number in the file name where every name has one of its own, else the place in the sorted list from 0.
    """

    subject: str
    name: str
    apparent_gender: str
    paths: tuple[str | None, ...]
    frames: np.ndarray
    time_s: np.ndarray
    labels: Labels | None = None
    given_landmarks: GivenLandmarks | None = None

    def picture_file(self, row: int) -> str | None:
        """Return the file of a planned frame, None where none is named."""
        return self.paths[row]

    def pictures(self, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray | None]:
        """Yield (H, W, 3) uint8 RGB pictures of the planned frames ``start`` to ``stop``; None if unreadable."""
        for path in self.paths[start:stop]:
            bgr = None if path is None else cv2.imread(path, cv2.IMREAD_COLOR)
            yield None if bgr is None else cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def image_problem(path: str | Path, where: object | None = None) -> Problem | None:
    """Return what is wrong with a picture file, None if its beginning and its end look right.

    Parameters
    ----------
    path : str or Path
    where : object or None
        What to name instead of the path, for example a row of a manifest.
    """
    place = str(path if where is None else where)
    name = "the picture" if where is None else f"the picture {path}"
    if not os.path.isfile(path):
        return Problem(f"{name} does not exist", place, "check the path")
    if not cv2.haveImageReader(str(path)):
        return Problem(f"{name} is in no format that can be read", place, "save it as JPEG or PNG")
    with open(path, "rb") as file:
        head = file.read(4)
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 4096))
        end = file.read()
    for magic, tail in _TAILS.items():
        if head.startswith(magic) and tail not in end:
            return Problem(f"{name} breaks off before its end", place, "copy or export the picture again")
    return None


def frame_numbers(paths: list[Path]) -> np.ndarray:
    """Return the (N,) int64 frame number of each file.

    The last number in each name if all names have one and no two are equal, else 0, 1, 2, …
    """
    matches = [_DIGITS.search(path.stem) for path in paths]
    numbers = [int(match.group(1)) for match in matches if match]
    if len(numbers) == len(set(numbers)) == len(paths) and (len(paths) > 1 or paths[0].stem.isdigit()):
        return np.array(numbers, np.int64)
    return np.arange(len(paths), dtype=np.int64)


def open_images(paths: list[Path], subject: str, name: str, apparent_gender: str) -> ImageSequence:
    """Make a sequence of picture files in the order of their frame numbers.

    Parameters
    ----------
    paths : list of Path
        Not empty; see ``image_problem`` for the check that comes first.
    """
    ordered = sorted(paths)
    numbers = frame_numbers(ordered)
    order = np.argsort(numbers, kind="stable")
    files = tuple(str(ordered[i]) for i in order)
    return ImageSequence(subject, name, apparent_gender, files, numbers[order], np.full(len(files), np.nan))
