"""The lower face of the default rig: what each Action Unit has to do, in millimetres, and what it must not do."""

from __future__ import annotations

import numpy as np
import pytest

from assets.rig import Rig
from assets.rig_bundle import load_rig
from synth.avatars.resting import calm
from synth.avatars.sample import sample_avatars
from synth.build.handles import CEILING_MM, STILL_MM, Handle, Membrane
from synth.build.sculpt import Clay, mirror_of
from tests.synth.landmark_moves import shown

CORNERS, TIP, UPPER, LOWER, CHIN, WING = (61, 291), 1, 0, 17, 152, (98, 327)
INNER_UPPER, INNER_LOWER = (82, 13, 312), (87, 14, 317)
RIM_MIDDLE, RIM_SIDE, BELOW_LID = 13, 311, (347, 348, 349)
CLOSED_AUS = (9, 12, 14, 15, 17, 20, 24)


@pytest.fixture(scope="module")
def rig() -> Rig:
    return load_rig("hm08")


@pytest.fixture(scope="module")
def rest(rig: Rig) -> np.ndarray:
    assert rig.landmarks is not None
    return rig.landmarks.points(rig.vertices_mm)


def width(points: np.ndarray) -> float:
    return float(points[CORNERS[1], 0] - points[CORNERS[0], 0])


def gap(points: np.ndarray) -> float:
    return float(points[list(INNER_UPPER), 1].mean() - points[list(INNER_LOWER), 1].mean())


def test_the_sneer_raises_the_wings_and_never_lowers_the_tip(rig: Rig) -> None:
    move = shown(rig, (9,))
    assert move[list(WING), 1].mean() > 4
    assert 0 <= move[TIP, 1] < 0.6 * move[list(WING), 1].mean()


def test_a_smile_draws_the_corners_back_and_up_by_a_seventh_of_the_mouth(rig: Rig, rest: np.ndarray) -> None:
    move = shown(rig, (12,))
    corner = move[CORNERS[1]]
    assert 0.11 < corner[0] / width(rest) < 0.20
    assert corner[1] > 6
    assert corner[2] < -4


def test_the_jaw_drops_as_far_as_jaws_do(rig: Rig) -> None:
    opening = gap(shown(rig, (27,)))
    assert 30 < opening < 40
    assert 0.4 < gap(shown(rig, (26,))) / opening < 0.6


@pytest.mark.parametrize("number", CLOSED_AUS)
def test_closed_lips_stay_closed(rig: Rig, number: int) -> None:
    for strength in (0.5, 1.0):
        assert abs(gap(shown(rig, (number,), strength))) < 1.5


def test_a_laugh_is_wider_than_a_smile(rig: Rig, rest: np.ndarray) -> None:
    smile, laugh = (width(shown(rig, numbers, 0.8)) for numbers in ((12,), (12, 27)))
    assert 1.05 * smile < laugh < 0.36 * width(rest)


def test_parted_lips_are_not_a_raised_upper_lip(rig: Rig) -> None:
    parted, raised = shown(rig, (25,)), shown(rig, (10,))
    assert parted[UPPER, 1] < 0.4 * raised[UPPER, 1]
    assert gap(parted) > 6
    assert parted[LOWER, 1] < -3 * parted[UPPER, 1]


def test_tight_lips_are_narrower_than_pressed_ones(rig: Rig, rest: np.ndarray) -> None:
    tight, pressed = width(shown(rig, (23,))), width(shown(rig, (24,)))
    assert tight < pressed - 2
    assert tight < -0.03 * width(rest)


def test_a_grin_bares_both_rows_of_teeth_without_the_jaw(rig: Rig) -> None:
    grin, smile = shown(rig, (10, 12, 16)), shown(rig, (12,))
    assert gap(shown(rig, (12, 25))) < 1.15 * gap(shown(rig, (25,)))  # AU25 lifts the upper lip a little, too
    assert gap(grin) > 9
    assert grin[LOWER, 1] < -1.5 < smile[LOWER, 1]
    assert abs(grin[CHIN, 1]) < 2.5


def test_a_broad_smile_parts_the_lips_over_the_teeth_without_the_jaw(rig: Rig) -> None:
    smile, broad = shown(rig, (12,)), shown(rig, (10, 12))
    assert abs(gap(smile)) < 1
    assert 7 < gap(broad) < 13
    assert -5 < broad[LOWER, 1] < 0 < smile[LOWER, 1]
    assert abs(broad[CHIN, 1]) < 2.5


def test_the_chin_raiser_lifts_chin_and_both_lips(rig: Rig) -> None:
    move = shown(rig, (17,))
    assert min(move[CHIN, 1], move[LOWER, 1], move[UPPER, 1]) > 1.5
    assert move[list(CORNERS), 1].mean() < move[UPPER, 1]


def test_the_sneer_pushes_the_cheek_against_the_lower_lid(rig: Rig) -> None:
    move = shown(rig, (9,))
    assert move[list(BELOW_LID), 1].mean() > 2
    assert move[UPPER, 1] - move[LOWER, 1] < 2.5


def test_the_upper_lip_raiser_squares_the_lip(rig: Rig) -> None:
    move = shown(rig, (10,))
    assert move[RIM_SIDE, 1] > 0.85 * move[RIM_MIDDLE, 1]


def test_the_dimpler_draws_the_corner_in_and_leaves_the_chin(rig: Rig) -> None:
    move = shown(rig, (14,))
    assert move[CORNERS[1], 2] < -5
    assert abs(move[CORNERS[1], 1]) < 1.5
    assert np.abs(move[CHIN]).max() < 1.5


@pytest.mark.parametrize("number", [23, 24])
def test_tight_and_pressed_lips_lose_a_third_of_their_red(rig: Rig, rest: np.ndarray, number: int) -> None:
    points = rest + shown(rig, (number,))
    for edge, rim in ((UPPER, RIM_MIDDLE), (LOWER, INNER_LOWER[1])):
        assert abs(points[edge, 1] - points[rim, 1]) < 0.67 * abs(rest[edge, 1] - rest[rim, 1])


def test_resting_mouths_are_closed_and_level(rig: Rig, rest: np.ndarray) -> None:
    assert rig.landmarks is not None
    for spec in sample_avatars(4, rig, 16):
        points = rig.landmarks.points(calm(rig, rig.neutral_mm(np.array(spec.identity), spec.attributes)))
        middle = points[list(INNER_UPPER + INNER_LOWER), 1].mean()
        assert abs(points[list(CORNERS), 1].mean() - middle) < 2.0, spec.name
        assert abs(gap(points) - gap(rest)) < 1.5, spec.name


def sheet() -> Clay:
    """Return a mirror-symmetric square of cloth (V, 3) below the ceiling, partly above it."""
    x, y = np.meshgrid(np.arange(-30.0, 31, 3), np.arange(-80.0, 10, 3))
    points = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], 1)
    rows = np.arange(x.size).reshape(x.shape)
    quads = np.stack([rows[:-1, :-1], rows[:-1, 1:], rows[1:, 1:], rows[1:, :-1]], -1).reshape(-1, 4)
    whole = np.ones(len(points), bool)
    return Clay(points, quads, whole, mirror_of(points, np.zeros(len(points), int)), np.zeros(len(points)))


def test_handles_are_met_and_the_sheet_follows_without_overshoot() -> None:
    clay = sheet()
    handles = (Handle((15, -50, 0), (2.0, 5.0, -3.0)), Handle((0, -50, 0), (0, 0, 0)))
    move = Membrane(clay, np.empty(0, int)).pulled(handles)
    at = int(np.linalg.norm(clay.rest_mm - handles[0].at, axis=1).argmin())
    np.testing.assert_allclose(move[at], handles[0].move, atol=STILL_MM + 0.12)
    np.testing.assert_allclose(move, clay.mirrored(move), atol=1e-9)
    above = (clay.rest_mm[:, 1] > CEILING_MM) & (np.abs(clay.rest_mm[:, 0]) > 14)
    assert not move[above].any()
    assert np.abs(move).max() < 1.4 * 5.0
    assert np.linalg.norm(move, axis=1)[clay.rest_mm[:, 1] < -56].max() > 0.5
