"""The landmark table of a rig, and the id buffer it is found with."""

import numpy as np
import pytest
from fit_cases import default_rig

from assets.errors import InputError
from assets.landmarks import INNER_LIP_RING, LEFT_EYE_RING, LEFT_IRIS, MIRROR_POINTS, RIGHT_EYE_RING, RIGHT_IRIS
from assets.rig import Rig
from assets.units import UNIT_INDEX
from synth.landmarks.correspondence import compute_landmark_table
from synth.landmarks.finder import find_faces
from synth.landmarks.id_buffer import rasterise
from synth.landmarks.litert import FaceNetworks
from synth.landmarks.portrait import PX_PER_MM, Sitter


@pytest.fixture(scope="module")
def networks() -> FaceNetworks:
    return FaceNetworks()


@pytest.fixture(scope="module")
def table_and_report(networks: FaceNetworks):
    return compute_landmark_table(default_rig(), networks)


def test_the_table_explains_the_views_it_was_made_from(table_and_report) -> None:
    table, report = table_and_report
    assert report.views >= 12
    assert report.mean_mm < 1.5
    assert len(report.repaired) < 24
    np.testing.assert_allclose(table.barycentric.sum(1), 1, atol=1e-5)
    assert table.barycentric.min() >= -1e-6


def test_it_holds_in_a_view_it_was_not_made_from(table_and_report, networks: FaceNetworks) -> None:
    table, _ = table_and_report
    rig = default_rig()
    view = Sitter(rig).portrait(rig.vertices_mm, 0.3, 0.1)
    (face,) = find_faces(networks, view.picture, tiled=False)
    off = np.linalg.norm(table.points(view.positions_px)[:468, :2] - face.points_px[:468, :2], axis=1) / PX_PER_MM
    assert np.median(off) < 2.0


def test_both_sides_are_mirror_images(table_and_report) -> None:
    table, report = table_and_report
    points = table.points(default_rig().vertices_mm)
    assert report.symmetric
    mirrored = points[list(MIRROR_POINTS)] * np.array([-1.0, 1.0, 1.0])
    assert np.linalg.norm(mirrored - points, axis=1).mean() < 0.3


def test_irises_lie_on_the_eyeballs_and_lids_on_the_skin(table_and_report) -> None:
    table, _ = table_and_report
    rig = default_rig()
    for eye, iris, ring in ((0, LEFT_IRIS, LEFT_EYE_RING), (1, RIGHT_IRIS, RIGHT_EYE_RING)):
        assert np.isin(table.vertices[list(iris)], rig.eye_vertices[eye]).all()
        assert not np.isin(table.vertices[list(ring)], rig.eye_vertices).any()
        centre = rig.eye_centres_mm()[eye]
        points = table.points(rig.vertices_mm)
        assert np.linalg.norm((points[iris[0]] - centre)[:2]) < 1.0
        assert np.linalg.norm((points[list(ring)].mean(0) - centre)[:2]) < 5.0


def test_lids_close_and_lips_part_where_the_table_says(table_and_report) -> None:
    table, _ = table_and_report
    rig = default_rig()

    def gap(ring: tuple[int, ...], weights: dict[str, float]) -> float:
        head = rig.vertices_mm.astype(float)
        for name, weight in weights.items():
            head = head + weight * rig.shapes_mm[UNIT_INDEX[name]]
        points = table.points(head)
        half = len(ring) // 2
        return float((points[list(ring[1:half]), 1] - points[list(ring[:half:-1]), 1]).mean())

    assert gap(LEFT_EYE_RING, {}) > 4.0
    assert gap(LEFT_EYE_RING, {"eyeBlinkLeft": 1.0}) < 0.4 * gap(LEFT_EYE_RING, {})
    assert gap(INNER_LIP_RING, {}) < 2.5
    assert gap(INNER_LIP_RING, {"jawOpen": 1.0}) > 12.0


def test_the_report_says_what_the_network_reads_from_the_resting_rig(table_and_report) -> None:
    _, report = table_and_report
    assert report.neutral_scores.shape == (51,)
    assert report.neutral_scores[UNIT_INDEX["jawOpen"]] < 0.1


def test_a_head_that_looks_away_is_refused(networks: FaceNetworks) -> None:
    rig = default_rig()
    for wrong in ([-1.0, 1.0, -1.0], [0.02, 0.02, 0.02]):
        moved = rig.vertices_mm * np.array(wrong, np.float32)
        with pytest.raises(InputError, match="finds no face on this rig"):
            compute_landmark_table(Rig(**{**rig.__dict__, "vertices_mm": moved}), networks)


def test_the_id_buffer_interpolates_and_shows_the_nearest_triangle() -> None:
    points = np.array([[0, 0, 1], [20, 0, 1], [0, 20, 1], [0, 0, 5], [20, 0, -5], [20, 20, -5]], float)
    triangles = np.array([[0, 1, 2], [3, 4, 5]])
    ids, share = rasterise(points, triangles, 20)
    rows, columns = np.nonzero(ids >= 0)
    seen = (points[triangles[ids[rows, columns]]] * share[rows, columns][:, :, None]).sum(1)
    np.testing.assert_allclose(seen[:, 0], columns + 0.5, atol=1e-4)
    np.testing.assert_allclose(seen[:, 1], rows + 0.5, atol=1e-4)
    assert ids[2, 3] == 1  # the second triangle stands in front near the corner
    assert ids[4, 14] == 0
    assert ids[17, 1] == 0
    assert ids[19, 5] == -1
