"""Measures of one aligned face: profiles of brightness and energies of furrows, one row of numbers per frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from synth.appearance.aligned import HEIGHT, WIDTH, AlignedFace, align, canonical_places

BROW_BANDS = ("BrowInner", "BrowMiddle", "BrowOuter")
_BROW_POINTS = {"Left": (336, 334, 300), "Right": (107, 105, 70)}
_HALF_BAND = 5
_BROW_THICKNESS = 6
BROW_SAMPLES = 34
"""Rows of a brow's profile, with the landmarks' idea of the brow in the middle."""
GLABELLA_SAMPLES = 24
NOSE_SAMPLES = 34
LIP_SAMPLES = 56

ENERGIES = (
    "glabellaUpright", "glabellaLevel", "noseRootLevel", "foreheadLevel",
    "crowLeft", "crowRight", "underEyeLeft", "underEyeRight", "noseSideLeft", "noseSideRight",
    "foldLeft", "foldRight", "cornerLeft", "cornerRight", "chin", "underLip", "upperLip", "lowerLip",
    "lidsLeft", "lidsRight", "reference",
)  # fmt: skip
"""Logarithms of mean absolute fine contrast; ``Upright`` furrows run up, ``Level`` ones across."""

SIZES = ("lipRed", "mouthDark", "mouthSpread", "chinBright", "noseBright")
"""Further numbers: vermilion, darkness and contrast of the mouth, brightness of chin and bridge of the nose."""

_UPRIGHT, _LEVEL, _BOTH = (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)
"""How much of the contrast across upright and across level lines an energy takes."""


@dataclass(frozen=True)
class Layout:
    """Where each measure stands in the row of a frame."""

    profiles: dict[str, slice]
    anchors: dict[str, int]
    energies: slice
    sizes: slice
    eyes_px: int
    count: int


def _layout() -> Layout:
    profiles: dict[str, slice] = {}
    at = 0
    for side in ("Left", "Right"):
        for name, length in (
            *((band, BROW_SAMPLES) for band in BROW_BANDS), ("Glabella", GLABELLA_SAMPLES), ("Nostril", NOSE_SAMPLES)
        ):  # fmt: skip
            profiles[name + side] = slice(at, at + length)
            at += length
    profiles["Lips"] = slice(at, at + LIP_SAMPLES)
    at += LIP_SAMPLES
    anchored = [name for name in profiles if name.startswith(("Brow", "Nostril"))]
    anchors = {name: at + i for i, name in enumerate(anchored)}
    at += len(anchors)
    energies = slice(at, at + len(ENERGIES))
    sizes = slice(energies.stop, energies.stop + len(SIZES))
    return Layout(profiles, anchors, energies, sizes, sizes.stop, sizes.stop + 1)


LAYOUT = _layout()


def measure(picture: np.ndarray, points_px: np.ndarray) -> np.ndarray:
    """Return the measures (F,) float32 of the face in a picture; ``LAYOUT`` says which is where.

    Parameters
    ----------
    picture : (H, W, 3) uint8
        RGB.
    points_px : (478, 2|3) float
        Finite landmarks.
    """
    face = align(picture, points_px)
    row = np.zeros(LAYOUT.count, np.float32)
    _profiles(face, row)
    row[LAYOUT.energies] = _energies(face)
    row[LAYOUT.sizes] = _sizes(face)
    row[LAYOUT.eyes_px] = face.eyes_px
    return row


def _edges(boxes: np.ndarray) -> np.ndarray:
    """Return whole pixels of boxes (N, 4) of left, top, right and bottom in the aligned picture, none of them empty."""
    most = np.array([WIDTH, HEIGHT])
    whole = np.rint(boxes).astype(int)
    low = np.clip(whole[:, :2], 0, most - 2)
    return np.concatenate([low, np.clip(whole[:, 2:], low + 1, most)], 1)


def _cut(image: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return a part of an aligned picture."""
    left, top, right, bottom = edges
    return image[top:bottom, left:right]


def _sum_over(image: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the sums (N,) float64 of an aligned picture over parts of it, from its integral."""
    table = cv2.integral(image, sdepth=cv2.CV_64F)
    left, top, right, bottom = edges.T
    return table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left]


def _profiles(face: AlignedFace, row: np.ndarray) -> None:
    luma = cv2.GaussianBlur(face.luma, (0, 0), 0.8)
    p, middle = face.points, float(_PLACES[168, 0])
    brow_y, wings_y = float(p[[55, 285, 107, 336], 1].mean()), float(p[[98, 327], 1].mean())
    strip = _cut(
        luma, _edges(np.array([[middle - GLABELLA_SAMPLES, brow_y - 7, middle + GLABELLA_SAMPLES, brow_y + 7]]))[0]
    )
    line = _padded(np.sort(strip, axis=0)[:5].mean(0), 2 * GLABELLA_SAMPLES)
    row[LAYOUT.profiles["GlabellaLeft"]] = line[GLABELLA_SAMPLES:]
    row[LAYOUT.profiles["GlabellaRight"]] = line[GLABELLA_SAMPLES - 1 :: -1]
    for side, brows in _BROW_POINTS.items():
        for band, point in zip(BROW_BANDS, brows, strict=True):
            y = float(p[point, 1]) + _BROW_THICKNESS / 2
            _anchored(luma, band + side, float(_PLACES[point, 0]), y, BROW_SAMPLES, row)
        outward = 1.0 if side == "Left" else -1.0
        _anchored(luma, "Nostril" + side, middle + outward * 9, wings_y - 4, NOSE_SAMPLES, row)
    x, top = float(p[[61, 291], 0].mean()), float(_PLACES[2, 1])
    part = _cut(face.redness, _edges(np.array([[x - 6, top, x + 6, top + LIP_SAMPLES]]))[0])
    row[LAYOUT.profiles["Lips"]] = _padded(part.mean(1), LIP_SAMPLES)


def _anchored(luma: np.ndarray, name: str, x: float, y: float, samples: int, row: np.ndarray) -> None:
    """Store the vertical profile around a place and where its middle lies."""
    top = min(max(round(y - samples / 2), 0), HEIGHT - samples)
    left = min(max(round(x) - _HALF_BAND, 0), WIDTH - 2 * _HALF_BAND)
    row[LAYOUT.profiles[name]] = luma[top : top + samples, left : left + 2 * _HALF_BAND].mean(1)
    row[LAYOUT.anchors[name]] = top


def _padded(line: np.ndarray, length: int) -> np.ndarray:
    return line[:length] if len(line) >= length else np.pad(line, (0, length - len(line)), mode="edge")


def _energies(face: AlignedFace) -> np.ndarray:
    """Return ``ENERGIES``: band-passed derivatives of the logarithm of brightness."""
    fine = face.luma - cv2.GaussianBlur(face.luma, (0, 0), 5.0)
    smooth = cv2.GaussianBlur(fine, (0, 0), 0.9)
    edges = np.concatenate([_FIXED_EDGES, _edges(np.array(_moving_boxes(face.points)))])
    sums = [_sum_over(np.abs(cv2.Sobel(smooth, cv2.CV_32F, *order, ksize=3)), edges) for order in ((1, 0), (0, 1))]
    area = (edges[:, 2] - edges[:, 0]) * (edges[:, 3] - edges[:, 1])
    values = (_TAKEN * np.stack(sums, 1)).sum(1) / area
    energies = np.append(values[_ORDER], min(values[_CHEEKS]))
    return np.log(energies.astype(np.float32) + np.float32(2e-3))


def _span(start: float, length: float) -> tuple[float, float]:
    low, high = sorted((float(start), float(start + length)))
    return low, high


def _fixed_boxes(c: np.ndarray) -> dict[str, tuple]:
    """Return what part of the contrast is taken where, for parts of the face that hardly move: name to box."""
    root, middle = c[168], c[168, 0]
    boxes: dict[str, tuple] = {
        "glabellaUpright": (_UPRIGHT, middle - 9, root[1] - 22, middle + 9, root[1] - 2),
        "glabellaLevel": (_LEVEL, middle - 9, root[1] - 22, middle + 9, root[1] - 2),
        "noseRootLevel": (_LEVEL, middle - 8, root[1] - 4, middle + 8, root[1] + 14),
        "foreheadLevel": (_LEVEL, middle - 26, c[9, 1] - 34, middle + 26, c[9, 1] - 8),
    }
    for side, outer, inner, out in (("Left", c[263], c[362], 1), ("Right", c[33], c[133], -1)):
        low, high = _span(outer[0] + 3 * out, 15 * out)
        boxes["crow" + side] = (_BOTH, low, outer[1] - 12, high, outer[1] + 12)
        low, high = sorted((outer[0], inner[0]))
        boxes["underEye" + side] = (_BOTH, low, outer[1] + 8, high, outer[1] + 24)
        boxes["lids" + side] = (_LEVEL, low + 2, outer[1] - 10, high - 2, outer[1] + 7)
        low, high = _span(middle + 7 * out, 14 * out)
        boxes["noseSide" + side] = (_BOTH, low, root[1] + 8, high, root[1] + 30)
        boxes["cheek" + side] = (_BOTH, *_cheek(c, out))
    return boxes


_MOVING = ("foldLeft", "foldRight", "cornerLeft", "cornerRight", "chin", "underLip", "upperLip", "lowerLip")


def _moving_boxes(points: np.ndarray) -> list[tuple[float, float, float, float]]:
    """Return the boxes of ``_MOVING``, which follow the wings of the nose, the mouth and the chin."""
    wings, corners = points[[278, 48]].tolist(), points[[291, 61]].tolist()
    top, inner_top, inner_bottom, bottom, chin = points[[0, 13, 14, 17, 152], 1].tolist()
    boxes = []
    for wing, corner, out in zip(wings, corners, (1, -1), strict=True):
        low, high = _span((wing[0] + corner[0]) / 2 + 1 * out, 18 * out)
        boxes.append((low, wing[1] - 4, high, corner[1] - 4))
    for corner, out in zip(corners, (1, -1), strict=True):
        low, high = _span(corner[0] + 1 * out, 13 * out)
        boxes.append((low, corner[1] - 9, high, corner[1] + 9))
    x, span = (corners[0][0] + corners[1][0]) / 2, max(chin - bottom, 8.0)
    boxes.append((x - 15, bottom + 0.35 * span, x + 15, bottom + 0.85 * span))
    boxes.append((x - 14, bottom - 1, x + 14, bottom + 0.4 * span))
    boxes.append((x - 14, top - 2, x + 14, inner_top))
    boxes.append((x - 14, inner_bottom, x + 14, bottom + 2))
    return boxes


def _cheek(places: np.ndarray, out: int) -> tuple[float, float, float, float]:
    x, y = places[168, 0] + out * 38, places[4, 1]
    return x - 9, y - 8, x + 9, y + 8


def _sizes(face: AlignedFace) -> np.ndarray:
    p = face.points
    skin = [_middle(_cut(face.luma, edges)) for edges in _CHEEK_EDGES]
    bright = float(np.mean(skin))
    x = float(p[[61, 291], 0].mean())
    top, bottom, chin = p[[0, 17, 152], 1].tolist()
    chin, bridge = (bottom + chin) / 2, float(_PLACES[168, 1])
    lips, mouth, below, nose = _edges(np.array([
        (x - 20, top - 6, x + 20, bottom + 6), (x - 14, top, x + 14, bottom),
        (x - 8, chin - 6, x + 8, chin + 6), (x - 6, bridge - 2, x + 6, bridge + 12),
    ]))  # fmt: skip
    base = float(_middle(_cut(face.redness, _CHEEK_EDGES[0])))
    red = float(np.maximum(_cut(face.redness, lips) - base - 0.03, 0).sum()) / 1000.0
    inside = _cut(face.luma, mouth)
    chin_bright, nose_bright = (float(_cut(face.luma, part).mean()) - bright for part in (below, nose))
    row = [red, float((inside < bright - 0.9).mean()), float(inside.std()), chin_bright, nose_bright]
    return np.array(row, np.float32)


def _middle(part: np.ndarray) -> np.floating:
    """Return the median of a part of a picture."""
    values = np.sort(part, axis=None)
    return (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2


_PLACES = canonical_places()
_FIXED = _fixed_boxes(_PLACES)
_FIXED_EDGES = _edges(np.array([box[1:] for box in _FIXED.values()]))
_NAMES = (*_FIXED, *_MOVING)
_ORDER = [_NAMES.index(name) for name in ENERGIES[:-1]]
_CHEEKS = [_NAMES.index("cheekLeft"), _NAMES.index("cheekRight")]
_CHEEK_EDGES = _FIXED_EDGES[_CHEEKS]
_TAKEN = np.array([box[0] for box in _FIXED.values()] + [_LEVEL if name == "underLip" else _BOTH for name in _MOVING])
