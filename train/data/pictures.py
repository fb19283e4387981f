"""Decoding pictures of shards, cropped and mirrored on the way into the batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import simplejpeg

from assets.errors import InputError
from assets.shard import MEND, Shard


@dataclass(frozen=True)
class Crops:
    """Where to crop and whether to mirror, one draw for each frame *and all its twins*.

    Attributes
    ----------
    top_left_px : (B, 2) int64
        Row and column of the crop in the picture.
    mirrored : (B,) bool
    side_px : int
        Side of the crop.
    """

    top_left_px: np.ndarray
    mirrored: np.ndarray
    side_px: int


def centre_crops(count: int, size_px: int, side_px: int) -> Crops:
    """Return the crops of evaluation: the middle, never mirrored."""
    return Crops(np.full((count, 2), (size_px - side_px) // 2), np.zeros(count, bool), side_px)


def random_crops(count: int, size_px: int, side_px: int, rng: np.random.Generator) -> Crops:
    """Draw the crops of training: a uniform position and a fair coin for the mirror image."""
    top_left = rng.integers(0, size_px - side_px + 1, (count, 2))
    return Crops(top_left, rng.random(count) < 0.5, side_px)


SHRINKS = (8, 4, 2)
"""Divisors at which a JPEG can be decoded directly, from fewer of its frequencies."""


def shrink_for(size_px: int, crop_ratio: float, input_px: int) -> int:
    """Return the largest divisor at which the crop of a stored picture still covers the network's input.

    Decoding 256 px at half size takes a third of the time, and a 96 px input loses nothing by it.
    """
    for shrink in SHRINKS:
        if input_px and size_px % shrink == 0 and round(size_px // shrink * crop_ratio) >= input_px:
            return shrink
    return 1


def decode(
    data: np.ndarray,
    where: object,
    size_px: int = 0,
    shrink: int = 1,
    into: np.ndarray | None = None,
    order: Literal["RGB", "BGR"] = "RGB",
) -> np.ndarray:
    """Decode one JPEG or PNG to (H, W, 3) uint8.

    Parameters
    ----------
    size_px, shrink : int
        Side of the stored picture, and the divisor at which it is decoded (see ``shrink_for``).
    into : (h, w, 3) uint8 or None
        Memory that a JPEG of this size may be decoded into; used again and again, it stays in the cache.
    order : str
        Order of the colours.

    Raises
    ------
    InputError
        If the bytes are no picture.
    """
    try:
        if len(data) > 1 and data[0] == 0xFF and data[1] == 0xD8:
            return _decode_jpeg(data, size_px // shrink if shrink > 1 else 0, into, order)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
        if image is None:
            raise ValueError("neither JPEG nor PNG")
        if shrink > 1:
            image = cv2.resize(image, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
        return image if order == "BGR" else np.ascontiguousarray(image[..., ::-1])
    except ValueError as error:
        mend = MEND
        raise InputError.one(f"a picture cannot be decoded ({error})", where, mend) from None


def _decode_jpeg(data: np.ndarray, least_px: int, into: np.ndarray | None, order: str) -> np.ndarray:
    """Decode a JPEG to no less than ``least_px``; into other memory than ``into`` if it does not fit there."""
    how = {"fastdct": True, "fastupsample": True, "min_height": least_px, "min_width": least_px}
    try:
        return simplejpeg.decode_jpeg(data, order, buffer=into, **how)
    except ValueError:
        if into is None:
            raise
        return simplejpeg.decode_jpeg(data, order, **how)


def read_picture(
    shard: Shard,
    image: str,
    row: int,
    size_px: int,
    shrink: int,
    into: np.ndarray | None = None,
    order: Literal["RGB", "BGR"] = "RGB",
) -> np.ndarray:
    """Read and decode one picture of a shard → (size_px / shrink, size_px / shrink, 3) uint8.

    The result may be ``into`` itself; see ``decode``.

    Raises
    ------
    InputError
        If the picture is absent, damaged, or of the wrong size.
    """
    data = shard.read_bytes(image, row)
    where = f"{shard.path}: {image} picture of row {row}"
    if data is None:
        raise InputError.one("the picture is absent", where, MEND)
    picture, side = decode(data, where, size_px, shrink, into, order), size_px // shrink
    if picture.shape[:2] != (side, side):
        seen = "x".join(str(length * shrink) for length in picture.shape[:2])
        raise InputError.one(f"the picture is {seen} px, not {size_px}", where, MEND)
    return picture


def cut_into(out: np.ndarray, picture: np.ndarray, crops: Crops, index: int, bgr: bool = False) -> None:
    """Crop and mirror a picture and write it to ``out`` (side, side, 3) uint8 RGB.

    Parameters
    ----------
    picture : (H, W, 3) uint8
    bgr : bool
        Order of the colours in ``picture``, for mirrored crops only. A row of BGR whose bytes are read backwards is the
        mirrored row in RGB; reversing bytes is quicker than reversing pixels.
    """
    side = crops.side_px
    top, left = crops.top_left_px[index].tolist()
    part = picture[top : top + side, left : left + side]
    if not crops.mirrored[index]:
        out[:] = part
    elif bgr:
        cv2.flip(part.reshape(side, -1), 1, out.reshape(side, -1))
    else:
        cv2.flip(part, 1, out)
