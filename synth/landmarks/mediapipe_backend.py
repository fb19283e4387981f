"""The optional landmark backend on the ``mediapipe`` package, its only importer."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from assets.errors import InputError
from assets.models import FACE_MODEL, read_face_model
from assets.units import NETWORK_UNITS
from synth.landmarks.litert import Detection, FaceNetworks
from synth.landmarks.window import Window

TELEMETRY_WARNING = (
    "the mediapipe package may send usage metrics to its maker and offers no switch against it; "
    "agreements on face data can forbid that. The built-in detector (--detector litert) opens no connection."
)


class MediapipeNetworks:
    """Landmarks and scores from ``mediapipe``'s FaceLandmarker; windows come from the built-in detector.

    Every picture is cropped to a generous square around the window, so that the package finds the same face.

    Raises
    ------
    InputError
        If the package is not installed or cannot be loaded.
    """

    name = "mediapipe"

    def __init__(self) -> None:
        try:
            import mediapipe
            from mediapipe.tasks.python import BaseOptions, vision
        except ImportError as error:
            mend = "pip install 'twinface[mediapipe]', or use --detector litert"
            raise InputError.one(f"the mediapipe package cannot be loaded ({error})", "--detector", mend) from None
        warnings.warn(TELEMETRY_WARNING, stacklevel=2)
        read_face_model()
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(FACE_MODEL)),
            output_face_blendshapes=True,
            min_face_detection_confidence=0.3,
        )
        self._mediapipe: Any = mediapipe
        self._landmarker: Any = vision.FaceLandmarker.create_from_options(options)
        self._windows = FaceNetworks()
        self._scores: np.ndarray | None = None

    def detect(self, picture: np.ndarray) -> list[Detection]:
        """Find faces with the built-in detector, which is the same model."""
        return self._windows.detect(picture)

    def landmarks(self, picture: np.ndarray, window: Window) -> tuple[np.ndarray, float]:
        """Place the 478 landmarks (478, 3) in a window; presence is 1 or 0."""
        half = max(32, round(0.8 * window.side_px))
        left, top = (max(0, round(c) - half) for c in window.centre_px)
        part = np.ascontiguousarray(picture[top : top + 2 * half, left : left + 2 * half])
        blank = np.zeros((478, 3))
        if min(part.shape[:2]) < 8:
            return blank, 0.0
        image = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=part)
        result = self._landmarker.detect(image)
        if not result.face_landmarks:
            return blank, 0.0
        height, width = part.shape[:2]
        points = np.array([[p.x * width + left, p.y * height + top, p.z * width] for p in result.face_landmarks[0]])
        by_name = {score.category_name: score.score for score in result.face_blendshapes[0]}
        self._scores = np.array([by_name.get(name, 0.0) for name in NETWORK_UNITS], np.float32)
        return points, 1.0

    def blendshapes(self, points_px: np.ndarray) -> np.ndarray:
        """Return the scores (51,) that came with the landmarks placed last."""
        return self._windows.blendshapes(points_px) if self._scores is None else self._scores
