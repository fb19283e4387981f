"""The upper face of the default rig: what brows and lids do in millimetres where two muscles meet."""

from __future__ import annotations

import numpy as np
import pytest

from assets.rig import Rig
from assets.rig_bundle import load_rig
from assets.rig_maps import triangles
from synth.avatars.gallery import SHOWN_AUS
from tests.synth.landmark_moves import moved, shown

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


def test_raised_cheeks_narrow_the_eye_and_leave_it_open(rig: Rig) -> None:
    assert rig.landmarks is not None
    rest, move = rig.landmarks.points(rig.vertices_mm), shown(rig, (6,))
    opening = rest[UPPER_LID, 1] - rest[LOWER_LID, 1]
    closed = move[LOWER_LID, 1] - move[UPPER_LID, 1]
    assert 0.15 < closed / opening < 0.4
    assert move[list(CHEEK), 1].mean() > 1.5 * move[LOWER_LID, 1]


@pytest.mark.parametrize(
    "numbers", [(number,) for number in SHOWN_AUS if number not in (25, 26, 43)] + [(6, 12), (9, 10)]
)
def test_no_skin_is_folded_over(rig: Rig, numbers: tuple[int, ...]) -> None:
    corners = triangles(next(part.faces for part in rig.parts if part.name == "skin"))

    def facing(points: np.ndarray) -> np.ndarray:
        a, b, c = (points[corners[:, k]] for k in range(3))
        return np.cross(b - a, c - a)

    before, after = facing(rig.vertices_mm.astype(float)), facing(rig.vertices_mm + moved(rig, numbers))
    assert np.all((before * after).sum(1) >= 0)
