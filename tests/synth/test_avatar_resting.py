"""Resting faces carry no expression of their own."""

from dataclasses import replace

import numpy as np
import pytest

from assets.rig import LandmarkTable, Rig
from assets.rig_bundle import load_rig
from assets.units import UNIT_INDEX
from synth.avatars.resting import MOST_WEIGHT, TRAITS, calm


@pytest.fixture(scope="module")
def rig() -> Rig:
    """The default rig; landmarks are put on the vertices that the units move most, if it has none."""
    rig = load_rig("hm08")
    if rig.landmarks is not None:
        return rig
    skin = np.unique(rig.parts[0].faces)
    vertices = np.zeros((478, 3), np.int32)
    vertices[:] = skin[np.abs(rig.shapes_mm[UNIT_INDEX["jawForward"]][skin]).sum(1).argmin()]
    for trait in TRAITS:
        moved = np.abs(sum(rig.shapes_mm[UNIT_INDEX[unit]] for unit in trait.units)[skin, 1])
        vertices[list(trait.above)] = skin[moved.argmax()]
    return replace(rig, landmarks=LandmarkTable("mediapipe478", vertices, np.tile([1.0, 0, 0], (478, 1))))


def test_mean_head_is_left_alone(rig: Rig) -> None:
    assert np.allclose(calm(rig, rig.vertices_mm), rig.vertices_mm, atol=1e-4)


@pytest.mark.parametrize("trait", TRAITS, ids=lambda trait: trait.units[0])
@pytest.mark.parametrize("weight", [0.3, -0.3])
def test_an_expression_in_the_resting_head_is_taken_back_up_to_the_slack(rig: Rig, trait, weight: float) -> None:
    shape = sum(rig.shapes_mm[UNIT_INDEX[unit]] for unit in trait.units)
    posed = rig.vertices_mm + np.float32(weight) * shape
    before, after = (np.abs(head - rig.vertices_mm).max() for head in (posed, calm(rig, posed)))
    assert after <= before + 1e-4
    points = rig.landmarks.points(shape)[:, 1]
    effect = points[list(trait.above)].mean() - points[list(trait.below)].mean()
    left = rig.landmarks.points(calm(rig, posed) - rig.vertices_mm)[:, 1]
    height = left[list(trait.above)].mean() - left[list(trait.below)].mean()
    assert abs(height) <= max(trait.slack_mm, (abs(weight) - MOST_WEIGHT) * abs(effect)) + 0.3


def test_without_landmarks_nothing_changes(rig: Rig) -> None:
    head = rig.vertices_mm + 1
    assert calm(replace(rig, landmarks=None), head) is head
