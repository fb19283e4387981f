"""Frames for which a corpus has no landmark file are placed by the detector, and only those."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from corpus_trees import DISFA_UNITS, write_text
from scipy.io import savemat

from assets.landmarks import SCHEMES
from assets.shard_format import Status
from synth.corpora.registry import open_corpus
from synth.landmarks.track import TrackSettings, open_networks, track_sequence
from synth.run.gaps import fill_gaps
from synth.sources.video import open_video

pytestmark = pytest.mark.shared
FRAMES, GAP = 8, (3, 4)


@pytest.fixture(scope="module")
def tree(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """A DISFA tree of one real clip whose landmark files lack two frames; also all its landmarks (T, 66, 2)."""
    root = tmp_path_factory.mktemp("disfa")
    clip = open_video(shared_dir / "real" / "single_face.mp4", "SN001", "clip", "unknown")
    pictures = list(islice(clip.pictures(), FRAMES))
    path = root / "Video_LeftCamera" / "LeftVideoSN001_comp.avi"
    path.parent.mkdir()
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 20, (width, height))
    for picture in pictures:
        writer.write(picture[..., ::-1])
    writer.release()
    for number in DISFA_UNITS:
        lines = [f"{frame},0" for frame in range(1, FRAMES + 1)]
        write_text(root / "ActionUnit_Labels" / "SN001" / f"SN001_au{number}.txt", lines)
    write_text(root / "gender.csv", ["subject,gender", "SN001,M"])
    sequence = open_corpus("disfa", root).sequences[0]
    points = track_sequence(sequence).landmarks_px[:, list(SCHEMES["ibug66"].points), :2]
    folder = root / "Landmark_Points" / "SN001" / "tmp_frame_lm"
    folder.mkdir(parents=True)
    for index in set(range(FRAMES)) - set(GAP):
        savemat(folder / f"SN001_{index:04d}_lm.mat", {"pts": points[index].astype(float)})
    return root, points


def test_the_detector_fills_the_gaps_and_nothing_else(tree: tuple[Path, np.ndarray]) -> None:
    root, points = tree
    sequence = open_corpus("disfa", root).sequences[0]
    settings, networks = TrackSettings(), open_networks(TrackSettings())
    given = track_sequence(sequence, settings, networks)
    assert np.flatnonzero(given.status == Status.NO_FACE).tolist() == list(GAP)
    filled = fill_gaps(given, sequence, settings, networks)
    assert (filled.status == Status.OK).all()
    assert filled.scheme == "ibug66"
    others = np.setdiff1d(np.arange(FRAMES), GAP)
    np.testing.assert_array_equal(filled.landmarks_px[others], given.landmarks_px[others])
    eye_px = np.linalg.norm(points[0, 36] - points[0, 45])
    error = np.linalg.norm(filled.landmarks_px[list(GAP)] - points[list(GAP)], axis=-1)
    assert error.mean() < 0.03 * eye_px


def test_a_sequence_without_landmarks_is_left_to_the_tracker(tree: tuple[Path, np.ndarray]) -> None:
    root, _ = tree
    sequence = replace(open_corpus("disfa", root).sequences[0], landmark_files=None)
    settings, networks = TrackSettings(), open_networks(TrackSettings())
    track = track_sequence(sequence, settings, networks)
    assert fill_gaps(track, sequence, settings, networks) is track
