"""Measures of one aligned face: profiles of brightness and energies of furrows, one row of numbers per frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from synth.appearance.aligned import AlignedFace, align, canonical_places

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

SIZES = ("lipRed", "mouthDark", "mouthSpread", "eyesLeft", "eyesRight", "chinBright", "noseBright")
"""Further numbers: vermilion, darkness and contrast of the mouth, contrast of the eyes."""


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


def _box(image: np.ndarray, left: float, top: float, right: float, bottom: float) -> np.ndarray:
    """Return a part of the aligned picture, never empty."""
    height, width = image.shape
    x0, y0 = min(max(round(left), 0), width - 2), min(max(round(top), 0), height - 2)
    x1, y1 = min(max(round(right), x0 + 1), width), min(max(round(bottom), y0 + 1), height)
    return image[y0:y1, x0:x1]


def _profiles(face: AlignedFace, row: np.ndarray) -> None:
    places = _PLACES
    luma = cv2.GaussianBlur(face.luma, (0, 0), 0.8)
    for side, brows in _BROW_POINTS.items():
        outward = 1.0 if side == "Left" else -1.0
        for band, point in zip(BROW_BANDS, brows, strict=True):
            y = float(face.points[point, 1]) + _BROW_THICKNESS / 2
            _anchored(luma, band + side, float(places[point, 0]), y, BROW_SAMPLES, row)
        brow_y = float(face.points[[55, 285, 107, 336], 1].mean())
        middle = float(places[168, 0])
        strip = _box(luma, middle - GLABELLA_SAMPLES, brow_y - 7, middle + GLABELLA_SAMPLES, brow_y + 7)
        line = _padded(np.sort(strip, axis=0)[:5].mean(0), 2 * GLABELLA_SAMPLES)
        row[LAYOUT.profiles["Glabella" + side]] = (
            line[GLABELLA_SAMPLES:] if outward > 0 else line[GLABELLA_SAMPLES - 1 :: -1]
        )
        y = float(face.points[[98, 327], 1].mean()) - 4
        _anchored(luma, "Nostril" + side, middle + outward * 9, y, NOSE_SAMPLES, row)
    x, top = float(face.points[[61, 291], 0].mean()), float(places[2, 1])
    part = _box(face.redness, x - 6, top, x + 6, top + LIP_SAMPLES)
    row[LAYOUT.profiles["Lips"]] = _padded(part.mean(1), LIP_SAMPLES)


def _anchored(luma: np.ndarray, name: str, x: float, y: float, samples: int, row: np.ndarray) -> None:
    """Store the vertical profile around a place and where its middle lies."""
    top = min(max(round(y - samples / 2), 0), luma.shape[0] - samples)
    left = min(max(round(x) - _HALF_BAND, 0), luma.shape[1] - 2 * _HALF_BAND)
    row[LAYOUT.profiles[name]] = luma[top : top + samples, left : left + 2 * _HALF_BAND].mean(1)
    row[LAYOUT.anchors[name]] = top


def _padded(line: np.ndarray, length: int) -> np.ndarray:
    return line[:length] if len(line) >= length else np.pad(line, (0, length - len(line)), mode="edge")


def _energies(face: AlignedFace) -> np.ndarray:
    """Return ``ENERGIES``: band-passed derivatives of the logarithm of brightness."""
    fine = face.luma - cv2.GaussianBlur(face.luma, (0, 0), 5.0)
    smooth = cv2.GaussianBlur(fine, (0, 0), 0.9)
    upright = np.abs(cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3))
    level = np.abs(cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3))
    both = upright + level
    p, c = face.points, _PLACES
    root, middle = c[168], c[168, 0]
    wide = [
        (upright, middle - 9, root[1] - 22, middle + 9, root[1] - 2),
        (level, middle - 9, root[1] - 22, middle + 9, root[1] - 2),
        (level, middle - 8, root[1] - 4, middle + 8, root[1] + 14),
        (level, middle - 26, c[9, 1] - 34, middle + 26, c[9, 1] - 8),
    ]
    for corner, out in ((c[263], 1), (c[33], -1)):
        low, high = _span(corner[0] + 3 * out, 15 * out)
        wide.append((both, low, corner[1] - 12, high, corner[1] + 12))
    for outer, inner in ((c[263], c[362]), (c[33], c[133])):
        low, high = sorted((outer[0], inner[0]))
        wide.append((both, low, outer[1] + 8, high, outer[1] + 24))
    for out in (1, -1):
        low, high = _span(middle + 7 * out, 14 * out)
        wide.append((both, low, root[1] + 8, high, root[1] + 30))
    for wing, corner, out in ((p[278], p[291], 1), (p[48], p[61], -1)):
        low, high = _span((wing[0] + corner[0]) / 2 + 1 * out, 18 * out)
        wide.append((both, low, wing[1] - 4, high, corner[1] - 4))
    for corner, out in ((p[291], 1), (p[61], -1)):
        low, high = _span(corner[0] + 1 * out, 13 * out)
        wide.append((both, low, corner[1] - 9, high, corner[1] + 9))
    lip, chin = p[17], p[152]
    x = float(p[[61, 291], 0].mean())
    span = max(float(chin[1] - lip[1]), 8.0)
    wide.append((both, x - 15, lip[1] + 0.35 * span, x + 15, lip[1] + 0.85 * span))
    wide.append((level, x - 14, lip[1] - 1, x + 14, lip[1] + 0.4 * span))
    wide.append((both, x - 14, p[0, 1] - 2, x + 14, p[13, 1]))
    wide.append((both, x - 14, p[14, 1], x + 14, p[17, 1] + 2))
    for outer, inner in ((c[263], c[362]), (c[33], c[133])):
        low, high = sorted((outer[0], inner[0]))
        wide.append((level, low + 2, outer[1] - 10, high - 2, outer[1] + 7))
    cheek = [np.mean(_box(both, *_cheek(c, out))) for out in (1, -1)]
    values = [float(np.mean(_box(*part))) for part in wide] + [min(cheek)]
    return np.log(np.array(values, np.float32) + 2e-3)


def _span(start: float, length: float) -> tuple[float, float]:
    low, high = sorted((float(start), float(start + length)))
    return low, high


def _cheek(places: np.ndarray, out: int) -> tuple[float, float, float, float]:
    x, y = places[168, 0] + out * 38, places[4, 1]
    return x - 9, y - 8, x + 9, y + 8


def _sizes(face: AlignedFace) -> np.ndarray:
    p = face.points
    skin = np.median(_box(face.luma, *_cheek(_PLACES, 1))), np.median(_box(face.luma, *_cheek(_PLACES, -1)))
    bright = float(np.mean(skin))
    x = float(p[[61, 291], 0].mean())
    lips = _box(face.redness, x - 20, p[0, 1] - 6, x + 20, p[17, 1] + 6)
    base = float(np.median(_box(face.redness, *_cheek(_PLACES, 1))))
    red = float(np.maximum(lips - base - 0.03, 0).sum()) / 1000.0
    mouth = _box(face.luma, x - 14, p[0, 1], x + 14, p[17, 1])
    row = [red, float((mouth < bright - 0.9).mean()), float(mouth.std())]
    for outer, inner in ((263, 362), (33, 133)):
        low, high = sorted((_PLACES[outer, 0], _PLACES[inner, 0]))
        y = _PLACES[outer, 1]
        row.append(float(_box(face.luma, low + 2, y - 9, high - 2, y + 6).std()))
    chin = (float(p[17, 1]) + float(p[152, 1])) / 2
    row.append(float(np.mean(_box(face.luma, x - 8, chin - 6, x + 8, chin + 6))) - bright)
    y = float(_PLACES[168, 1])
    row.append(float(np.mean(_box(face.luma, x - 6, y - 2, x + 6, y + 12))) - bright)
    return np.array(row, np.float32)


_PLACES = canonical_places()
