"""The upper face of the default rig: what brows and lids do in millimetres where two muscles meet."""

from __future__ import annotations

import numpy as np
import pytest

from assets.rig import Rig
from assets.rig_bundle import load_rig
from assets.rig_maps import triangles
from synth.avatars.gallery import SHOWN_AUS
from tests.synth.landmark_moves import moved, shown

BROW, UPPER_LID_INNER, UPPER_LID_OUTER = (336, 296, 334, 293, 300), 384, 388
INNER_BROW, OUTER_BROW, LOWER_LID, UPPER_LID, CHEEK = (285, 336), (300, 276), 374, 386, (330, 347, 280)


@pytest.fixture(scope="module")
def rig() -> Rig:
    return load_rig("hm08")


def test_the_brow_of_grief_is_oblique(rig: Rig) -> None:
    move, frown, raised = shown(rig, (1, 4)), shown(rig, (4,)), shown(rig, (1,))
    inner, outer = move[list(INNER_BROW)].mean(0), move[list(OUTER_BROW)].mean(0)
    assert 4 < inner[1] < raised[list(INNER_BROW), 1].mean()
    assert inner[0] < 0.8 * frown[list(INNER_BROW), 0].mean()
    assert outer[1] < 0


def test_a_raised_outer_brow_arches_and_its_inner_end_stays(rig: Rig) -> None:
    assert rig.landmarks is not None
    rest, rise = rig.landmarks.points(rig.vertices_mm)[list(BROW)], shown(rig, (2,))[list(BROW), 1]
    shape = rest[:, 1] + rise
    chord = np.interp(rest[:, 0], rest[[0, 3], 0], shape[[0, 3]])
    assert 0 <= rise[0] < 2
    assert rise[1:4].min() > 0.6 * rise.max()
    assert rise[4] > 0.5 * rise.max()
    assert np.all(shape[1:3] > chord[1:3] + 3)


def test_a_lowered_brow_flattens_the_raised_lid_unless_it_is_raised_within(rig: Rig) -> None:
    wide, frown, glare, fear = (shown(rig, numbers) for numbers in ((5,), (4,), (4, 5), (1, 4, 5)))
    assert glare[UPPER_LID_INNER, 1] < wide[UPPER_LID_INNER, 1] + frown[UPPER_LID_INNER, 1] - 1
    assert glare[UPPER_LID_OUTER, 1] > 0.5 * wide[UPPER_LID_OUTER, 1]
    assert glare[UPPER_LID, 1] > 0.4 * wide[UPPER_LID, 1]
    assert fear[UPPER_LID_INNER, 1] > glare[UPPER_LID_INNER, 1] + 1


def test_widened_and_tightened_lids_keep_both_movements(rig: Rig) -> None:
    wide, tight, both = (shown(rig, numbers) for numbers in ((5,), (7,), (5, 7)))
    assert both[UPPER_LID, 1] > 0.9 * wide[UPPER_LID, 1]
    assert both[LOWER_LID, 1] > 0.5 * tight[LOWER_LID, 1]


def test_raised_cheeks_narrow_the_eye_and_leave_it_open(rig: Rig) -> None:
    assert rig.landmarks is not None
    rest, move = rig.landmarks.points(rig.vertices_mm), shown(rig, (6,))
    opening = rest[UPPER_LID, 1] - rest[LOWER_LID, 1]
    closed = move[LOWER_LID, 1] - move[UPPER_LID, 1]
    assert 0.15 < closed / opening < 0.4
    assert move[list(CHEEK), 1].mean() > 1.5 * move[LOWER_LID, 1]


@pytest.mark.parametrize(
    "numbers",
    [(number,) for number in SHOWN_AUS if number not in (25, 26, 43)]
    + [(6, 12), (9, 10), (4, 5), (4, 5, 7), (1, 2, 4, 5)],
)
def test_no_skin_is_folded_over(rig: Rig, numbers: tuple[int, ...]) -> None:
    corners = triangles(next(part.faces for part in rig.parts if part.name == "skin"))

    def facing(points: np.ndarray) -> np.ndarray:
        a, b, c = (points[corners[:, k]] for k in range(3))
        return np.cross(b - a, c - a)

    before, after = facing(rig.vertices_mm.astype(float)), facing(rig.vertices_mm + moved(rig, numbers))
    assert np.all((before * after).sum(1) >= 0)
