"""The canonical face of the landmark model: what 468 landmarks of an average face at rest look like."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np

from assets.errors import InputError
from assets.models import FACE_MODEL, read_face_model

_GEOMETRY = "geometry_pipeline_metadata_landmarks.binarypb"


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def _fields(content: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Yield ``(number, value)`` of one protocol-buffer message: bytes, or an int for varints."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(content, at)
            yield key >> 3, value
            continue
        if kind == 2:
            length, at = _varint(content, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise InputError.one("unreadable face geometry", FACE_MODEL, "install the package again")
        yield key >> 3, content[at : at + length]
        at += length


@functools.cache
def canonical_face_mm() -> tuple[np.ndarray, np.ndarray]:
    """Return the canonical face of the vendored model.

    Returns
    -------
    points_mm : (468, 3) float64
        Rig axes: x to the subject's left, y up, z out of the face.
    triangles : (898, 3) int32
    """
    message = read_face_model()[_GEOMETRY]
    mesh = next(value for number, value in _fields(message) if number == 1)
    rows = list(_fields(mesh))  # type: ignore[arg-type]
    numbers = np.frombuffer(b"".join(value for number, value in rows if number == 3), "<f4")  # type: ignore[misc]
    corners = np.array([value for number, value in rows if number == 4], np.int32)
    points = numbers.reshape(-1, 5)[:, :3].astype(float) * 10.0
    points.setflags(write=False)
    return points, corners.reshape(-1, 3)


def similarity(source: np.ndarray, target: np.ndarray, weights: np.ndarray | None = None) -> tuple:
    """Return scale, rotation and shift that carry points onto others in the least-squares sense.

    Parameters
    ----------
    source, target : (L, 3) float
    weights : (L,) float or None

    Returns
    -------
    scale : float
    rotation : (3, 3) float64
    shift : (3,) float64
        ``target ≈ scale * source @ rotation.T + shift``.
    """
    share = np.full(len(source), 1.0 / len(source)) if weights is None else weights / weights.sum()
    middle, aim = share @ source, share @ target
    one, other = source - middle, target - aim
    left, sizes, right = np.linalg.svd((other * share[:, None]).T @ one)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    rotation = (left * signs) @ right
    scale = float((sizes * signs).sum() / (share @ (one**2).sum(1)))
    return scale, rotation, aim - scale * rotation @ middle


def shape_error_mm(points_px: np.ndarray) -> float:
    """Return how far (478, 3) picture landmarks are from the canonical face, in mm of that face.

    Real faces stay below 8 mm, wide-open mouths and half profiles included.
    """
    canonical, _ = canonical_face_mm()
    target = points_px[:468] * np.array([1.0, -1.0, -1.0])
    scale, rotation, shift = similarity(canonical, target)
    residual = target - (scale * canonical @ rotation.T + shift)
    return float(np.sqrt((residual**2).sum(1).mean()) / max(scale, 1e-9))
