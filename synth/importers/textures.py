"""Colour textures of a source: decoded within bounds, and what of them is kept, the fine detail of the skin."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import simplejpeg

from assets.errors import InputError
from assets.rig_maps import DETAIL_LIMIT

SIDE_LIMIT_PX = 8192
"""Larger textures are not decoded."""

DETAIL_PX = 512
"""Side of the detail map."""

DETAIL_REACH = 1 / 48
"""Standard deviation, as a share of the side, beyond which a difference in brightness counts as colour, not detail."""

_MEND = "save the texture as PNG or JPEG, at most 8192 pixels wide, and export again"


def decode_texture(data: bytes, where: str) -> np.ndarray:
    """Return a PNG or JPEG as (H, W, 3) uint8 RGB.

    Raises
    ------
    InputError
        If it is neither, is damaged, or declares more than ``SIDE_LIMIT_PX`` pixels a side.
    """
    try:
        height, width = _declared_size(data)
    except (ValueError, struct.error):
        raise InputError.one("the texture is no PNG or JPEG", where, _MEND) from None
    if not 0 < max(height, width) <= SIDE_LIMIT_PX:
        raise InputError.one(f"the texture declares {width} x {height} pixels", where, _MEND)
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise InputError.one("the texture is damaged", where, _MEND)
    return np.ascontiguousarray(picture[..., ::-1])


def _declared_size(data: bytes) -> tuple[int, int]:
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        width, height = struct.unpack(">II", data[16:24])
        return height, width
    height, width = simplejpeg.decode_jpeg_header(data)[:2]
    return height, width


def detail_map(texture: np.ndarray) -> np.ndarray:
    """Return pores, spots and lines of a skin texture without its colour.

    The logarithm of the brightness less its local mean: skin tone, blush and shade drop out, so that the tone of an
    avatar stays free to choose.

    Parameters
    ----------
    texture : (H, W, 3) uint8
        Row 0 is v = 1.

    Returns
    -------
    (DETAIL_PX, DETAIL_PX) uint8
        128 is none; 255 brightens by ``exp(DETAIL_LIMIT)``, 1 darkens by as much.
    """
    small = cv2.resize(texture, (DETAIL_PX, DETAIL_PX), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    brightness = np.log(small @ np.array([0.2126, 0.7152, 0.0722], np.float32) + 0.02)
    local = cv2.GaussianBlur(brightness, (0, 0), DETAIL_REACH * DETAIL_PX, borderType=cv2.BORDER_REPLICATE)
    share = np.clip((brightness - local) / DETAIL_LIMIT, -1, 1)
    return np.rint(128 + 127 * share).astype(np.uint8)
