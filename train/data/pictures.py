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


def decode(data: np.ndarray, where: object) -> np.ndarray:
    """Decode one JPEG or PNG to (H, W, 3) uint8 RGB.

    Raises
    ------
    InputError
        If the bytes are no picture.
    """
    raw = data.tobytes()
    try:
        if raw[:2] == b"\xff\xd8":
            return simplejpeg.decode_jpeg(raw, "RGB", fastdct=True, fastupsample=True)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
        if image is None:
            raise ValueError("neither JPEG nor PNG")
        return np.ascontiguousarray(image[..., ::-1])
    except ValueError as error:
        mend = "run `synth verify` on the folder and render this subject again"
        raise InputError.one(f"a picture cannot be decoded ({error})", where, mend) from None


def read_into(out: np.ndarray, shard: Shard, image: str, row: int, crops: Crops, index: int) -> None:
    """Decode one picture of a shard, crop and mirror it, and write it to ``out`` (side, side, 3) uint8.

    Raises
    ------
    InputError
        If the picture is absent, damaged, or of the wrong size.
    """
    data = shard.read_bytes(image, row)
    where = f"{shard.path}: {image} picture of row {row}"
    if data is None:
        raise InputError.one("the picture is absent", where, "run `synth verify` on the folder")
    picture = decode(data, where)
    top, left = crops.top_left_px[index]
    side = crops.side_px
    if picture.shape[0] < top + side or picture.shape[1] < left + side:
        raise InputError.one(f"the picture is {picture.shape[:2]}, too small", where, "render this subject again")
    part = picture[top : top + side, left : left + side]
    if crops.mirrored[index]:
        cv2.flip(part, 1, out)
    else:
        out[:] = part
