"""Landmark schemes: counts, mirror images, and the file of the face model."""

import numpy as np
import pytest

from assets.errors import InputError
from assets.landmarks import (
    EYE_CORNERS,
    IBUG49,
    IBUG66,
    IBUG68,
    LEFT_EYE_RING,
    MIRROR_POINTS,
    RIGHT_EYE_RING,
    RIGID_WEIGHTS,
    SCHEMES,
    eye_centres,
    mirror_of,
)
from assets.models import FACE_MODEL_MEMBERS, read_face_model
from synth.landmarks.canonical import canonical_face_mm


def test_schemes_are_nested() -> None:
    assert [len(set(points)) for points in (IBUG68, IBUG66, IBUG49)] == [68, 66, 49]
    assert set(IBUG49) < set(IBUG66) < set(IBUG68) < set(range(468))
    assert {scheme.count for scheme in SCHEMES.values()} == {49, 66, 68, 478}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_mirroring_twice_changes_nothing(scheme: str) -> None:
    mirror = np.array(mirror_of(scheme))
    assert (mirror[mirror] == np.arange(len(mirror))).all()
    assert (mirror != np.arange(len(mirror))).sum() >= 36


def test_the_mirror_permutation_is_that_of_the_canonical_face() -> None:
    points, _ = canonical_face_mm()
    mirrored = points[list(MIRROR_POINTS[:468])] * np.array([-1.0, 1.0, 1.0])
    assert np.abs(mirrored - points).max() < 1e-4


def test_rings_and_weights_are_mirror_images() -> None:
    assert tuple(MIRROR_POINTS[p] for p in RIGHT_EYE_RING) == LEFT_EYE_RING
    assert all(RIGID_WEIGHTS[MIRROR_POINTS[p]] == w for p, w in RIGID_WEIGHTS.items())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_left_eye_comes_first_and_lies_on_the_subjects_left(scheme: str) -> None:
    points, _ = canonical_face_mm()
    padded = np.concatenate([points, np.zeros((10, 3))])[list(SCHEMES[scheme].points)]
    left, right = eye_centres(padded, scheme)
    assert left[0] > 25 > -25 > right[0]
    assert left[0] == pytest.approx(points[list(EYE_CORNERS[0]), 0].mean())


def test_the_order_of_the_68_points_is_that_of_the_scheme() -> None:
    points, _ = canonical_face_mm()
    face = points[list(IBUG68)]
    jaw, brows, mouth = face[:17], face[17:27], face[48:68]
    assert (np.diff(jaw[:, 0]) > 0).all()  # subject's right to left
    assert jaw[8, 1] == jaw[:, 1].min()  # the chin in the middle
    assert (np.diff(brows[:, 0]) > 0).all()
    assert brows[:, 1].min() > face[36:48, 1].max()  # brows above the eyes
    assert mouth[3, 1] > mouth[14, 1] > mouth[18, 1] > mouth[9, 1]  # outer upper, inner upper, inner lower, outer lower


def test_the_face_model_holds_its_members() -> None:
    members = read_face_model()
    assert set(members) == set(FACE_MODEL_MEMBERS)
    assert all(len(content) > 10_000 for content in members.values())


def test_another_file_is_refused(tmp_path) -> None:
    other = tmp_path / "face_landmarker.task"
    other.write_bytes(b"PK\x03\x04 not the model")
    with pytest.raises(InputError, match="SHA-256"):
        read_face_model(other)
    with pytest.raises(InputError, match="missing"):
        read_face_model(tmp_path / "nothing.task")
