"""The joint fit of pose and weights: what it must recover, and what must not change it."""

import numpy as np
import pytest
from fit_cases import default_rig, fitted, ideal_scores, landmarks_mm, swinging_pose, track_of, unit_weights
from scipy.optimize import lsq_linear

from assets.landmarks import SCHEMES, mirror_of
from assets.shard_format import Status
from assets.units import MIRROR, UNIT_INDEX
from synth.fit.box_solver import solve_in_box
from synth.fit.face_model import FITTED_UNITS, face_model
from synth.fit.fit import fit_track
from synth.fit.frame_fit import Prior, fit_frames
from synth.fit.head_pose import HeadPose, pose_columns, rigid_pose, rotation_of
from synth.fit.settings import FitSettings

EXACT = FitSettings(
    noise_mm=0.02, independent_points=478, sparsity=0.0, symmetry=0.0, smooth=0.0, identity=False,
    camera_distance_mm=700.0,
)  # fmt: skip


def random_weights(frames: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    weights = np.zeros((frames, 52))
    columns = [UNIT_INDEX[name] for name in FITTED_UNITS if name not in ("mouthClose", "cheekPuff")]
    for row in weights:
        row[rng.choice(columns, 6, replace=False)] = rng.uniform(0.2, 1.0, 6)
        for side in ("Left", "Right"):  # an eye closes or widens, not both
            if row[UNIT_INDEX["eyeBlink" + side]] > 0:
                row[UNIT_INDEX["eyeWide" + side]] = 0.0
    return weights


def test_box_solver_agrees_with_scipy() -> None:
    rng = np.random.default_rng(0)
    matrices = rng.normal(size=(5, 40, 12))
    targets = rng.normal(size=(5, 40)) * 3
    gram = np.einsum("tij,tik->tjk", matrices, matrices)
    linear = np.einsum("tij,ti->tj", matrices, targets)
    solved = solve_in_box(gram, linear, np.zeros((5, 12)), tolerance=1e-8, sweeps=5000)
    for matrix, target, weights in zip(matrices, targets, solved, strict=True):
        reference = lsq_linear(matrix, target, (0, 1), tol=1e-12).x
        np.testing.assert_allclose(weights, reference, atol=1e-5)


def test_ties_in_time_solve_the_coupled_problem() -> None:
    rng = np.random.default_rng(1)
    frames, size, tie = 6, 3, 2.5
    gram = np.tile(np.eye(size), (frames, 1, 1))
    linear = rng.uniform(0.2, 0.8, (frames, size))
    coupling = np.full((frames - 1, size), tie)
    solved = solve_in_box(gram, linear, np.zeros((frames, size)), coupling, tolerance=1e-9, rounds=300)
    chain = np.diag(np.r_[1, np.full(frames - 2, 2), 1]) - np.eye(frames, k=1) - np.eye(frames, k=-1)
    np.testing.assert_allclose(solved, np.linalg.solve(np.eye(frames) + tie * chain, linear), atol=1e-6)


def test_bounds_of_single_weights_hold() -> None:
    bounds = (np.array([[0.3, 0.0]]), np.array([[1.0, 0.1]]))
    solved = solve_in_box(np.eye(2)[None], np.array([[0.0, 0.9]]), np.zeros((1, 2)), bounds=bounds)
    np.testing.assert_allclose(solved, [[0.3, 0.1]])


def test_pose_columns_are_the_derivative_of_the_pose() -> None:
    rng = np.random.default_rng(2)
    points = rng.normal(size=(20, 3)) * 40
    columns, centre = pose_columns(points)
    pose = swinging_pose(1, distance_mm=1e6)
    step = np.array([[3e-4, -2e-4, 1e-4, 0.01, -0.02, 0.0, 1e-4]])
    moved = pose.moved(step, centre).project(points[None])
    expected = pose.project((points + columns @ step[0])[None])
    np.testing.assert_allclose(moved[..., :2], expected[..., :2], atol=2e-3)


def test_unproject_inverts_project() -> None:
    rng = np.random.default_rng(3)
    pose = swinging_pose(7)
    heads = rng.normal(size=(7, 30, 3)) * 40
    seen = heads @ pose.rotation.transpose(0, 2, 1)
    np.testing.assert_allclose(pose.unproject(pose.project(heads), seen[..., 2]), seen, atol=1e-9)


@pytest.mark.parametrize("axes", [2, 3])
def test_rigid_pose_recovers_a_pose_without_perspective(axes: int) -> None:
    model = face_model(default_rig())
    true = swinging_pose(5, distance_mm=1e7)
    points = true.project(np.broadcast_to(model.neutral, (5, 478, 3)))[..., :axes]
    found = rigid_pose(points, model.neutral, model.rigid, 1e7)
    np.testing.assert_allclose(found.rotation, true.rotation, atol=2e-3)
    np.testing.assert_allclose(found.px_per_mm, true.px_per_mm, rtol=2e-3)
    np.testing.assert_allclose(found.origin_px, true.origin_px, atol=0.1)


def test_fit_recovers_what_was_built() -> None:
    rig = default_rig()
    true = random_weights(24, 0)
    pose = swinging_pose(24)
    track = track_of(pose.project(landmarks_mm(rig, true)))
    found = fit_track(track, rig, settings=EXACT)
    assert np.abs(fitted(found.weights - true)).max() < 0.05
    np.testing.assert_allclose(found.rotation, pose.rotation, atol=2e-3)
    np.testing.assert_allclose(found.px_per_mm, pose.px_per_mm, rtol=1e-3)
    np.testing.assert_allclose(found.eyes_px, pose.origin_px, atol=0.1)
    assert found.residual_px.max() < 0.1


def test_correctives_are_part_of_the_fit() -> None:
    rig = default_rig()
    assert rig.correctives
    true = unit_weights(3, jawOpen=[0.4, 0.6, 0.8], mouthClose=[0.3, 0.1, 0.7])
    found = fit_track(track_of(swinging_pose(3).project(landmarks_mm(rig, true))), rig, settings=EXACT).weights
    np.testing.assert_allclose(found[:, UNIT_INDEX["jawOpen"]], [0.4, 0.6, 0.8], atol=0.02)
    np.testing.assert_allclose(found[:, UNIT_INDEX["mouthClose"]], [0.3, 0.1, 0.7], atol=0.05)


def test_neutral_in_zeros_out() -> None:
    rig = default_rig()
    track = track_of(swinging_pose(9).project(landmarks_mm(rig, np.zeros((9, 52)))))
    found = fit_track(track, rig, settings=EXACT)
    assert np.abs(fitted(found.weights)).max() < 0.02
    assert np.abs(found.gaze_rad).max() < 0.02


@pytest.mark.parametrize("identity", [False, True])
def test_mirrored_landmarks_give_mirrored_weights(identity: bool) -> None:
    rig = default_rig()
    true = unit_weights(
        8, mouthSmileLeft=0.8, mouthSmileRight=0.3, eyeBlinkRight=0.7, browOuterUpLeft=0.9, jawLeft=0.5, jawOpen=0.3
    )
    points = swinging_pose(8).project(landmarks_mm(rig, true))
    mirrored = points[:, list(mirror_of("mediapipe478"))] * np.array([-1.0, 1.0, 1.0]) + np.array([640.0, 0, 0])
    settings = FitSettings(smooth=0.0, identity=identity)
    scores = ideal_scores(true)
    one = fit_track(track_of(points, scores), rig, settings=settings).weights
    other = fit_track(track_of(mirrored, scores[:, list(MIRROR[:51])]), rig, settings=settings).weights
    assert np.abs(other[:, list(MIRROR)] - one).max() < 0.06
    assert one[:, UNIT_INDEX["mouthSmileLeft"]].mean() > one[:, UNIT_INDEX["mouthSmileRight"]].mean() + 0.2


def test_a_similarity_of_the_picture_changes_only_the_pose() -> None:
    rig = default_rig()
    true = random_weights(10, 4)
    points = swinging_pose(10).project(landmarks_mm(rig, true))
    angle, scale = 0.4, 1.7
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    other = scale * points @ turn.T + np.array([50.0, -30.0, 0.0])
    settings = FitSettings(smooth=0.0, identity=False, camera_distance_mm=700.0)
    one, two = (fit_track(track_of(p), rig, settings=settings) for p in (points, other))
    np.testing.assert_allclose(two.weights, one.weights, atol=0.01)
    np.testing.assert_allclose(two.px_per_mm, scale * one.px_per_mm, rtol=1e-3)
    roll = rotation_of(np.array([[0.0, 0.0, -angle]]))[0]
    np.testing.assert_allclose(two.rotation, roll @ one.rotation, atol=5e-3)


@pytest.mark.parametrize("scheme", ["ibug49", "ibug66", "ibug68"])
def test_flat_schemes_see_large_movements(scheme: str) -> None:
    rig = default_rig()
    true = unit_weights(6, jawOpen=0.6, mouthSmileLeft=0.8, mouthSmileRight=0.8, browInnerUp=0.7)
    points = swinging_pose(6).project(landmarks_mm(rig, true))[:, list(SCHEMES[scheme].points), :2]
    settings = FitSettings(noise_mm=0.05, independent_points=68, sparsity=0.0, identity=False, camera_distance_mm=700.0)
    found = fit_track(track_of(points, scheme=scheme), rig, settings=settings).weights
    for name, value in (("jawOpen", 0.6), ("mouthSmileLeft", 0.8), ("mouthSmileRight", 0.8), ("browInnerUp", 0.7)):
        assert found[:, UNIT_INDEX[name]].mean() == pytest.approx(value, abs=0.2), name


def test_a_smaller_prior_error_wins_where_landmarks_say_nothing() -> None:
    model = face_model(default_rig())
    mean = np.zeros((1, len(FITTED_UNITS)))
    blind = [i for i in range(len(FITTED_UNITS)) if not np.abs(model.units[:, :, i]).any()]
    mean[:, blind] = 0.4
    prior = Prior(mean, np.ones_like(mean), np.zeros(mean.shape[1]))
    pose = HeadPose(np.eye(3)[None], np.ones(1), np.full((1, 2), 100.0), np.zeros(1), 700.0)
    fit = fit_frames(pose.project(model.neutral[None]), model.neutral, model, prior, 0.1, 700.0)
    np.testing.assert_allclose(fit.weights[:, blind], 0.4, atol=1e-4)


def test_rows_without_a_face_keep_their_place() -> None:
    rig = default_rig()
    points = swinging_pose(12).project(landmarks_mm(rig, unit_weights(12, jawOpen=np.linspace(0, 1, 12))))
    points[[2, 7]] = np.nan
    found = fit_track(track_of(points), rig)
    assert found.weights.shape == (12, 52)
    assert (found.weights[[2, 7]] == 0).all()
    assert (found.status == np.where(np.isin(np.arange(12), [2, 7]), Status.NO_FACE, Status.OK)).all()
    assert np.isnan(found.residual_px[[2, 7]]).all()


def test_a_track_without_any_face_gives_empty_rows() -> None:
    found = fit_track(track_of(np.full((4, 478, 3), np.nan)), default_rig())
    assert found.weights.shape == (4, 52)
    assert (found.status == Status.NO_FACE).all()


def test_landmarks_of_no_face_are_called_a_bad_fit() -> None:
    rig = default_rig()
    points = swinging_pose(6).project(landmarks_mm(rig, np.zeros((6, 52))))
    rng = np.random.default_rng(5)
    points[3, :, :2] += rng.normal(size=(478, 2)) * 25
    status = fit_track(track_of(points), rig).status
    assert status.tolist() == [Status.OK] * 3 + [Status.FIT_BAD] + [Status.OK] * 2


def test_batches_do_not_change_the_result() -> None:
    rig = default_rig()
    points = swinging_pose(70).project(landmarks_mm(rig, random_weights(70, 6)))
    whole, parts = (
        fit_track(track_of(points), rig, settings=FitSettings(batch=size, identity=False)).weights for size in (256, 20)
    )
    assert np.abs(whole - parts).max() < 0.02
    again = fit_track(track_of(points), rig, settings=FitSettings(batch=20, identity=False)).weights
    assert (again == parts).all()
