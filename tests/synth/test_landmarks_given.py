"""Landmarks from files: what is read, and which mistakes are named where."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from assets.errors import InputError
from assets.landmarks import SCHEMES
from assets.shard_format import Status
from synth.landmarks.given import attach_landmarks, track_from_given
from synth.landmarks.track import track_sequence
from synth.tracks import GivenLandmarks, Labels


@dataclass(frozen=True)
class Pictures:
    """A sequence of blank pictures; some may be missing."""

    name: str
    frames: np.ndarray
    missing: tuple[int, ...] = ()
    subject: str = "s"
    apparent_gender: str = "unknown"
    time_s: np.ndarray | None = None
    labels: Labels | None = None
    given_landmarks: GivenLandmarks | None = None

    def pictures(self, start: int = 0, stop: int | None = None):
        for frame in self.frames[start:stop]:
            yield None if int(frame) in self.missing else np.zeros((36, 64, 3), np.uint8)


def csv_of(path: Path, points: np.ndarray, extra: dict[str, list] | None = None) -> Path:
    count, size, axes = points.shape
    columns = dict(extra or {})
    for axis, letter in zip(range(axes), "xyz", strict=False):
        for i in range(size):
            columns[f"{letter}_{i}"] = ["" if np.isnan(v) else repr(float(v)) for v in points[:, i, axis]]
    lines = [", ".join(columns)] + [", ".join(str(columns[c][row]) for c in columns) for row in range(count)]
    path.write_text("\n".join(lines) + "\n")
    return path


def some_points(count: int, size: int, axes: int = 2) -> np.ndarray:
    return np.random.default_rng(size).uniform(0, 60, (count, size, axes)).astype(np.float32)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", ["csv", "npz"])
def test_every_scheme_is_read_back(tmp_path: Path, scheme: str, kind: str) -> None:
    points = some_points(3, SCHEMES[scheme].count)
    points[1] = np.nan
    if kind == "csv":
        path = csv_of(tmp_path / "l.csv", points, {"frame": [0, 1, 2]})
    else:
        path = tmp_path / "l.npz"
        np.savez(path, points_px=points)
    (sequence,) = attach_landmarks([Pictures("a", np.arange(3))], path)
    assert sequence.given_landmarks.scheme == scheme
    np.testing.assert_allclose(sequence.given_landmarks.points_px, points, rtol=1e-6)


def test_numbered_rows_find_their_frames(tmp_path: Path) -> None:
    points = some_points(2, 49)
    path = csv_of(tmp_path / "l.csv", points, {"frame": [30, 10]})
    (sequence,) = attach_landmarks([Pictures("a", np.array([10, 20, 30]))], path)
    found = sequence.given_landmarks.points_px
    np.testing.assert_allclose(found[[2, 0]], points, rtol=1e-6)
    assert np.isnan(found[1]).all()


def test_rows_find_their_sequence(tmp_path: Path) -> None:
    points = some_points(4, 68)
    path = csv_of(tmp_path / "l.csv", points, {"sequence": ["b", "a", "b", "a"], "frame": [0, 0, 1, 1]})
    one, other = attach_landmarks([Pictures("a", np.arange(2)), Pictures("b", np.arange(2))], path)
    np.testing.assert_allclose(one.given_landmarks.points_px, points[[1, 3]], rtol=1e-6)
    np.testing.assert_allclose(other.given_landmarks.points_px, points[[0, 2]], rtol=1e-6)


def test_openface_counts_frames_from_one_and_says_where_it_failed(tmp_path: Path) -> None:
    points = some_points(3, 68)
    extra = {"frame": [1, 2, 3], "confidence": [0.9, 0.1, 0.9], "success": [1, 0, 1]}
    (sequence,) = attach_landmarks([Pictures("a", np.arange(3))], csv_of(tmp_path / "l.csv", points, extra))
    found = sequence.given_landmarks.points_px
    assert np.isnan(found[1]).all()
    np.testing.assert_allclose(found[[0, 2]], points[[0, 2]], rtol=1e-6)


@pytest.mark.shared
def test_a_real_openface_table(shared_dir: Path) -> None:
    (sequence,) = attach_landmarks([Pictures("a", np.arange(100))], shared_dir / "real" / "OpenFace_Test.csv")
    given = sequence.given_landmarks
    assert given.scheme == "ibug68"
    assert given.points_px.shape == (100, 68, 2)
    chin, brow = given.points_px[:, 8, 1], given.points_px[:, 19, 1]
    assert (chin > brow).all()


def test_mistakes_are_named_with_row_and_column(tmp_path: Path) -> None:
    sequences = [Pictures("a", np.arange(3))]
    points = some_points(3, 49)

    def refused(path: Path, text: str) -> None:
        with pytest.raises(InputError, match=text):
            attach_landmarks(sequences, path)

    refused(csv_of(tmp_path / "1.csv", some_points(3, 50)), "50 landmarks are no known scheme")
    holed = points.copy()
    holed[1, 7, 1] = np.nan
    refused(csv_of(tmp_path / "2.csv", holed), r"2\.csv row 3, column y_7: a coordinate is missing")
    text = csv_of(tmp_path / "3.csv", points).read_text().splitlines()
    text[2] = text[2].replace(text[2].split(", ")[0], "left", 1)
    (tmp_path / "3.csv").write_text("\n".join(text))
    refused(tmp_path / "3.csv", r"row 3, column x_0: 'left' is no coordinate")
    refused(csv_of(tmp_path / "4.csv", points, {"frame": [0, 1, 9]}), r"4\.csv row 4: frame 9 is not among the frames")
    refused(csv_of(tmp_path / "5.csv", points, {"frame": [0, 1, 1]}), "frame 1 stands there twice")
    for wrong in ("x", "inf", "nan", "1.5", "9" * 400):
        path = csv_of(tmp_path / "6.csv", points, {"frame": [0, wrong, 2]})
        refused(path, rf"row 3, column frame: '{wrong}' is no frame number")
    refused(csv_of(tmp_path / "7.csv", points[:2]), "2 rows of landmarks for 3 frames")
    refused(csv_of(tmp_path / "8.csv", points, {"sequence": ["a", "a", "z"]}), "no sequence 'z'")
    (tmp_path / "9.csv").write_text("frame,x,y\n0,1,2\n")
    refused(tmp_path / "9.csv", "no columns x_0")
    refused(tmp_path / "none.csv", "no such file")


def test_broken_archives_are_refused(tmp_path: Path) -> None:
    sequences = [Pictures("a", np.arange(3))]
    path = tmp_path / "l.npz"
    for content, text in (
        ({"points_px": np.array([{"a": 1}], dtype=object)}, "no readable npz"),
        ({"points_px": np.zeros((3, 49))}, "is not"),
        ({"points_px": some_points(3, 51)}, "51 landmarks"),
        ({"other": some_points(3, 49)}, "named after no sequence"),
        ({"points_px": some_points(3, 49), "frames": np.arange(2)}, "'frames' has shape"),
        ({"points_px": np.where(np.arange(98).reshape(49, 2) == 5, np.nan, some_points(3, 49))}, "not finite"),
    ):
        np.savez(path, **content)
        with pytest.raises(InputError, match=text):
            attach_landmarks(sequences, path)
    path.write_bytes(b"nonsense")
    with pytest.raises(InputError, match="no readable npz"):
        attach_landmarks(sequences, path)


def test_several_sequences_need_names(tmp_path: Path) -> None:
    path = csv_of(tmp_path / "l.csv", some_points(2, 49))
    with pytest.raises(InputError, match="column 'sequence'"):
        attach_landmarks([Pictures("a", np.arange(1)), Pictures("b", np.arange(1))], path)


def test_given_points_become_a_track() -> None:
    points = some_points(4, 49)
    points[1] = np.nan
    sequence = Pictures("a", np.array([3, 4, 5, 9]), missing=(9,), given_landmarks=GivenLandmarks("ibug49", points))
    track = track_sequence(sequence)
    assert track.status.tolist() == [Status.OK, Status.NO_FACE, Status.OK, Status.FRAME_MISSING]
    assert track.scheme == "ibug49"
    assert track.image_size_px == (64, 36)
    np.testing.assert_array_equal(track.landmarks_px[[0, 2]], points[[0, 2]])
    assert np.isnan(track.landmarks_px[[1, 3]]).all()
    empty = replace(sequence, frames=np.arange(0), given_landmarks=GivenLandmarks("ibug49", points[:0]))
    assert track_from_given(empty).landmarks_px.shape == (0, 49, 2)
