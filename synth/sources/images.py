"""Picture files as a sequence."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from assets.errors import Problem
from synth.sources.file_names import name_problem
from synth.tracks import GivenLandmarks, Labels

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm"})

_TAILS = {b"\xff\xd8": b"\xff\xd9", b"\x89PNG": b"IEND"}
"""First bytes of a file to the bytes that end it."""

_DIGITS = re.compile(r"(\d+)\D*$", re.ASCII)


@dataclass(frozen=True)
class ImageSequence:
    """Planned pictures of one subject; see ``synth.tracks.Sequence``.

    Attributes
    ----------
    paths : tuple of str or None
        One file per planned frame, None where a label row names a picture that does not exist.
    frames : (T,) int64
        The number in the file name where every name has one of its own, else the place in the sorted list from 0.
    odd_file : str
        A file that keeps the others from being numbered by their names, empty if there is none. Label rows that name
        a frame cannot be told apart then.
    """

    subject: str
    name: str
    apparent_gender: str
    paths: tuple[str | None, ...]
    frames: np.ndarray
    time_s: np.ndarray
    labels: Labels | None = None
    given_landmarks: GivenLandmarks | None = None
    odd_file: str = ""

    def picture_file(self, row: int) -> str | None:
        """Return the file of a planned frame, None where none is named."""
        return self.paths[row]

    def pictures(self, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray | None]:
        """Yield (H, W, 3) uint8 RGB pictures of the planned frames ``start`` to ``stop``; None if unreadable."""
        for path in self.paths[start:stop]:
            bgr = None if path is None else _read_bgr(path)
            yield None if bgr is None else cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def _read_bgr(path: str) -> np.ndarray | None:
    """Return the (H, W, 3) uint8 picture, None if it cannot be decoded or claims more pixels than any camera has."""
    try:
        return None if name_problem(path) else cv2.imread(path, cv2.IMREAD_COLOR)
    except cv2.error:
        return None


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
    if (odd := name_problem(path)) is not None:
        return odd
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

    The last number in each name if all names have one below 2⁶³ and no two are equal, else 0, 1, 2, …
    """
    numbers = [number for path in paths if (number := _number_in(path)) is not None]
    if len(numbers) == len(set(numbers)) == len(paths) and (len(paths) > 1 or paths[0].stem.isdigit()):
        return np.array(numbers, np.int64)
    return np.arange(len(paths), dtype=np.int64)


def _number_in(path: Path) -> int | None:
    match = _DIGITS.search(path.stem)
    number = int(match.group(1)) if match else None
    return None if number is None or number >= 2**63 else number


def _odd_file(paths: list[Path]) -> str:
    """Return a file without number among files that all have their own, or one with the name of another."""
    numbers = [number for path in paths if (number := _number_in(path)) is not None]
    without = [path for path in paths if _number_in(path) is None]
    if without and numbers and len(set(numbers)) == len(numbers):
        return str(without[0])
    twins = [path for path, other in itertools.pairwise(paths) if path.stem == other.stem]
    return str(twins[0]) if twins else ""


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
    unknown_s = np.full(len(files), np.nan)
    odd = _odd_file(ordered)
    return ImageSequence(subject, name, apparent_gender, files, numbers[order], unknown_s, odd_file=odd)
