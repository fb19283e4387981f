"""A video file as a sequence, decoded frame by frame."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from assets.errors import InputError
from synth.sources.file_names import check_name
from synth.tracks import GivenLandmarks, Labels

VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".mts"})

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # a broken video is told in one line, not in the decoder's words
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)

_CUT_SHORT = 0.98
"""A video that ends before this share of the frames its header promises is broken."""


@dataclass(frozen=True)
class VideoSequence:
    """The planned frames of one video; see ``synth.tracks.Sequence``. Frames are counted from 0.

    Attributes
    ----------
    path : str
    frames : (T,) int64
        Sorted and unique. Frames the video does not have come as None.
    """

    subject: str
    name: str
    apparent_gender: str
    path: str
    frames: np.ndarray
    time_s: np.ndarray
    labels: Labels | None = None
    given_landmarks: GivenLandmarks | None = None

    def pictures(self, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray | None]:
        """Yield (H, W, 3) uint8 RGB pictures of the planned frames ``start`` to ``stop``; None where there is none."""
        wanted = self.frames[start:stop]
        capture = _open(self.path)
        try:
            position = 0
            ended = False
            for frame in wanted:
                while not ended and position < frame:
                    ended = not capture.grab()
                    position += 1
                picture = None
                if not ended and frame >= 0:
                    found, bgr = capture.read()
                    position += 1
                    ended = not found
                    picture = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB) if found else None
                yield picture
        finally:
            capture.release()


def open_video(path: str | Path, subject: str, name: str, apparent_gender: str) -> VideoSequence:
    """Open a video, count its frames and plan all of them.

    Raises
    ------
    InputError
        If the file is missing, cannot be decoded, or breaks off early.
    """
    count, rate = _count_frames(str(path))
    frames = np.arange(count, dtype=np.int64)
    time_s = frames / rate if rate > 0 else np.full(count, np.nan)
    return VideoSequence(subject, name, apparent_gender, str(path), frames, time_s)


def _open(path: str) -> cv2.VideoCapture:
    check_name(path)
    if not os.path.isfile(path):
        raise InputError.one("there is no such video", path, "check the path")
    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    if not capture.isOpened():
        capture.release()
        raise InputError.one("this video cannot be decoded", path, "check that it plays, or convert it to H.264 in MP4")
    return capture


def _count_frames(path: str) -> tuple[int, float]:
    """Return how many frames can be decoded and how many there are per second.

    The header's count is believed if its last frame can be decoded and none follows; otherwise all are decoded.
    """
    capture = _open(path)
    try:
        promised = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        rate = float(capture.get(cv2.CAP_PROP_FPS))
        if not capture.grab():
            raise InputError.one("no frame of this video can be decoded", path, "copy or export the video again")
        if promised > 1 and capture.set(cv2.CAP_PROP_POS_FRAMES, promised - 1):
            if int(capture.get(cv2.CAP_PROP_POS_FRAMES)) == promised - 1 and capture.grab() and not capture.grab():
                return promised, rate
    finally:
        capture.release()
    capture = _open(path)
    try:
        counted = 0
        while capture.grab():
            counted += 1
    finally:
        capture.release()
    if counted < _CUT_SHORT * promised - 2:
        what = f"the video breaks off after {counted} of {promised} frames"
        raise InputError.one(what, path, "copy or export the video again")
    return counted, rate
