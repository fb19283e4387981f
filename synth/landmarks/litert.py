"""The face networks on LiteRT: detector, 478 landmarks, blendshape scores. The only importer of ``ai_edge_litert``.

Everything runs on one thread, without sockets and without files beside the vendored model.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from assets.models import read_face_model
from synth.landmarks.window import Window

DETECTOR_SIDE = 128
MESH_SIDE = 256

_LEVELS = np.arange(256, dtype=np.float32)
_DETECTOR_INPUT, _MESH_INPUT = _LEVELS / 127.5 - 1.0, _LEVELS / 255.0
"""What each brightness becomes at the input of a network."""

# The 146 mesh points that the blendshape network reads, in its order (its model card).
# fmt: off
_BLENDSHAPE_POINTS = np.array([
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80,
    81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153,
    154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251,
    263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318,
    321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386,
    387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477,
])
# fmt: on


@dataclass(frozen=True)
class Detection:
    """One face found by the detector.

    Attributes
    ----------
    window : Window
        Where to look for landmarks: centre, side and tilt.
    size_px : float
        Longer side of the face box.
    score : float
        In [0, 1].
    """

    window: Window
    size_px: float
    score: float


def _anchors() -> np.ndarray:
    """Return the (896, 2) anchor centres of the detector in [0, 1], x then y."""
    rows = []
    for side, repeats in ((16, 2), (8, 6)):
        ticks = (np.arange(side) + 0.5) / side
        grid = np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2)
        rows.append(np.repeat(grid, repeats, axis=0))
    return np.concatenate(rows)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-np.clip(x, -80.0, 80.0)))


class _Network:
    """One network with its interpreter, which runs on the calling thread."""

    def __init__(self, model: bytes) -> None:
        from ai_edge_litert.interpreter import Interpreter

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._interpreter = Interpreter(model_content=model, num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]

    def __call__(self, values: np.ndarray) -> list[np.ndarray]:
        """Return all outputs for one input, float32."""
        self._interpreter.set_tensor(self._input, values)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(output) for output in self._outputs]


class FaceNetworks:
    """The three networks of the face landmarker, each with its own interpreter.

    Parameters
    ----------
    model : Path or None
        The ``face_landmarker.task`` to read; None is the vendored one.
    """

    name = "litert"

    def __init__(self, model: Path | None = None) -> None:
        members = read_face_model(model)
        self._detector = _Network(members["face_detector.tflite"])
        self._mesh = _Network(members["face_landmarks_detector.tflite"])
        self._scores = _Network(members["face_blendshapes.tflite"])
        self._anchors = _anchors()

    def detect(self, picture: np.ndarray, threshold: float = 0.5) -> list[Detection]:
        """Find faces of at least about a sixth of a picture's longer side.

        Parameters
        ----------
        picture : (H, W, 3) uint8
            RGB.
        threshold : float
            Least score.

        Returns
        -------
        list of Detection
            Best first, overlapping ones merged; coordinates in pixels of ``picture``.
        """
        height, width = picture.shape[:2]
        side = max(height, width)
        scale = DETECTOR_SIDE / side
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        square = np.zeros((DETECTOR_SIDE, DETECTOR_SIDE, 3), np.uint8)
        left, top = (DETECTOR_SIDE - size[0]) // 2, (DETECTOR_SIDE - size[1]) // 2
        square[top : top + size[1], left : left + size[0]] = small
        boxes, logits = self._detector(cv2.LUT(square, _DETECTOR_INPUT)[None])
        scores = _sigmoid(logits[0, :, 0].astype(float))
        keep = np.flatnonzero(scores >= threshold)
        keep = keep[np.argsort(-scores[keep], kind="stable")]
        values = boxes[0, keep].astype(float).reshape(-1, 8, 2) / DETECTOR_SIDE
        values[:, np.array([0, 2, 3, 4, 5, 6, 7])] += self._anchors[keep, None]
        values = (values * DETECTOR_SIDE - np.array([left, top])) / scale
        values[:, 1] = (values[:, 1] + np.array([left, top]) / scale) if len(keep) else values[:, 1]
        return _merged(values, scores[keep])

    def landmarks(self, picture: np.ndarray, window: Window) -> tuple[np.ndarray, float]:
        """Place the 478 landmarks inside a window.

        Returns
        -------
        points_px : (478, 3) float64
            x right, y down, z away from the viewer, in pixels of ``picture``.
        presence : float
            Probability that the window holds a face.
        """
        matrix = window.to_source(MESH_SIDE)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        source, patch_matrix = picture, matrix
        if window.side_px > 2 * MESH_SIDE:  # shrink first, else the sampling aliases
            factor = MESH_SIDE / window.side_px * 1.5
            size = (max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor)))
            source = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
            patch_matrix = matrix * np.array([[size[0] / picture.shape[1]], [size[1] / picture.shape[0]]])
        patch = cv2.warpAffine(source, patch_matrix, (MESH_SIDE, MESH_SIDE), flags=flags)
        outputs = self._mesh(cv2.LUT(patch, _MESH_INPUT)[None])
        mesh = next(o for o in outputs if o.size == 478 * 3).reshape(478, 3).astype(float)
        presence = float(_sigmoid(next(o for o in outputs if o.shape == (1, 1, 1, 1)).ravel()[0].astype(float)))
        flat = mesh[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        return np.column_stack([flat, mesh[:, 2] * window.side_px / MESH_SIDE]), presence

    def blendshapes(self, points_px: np.ndarray) -> np.ndarray:
        """Return the (51,) float32 scores of ``assets.units.NETWORK_UNITS`` for (478, 2|3) landmarks in pixels."""
        values = np.ascontiguousarray(points_px[_BLENDSHAPE_POINTS, :2], np.float32)
        return self._scores(values[None])[0].ravel()[1:].astype(np.float32)


def _merged(boxes: np.ndarray, scores: np.ndarray, overlap: float = 0.3) -> list[Detection]:
    """Average overlapping candidates, best first, weighted by score (the detector's own blending).

    Parameters
    ----------
    boxes : (N, 8, 2) float
        Centre, size, then six points of the face: right eye, left eye, …
    scores : (N,) float
        Descending.
    overlap : float
        Candidates that share more of their area than this are one face.
    """
    found: list[Detection] = []
    while len(boxes):
        near = _overlap(boxes[0], boxes) > overlap
        near[0] = True
        weights = scores[near]
        row = np.tensordot(weights / weights.sum(), boxes[near], 1)
        size = float(row[1].max())
        across = row[3] - row[2]
        window = Window(tuple(row[0]), 1.5 * size, float(np.arctan2(across[1], across[0])))
        found.append(Detection(window, size, float(scores[0])))
        boxes, scores = boxes[~near], scores[~near]
    return found


def _overlap(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the area that a box (8, 2) shares with each of others (N, 8, 2) over the area of both, (N,)."""
    low = np.maximum(one[0] - one[1] / 2, others[:, 0] - others[:, 1] / 2)
    high = np.minimum(one[0] + one[1] / 2, others[:, 0] + others[:, 1] / 2)
    shared = np.prod(np.maximum(high - low, 0.0), axis=1)
    return shared / np.maximum(np.prod(one[1]) + np.prod(others[:, 1], axis=1) - shared, 1e-9)
