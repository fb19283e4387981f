"""Evidence from pixels: what the measures see, what the fit makes of it, and when it keeps silent."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from assets.keyed import rng_for
from assets.shard_format import Status
from synth.appearance.aligned import align, canonical_places
from synth.appearance.calibrate import OTHER_FEATURE, Sitting, calibrated
from synth.appearance.evidence import NUISANCES, pixel_evidence, reliability, response
from synth.appearance.features import FEATURE_INDEX, FEATURES, features, shift_of
from synth.appearance.measures import ENERGIES, LAYOUT, measure
from synth.appearance.sittings import acted_track
from synth.fit.face_model import FITTED_INDEX, FITTED_UNITS, OTHER_SIDE
from synth.landmarks.canonical import canonical_face_mm
from tests.synth.fit_cases import default_rig

SCALE = 2.0


def face(furrow: float = 0.0, brow_up: float = 0.0, gain: float = 1.0, zoom: float = 1.0) -> tuple:
    """Return a drawn face and its landmarks: skin, brows, an upright furrow between them."""
    points, _ = canonical_face_mm()
    flat = np.column_stack([200 + SCALE * points[:, 0], 260 - SCALE * points[:, 1]])
    picture = np.full((520, 400, 3), (170, 130, 110), np.float32)
    for x in (-1, 1):
        centre = (int(200 + x * 64), int(flat[[105, 334], 1].mean() - SCALE * brow_up))
        cv2.ellipse(picture, centre, (40, 6), 0, 0, 360, (60, 45, 40), -1)
    root = flat[168]
    cv2.line(
        picture, (int(root[0]) - 4, int(root[1]) - 40), (int(root[0]) - 4, int(root[1]) - 8),
        (170 * (1 - furrow), 130 * (1 - furrow), 110 * (1 - furrow)), 2,
    )  # fmt: skip
    picture = cv2.GaussianBlur(picture, (0, 0), 1.2) * gain
    landmarks = np.vstack([flat, np.tile(flat[[159]], (10, 1))])
    if zoom != 1.0:
        picture = cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    return np.clip(picture, 0, 255).astype(np.uint8), landmarks * zoom


def measured(*pictures: tuple) -> np.ndarray:
    return np.array([measure(*picture) for picture in pictures])


def test_a_furrow_between_the_brows_shows_in_its_own_feature() -> None:
    rows = features(measured(face(), face(), face(furrow=0.15), face(furrow=0.3)), np.array([1.0, 1.0, 0.0, 0.0]))
    upright, level = rows[:, FEATURE_INDEX["glabellaUpright"]], rows[:, FEATURE_INDEX["foreheadLevel"]]
    assert upright[0] == pytest.approx(0.0, abs=1e-6)
    assert 0.3 < upright[2] < upright[3]
    assert np.abs(level).max() < 0.3 * upright[3]


@pytest.mark.parametrize("millimetres", [2.0, 5.0])
def test_brow_hair_is_followed_without_landmarks(millimetres: float) -> None:
    rows = features(measured(face(), face(), face(brow_up=millimetres)), np.array([1.0, 1.0, 0.0]))
    for side in ("Left", "Right"):
        assert rows[2, FEATURE_INDEX["BrowMiddle" + side]] == pytest.approx(millimetres, abs=0.6)


def test_a_dimmed_lamp_and_another_size_change_little() -> None:
    rows = features(measured(face(), face(), face(gain=0.6), face(zoom=0.75), face(furrow=0.3)), np.eye(5)[0] + 1e-9)
    column = FEATURE_INDEX["glabellaUpright"]
    assert np.abs(rows[2:4, column]).max() < 0.25 * rows[4, column]
    assert np.abs(rows[2:4, FEATURE_INDEX["BrowMiddleLeft"]]).max() < 0.6


def test_shifts_are_those_of_the_profile() -> None:
    places = np.arange(40.0)
    profiles = np.array([np.exp(-(((places - 20 + move) / 3.0) ** 2)) for move in (0.0, 2.5, -3.0)])
    np.testing.assert_allclose(shift_of(profiles, np.diff(profiles[0]), 6), [0.0, 2.5, -3.0], atol=0.3)


def test_small_and_blurred_faces_are_not_believed() -> None:
    smooth, landmarks = face(furrow=0.3)
    texture = cv2.GaussianBlur(rng_for(0, "skin").normal(size=smooth.shape).astype(np.float32), (0, 0), 1.5)
    sharp = np.clip(smooth + 60.0 * texture, 0, 255).astype(np.uint8)
    blurred = cv2.GaussianBlur(sharp, (0, 0), 9.0)
    tiny = face(furrow=0.3, zoom=0.12)
    rows = measured(*[(sharp, landmarks)] * 10, (blurred, landmarks), tiny)
    trust = reliability(rows, np.ones(12))
    assert trust[:10].min() > 0.9
    assert trust[10] < 0.3
    assert trust[11] == 0.0


def test_frames_without_measures_say_nothing() -> None:
    rows = np.tile(measure(*face()), (12, 1))
    rows[5] = np.nan
    count, size = len(rows), len(FITTED_UNITS)
    still = (np.zeros((count, size)), np.tile(np.eye(3), (count, 1, 1)), np.zeros((count, 2, 2)))
    found = pixel_evidence(rows, *still, np.zeros((count, 1), bool), 1.0, 1.0)
    assert found is not None
    assert found.trust[5] == 0.0
    np.testing.assert_array_equal(found.linear[5], 0.0)
    assert pixel_evidence(rows, *still, np.zeros((count, 1), bool), 0.0, 1.0) is None
    assert pixel_evidence(np.full_like(rows, np.nan), *still, np.zeros((count, 1), bool), 1.0, 1.0) is None


def test_a_furrow_speaks_for_lowered_brows() -> None:
    rows = measured(*[face()] * 20, *[face(furrow=0.3)] * 4)
    count, size = len(rows), len(FITTED_UNITS)
    still = (np.zeros((count, size)), np.tile(np.eye(3), (count, 1, 1)), np.zeros((count, 2, 2)))
    found = pixel_evidence(rows, *still, np.zeros((count, 1), bool), 1.0, 1.0)
    assert found is not None
    column = FITTED_INDEX["browDownLeft"]
    assert found.linear[-1, column] > 0
    assert np.abs(found.linear[:20, column]).max() < 0.05 * found.linear[-1, column]


def test_the_stored_response_treats_both_sides_alike() -> None:
    known = response()
    np.testing.assert_allclose(known.units, known.units[np.ix_(OTHER_FEATURE, OTHER_SIDE)], atol=2e-3)
    assert np.linalg.eigvalsh(known.covariance).min() > 0
    assert known.units[FEATURE_INDEX["glabellaUpright"], FITTED_INDEX["browDownLeft"]] > 0
    assert known.units[FEATURE_INDEX["noseRootLevel"], FITTED_INDEX["noseSneerLeft"]] > 0


def test_calibration_finds_a_known_response() -> None:
    rng = rng_for(0, "calibration")
    size, count = len(FITTED_UNITS), 400
    true = np.zeros((len(FEATURES), size))
    row = FEATURE_INDEX["glabellaUpright"]
    true[row, FITTED_INDEX["browDownLeft"]] = true[row, FITTED_INDEX["browDownRight"]] = 0.8
    sittings = []
    for _ in range(8):
        weights = np.clip(rng.normal(0.1, 0.3, (count, size)), 0, 1)
        signal = weights @ true.T + 0.1 * rng.standard_normal((count, len(FEATURES)))
        sittings.append(Sitting(signal, weights, np.zeros((count, len(NUISANCES)))))
    found = calibrated(sittings)
    np.testing.assert_allclose(found.units[row], true[row], atol=0.05)
    assert found.covariance.shape == (len(FEATURES), len(FEATURES))
    assert LAYOUT.count == LAYOUT.eyes_px + 1


@pytest.mark.slow
def test_a_rendered_person_is_tracked_and_measured_with_its_truth() -> None:
    track, weights, sitting = acted_track(default_rig(), 5, 1, 40)
    assert sitting is not None
    assert (track.status == Status.OK).mean() > 0.95
    assert weights.max() <= 1.0
    assert len(sitting.features) == len(sitting.weights) == len(sitting.nuisances)
    assert np.isfinite(sitting.features).all()
    again = acted_track(default_rig(), 5, 1, 40)[2]
    assert again is not None
    np.testing.assert_array_equal(sitting.features, again.features)


def test_energies_are_mean_contrasts_of_their_parts() -> None:
    """Sums from an integral against plain means over the parts, in the places that the calibration was made with."""
    picture, landmarks = face(furrow=0.3)
    texture = rng_for(0, "skin").normal(0.0, 12.0, picture.shape)
    picture = np.clip(picture + cv2.GaussianBlur(texture, (0, 0), 1.5), 0, 255).astype(np.uint8)
    seen = align(picture, landmarks)
    fine = cv2.GaussianBlur(seen.luma - cv2.GaussianBlur(seen.luma, (0, 0), 5.0), (0, 0), 0.9)
    upright, level = (np.abs(cv2.Sobel(fine, cv2.CV_32F, *order, ksize=3)) for order in ((1, 0), (0, 1)))
    (x, y), p = canonical_places()[168], seen.points
    wing, corner, lip, chin = p[278], p[291], p[17], p[152]
    fold = (wing[0] + corner[0]) / 2 + 1
    middle, span = (p[61, 0] + p[291, 0]) / 2, chin[1] - lip[1]
    expected = {
        "glabellaUpright": (upright, x - 9, y - 22, x + 9, y - 2),
        "glabellaLevel": (level, x - 9, y - 22, x + 9, y - 2),
        "foldLeft": (upright + level, fold, wing[1] - 4, fold + 18, corner[1] - 4),
        "cornerLeft": (upright + level, corner[0] + 1, corner[1] - 9, corner[0] + 14, corner[1] + 9),
        "chin": (upright + level, middle - 15, lip[1] + 0.35 * span, middle + 15, lip[1] + 0.85 * span),
        "underLip": (level, middle - 14, lip[1] - 1, middle + 14, lip[1] + 0.4 * span),
    }
    energies = measure(picture, landmarks)[LAYOUT.energies]
    for name, (contrast, *edges) in expected.items():
        left, top, right, bottom = (round(float(edge)) for edge in edges)
        mean = contrast[top:bottom, left:right].astype(float).mean()
        assert energies[ENERGIES.index(name)] == pytest.approx(np.log(mean + 2e-3), abs=1e-5), name


def test_measures_stay_inside_the_picture() -> None:
    """A face at the edge, or landmarks far off, give finite numbers."""
    picture, landmarks = face()
    for shift in ((-150, 0), (0, 220), (180, -230)):
        assert np.isfinite(measure(picture, landmarks + shift)).all()
    wild = landmarks.copy()
    wild[[61, 291, 0, 13, 14, 17, 152, 278, 48]] += 900.0
    assert np.isfinite(measure(picture, wild)).all()
