"""Decoding pictures of shards, cropped and mirrored on the way into the batch."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import simplejpeg

from assets.errors import InputError
from assets.shard import Shard


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


def decode(data: np.ndarray, where: object, size_px: int = 0, shrink: int = 1) -> np.ndarray:
    """Decode one JPEG or PNG to (H, W, 3) uint8 RGB.

    Parameters
    ----------
    size_px, shrink : int
        Side of the stored picture, and the divisor at which it is decoded (see ``shrink_for``).

    Raises
    ------
    InputError
        If the bytes are no picture.
    """
    try:
        if len(data) > 1 and data[0] == 0xFF and data[1] == 0xD8:
            least = size_px // shrink if shrink > 1 else 0
            return simplejpeg.decode_jpeg(
                data, "RGB", fastdct=True, fastupsample=True, min_height=least, min_width=least
            )  # fmt: skip
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
        if image is None:
            raise ValueError("neither JPEG nor PNG")
        if shrink > 1:
            image = cv2.resize(image, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(image[..., ::-1])
    except ValueError as error:
        mend = "run `synth verify` on the folder and render this subject again"
        raise InputError.one(f"a picture cannot be decoded ({error})", where, mend) from None


def read_picture(shard: Shard, image: str, row: int, size_px: int, shrink: int) -> np.ndarray:
    """Read and decode one picture of a shard → (size_px / shrink, size_px / shrink, 3) uint8.

    Raises
    ------
    InputError
        If the picture is absent, damaged, or of the wrong size.
    """
    data = shard.read_bytes(image, row)
    where = f"{shard.path}: {image} picture of row {row}"
    if data is None:
        raise InputError.one("the picture is absent", where, "run `synth verify` on the folder")
    picture, side = decode(data, where, size_px, shrink), size_px // shrink
    if picture.shape[:2] != (side, side):
        seen = "x".join(str(length * shrink) for length in picture.shape[:2])
        raise InputError.one(f"the picture is {seen} px, not {size_px}", where, "render this subject again")
    return picture


def cut_into(out: np.ndarray, picture: np.ndarray, crops: Crops, index: int) -> None:
    """Crop and mirror a picture and write it to ``out`` (side, side, 3) uint8."""
    top, left = crops.top_left_px[index]
    part = picture[top : top + crops.side_px, left : left + crops.side_px]
    if crops.mirrored[index]:
        cv2.flip(part, 1, out)
    else:
        out[:] = part
