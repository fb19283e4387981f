"""The fit of one identity and one camera distance to many frames: it never gets worse, and it finds both."""

import numpy as np
import pytest
from fit_cases import default_rig, track_of

from synth.bench.retarget import DISTANCE_MM, Simulation, simulate
from synth.fit.belief import expression_prior, firm
from synth.fit.face_model import FITTED_COLUMNS, FITTED_INDEX, FaceModel, face_model
from synth.fit.fit import fit_track
from synth.fit.frame_fit import FrameFit, fit_frames
from synth.fit.identity import choose_frames, fit_identity
from synth.fit.identity_solver import USUAL_DISTANCE_MM, IdentitySolver, Sample, resting_landmarks
from synth.fit.settings import FitSettings

FRAMES = 60


def case_of(noise_px: float, scheme: str = "mediapipe478") -> tuple[FaceModel, Simulation]:
    model = face_model(default_rig(), scheme)
    return model, simulate(model, FRAMES, noise_px, seed=3, subject=0)


def sample_of(model: FaceModel, points: np.ndarray, noise_mm: float, most: int = 24) -> Sample:
    settings = FitSettings(noise_mm=noise_mm, independent_points=len(model.trust), sparsity=3.0, symmetry=0.0)
    noise = noise_mm**2
    prior = firm(expression_prior(None, FRAMES, model.present, np.zeros(FRAMES, bool), settings, noise))
    rows = choose_frames(np.ones(FRAMES, bool), most)
    return Sample(points[rows], prior.rows(rows), np.ones(len(rows)), noise, 0.11)


def shape_error(found: np.ndarray, true: np.ndarray, trust: np.ndarray) -> float:
    """Root mean square distance, mm, of landmarks (L, 3) after a similarity transform."""
    a, b = (x[trust > 0] - x[trust > 0].mean(0) for x in (found, true))
    left, sizes, right = np.linalg.svd(b.T @ a)
    turned = sizes.sum() / (a**2).sum() * a @ (left @ right).T
    return float(np.sqrt(((b - turned) ** 2).sum(1).mean()))


@pytest.mark.parametrize("find_distance", [False, True])
def test_no_step_raises_the_error(find_distance: bool) -> None:
    model, case = case_of(0.5)
    solver = IdentitySolver(model, sample_of(model, case.points_px, 0.6), find_distance)
    state = solver.start(USUAL_DISTANCE_MM)
    costs = []
    for _ in range(8):
        weight = solver.frame_weights(state)
        before = solver.cost(state, weight)
        state = solver.improved(state, 1)
        costs.append((before, solver.cost(state, weight)))
    assert all(after <= before for before, after in costs)
    assert costs[-1][1] > costs[-1][0] - 5.0  # it has come to rest
    assert costs[-1][1] < 0.5 * costs[0][0]


def test_steps_lead_to_one_distance_from_near_and_far() -> None:
    model, case = case_of(0.5)
    sample = sample_of(model, case.points_px, 0.6)
    found = [fit_identity(model, sample, d, steps=12, find_distance=True).distance_mm for d in (550.0, 1300.0)]
    assert found[0] == pytest.approx(found[1], rel=0.03)


@pytest.mark.parametrize(("scheme", "axes", "least"), [("mediapipe478", 3, 0.55), ("ibug66", 2, 1.0)])
def test_exact_landmarks_give_the_face_and_the_distance(scheme: str, axes: int, least: float) -> None:
    model, case = case_of(0.0, scheme)
    sample = sample_of(model, case.points_px[..., :axes], 0.05)
    found = fit_identity(model, sample, USUAL_DISTANCE_MM, steps=8, find_distance=True)
    shape = resting_landmarks(found, model)
    assert shape_error(shape, case.neutral_mm, model.trust) < least
    assert shape_error(model.neutral, case.neutral_mm, model.trust) > 2.0
    size = np.ptp(shape[:, 1]) / np.ptp(case.neutral_mm[:, 1])  # a small face nearby looks like a large one far away
    assert found.distance_mm == pytest.approx(size * DISTANCE_MM, rel=0.08)


def test_noise_does_not_bring_the_camera_nearer() -> None:
    """Errors measured in millimetres at a point's own depth would shrink with the distance."""
    model, case = case_of(1.0, "ibug49")
    found = fit_identity(
        model, sample_of(model, case.points_px[..., :2], 1.1), USUAL_DISTANCE_MM, steps=8, find_distance=True
    )
    assert 500.0 < found.distance_mm < 1300.0


def test_a_fit_goes_on_at_the_distance_it_is_given() -> None:
    model, case = case_of(0.0)
    points = case.points_px[:5]
    prior = sample_of(model, case.points_px, 0.3, most=5).prior
    first = fit_frames(points, case.neutral_mm, model, prior, 0.11, 2000.0)
    begin = FrameFit(first.weights, first.pose, np.empty(0), np.empty(0))
    second = fit_frames(points, case.neutral_mm, model, prior, 0.11, DISTANCE_MM, start=begin)
    assert second.pose.distance_mm == DISTANCE_MM
    direct = fit_frames(points, case.neutral_mm, model, prior, 0.11, DISTANCE_MM)
    np.testing.assert_allclose(second.weights, direct.weights, atol=0.02)


def test_exact_landmarks_are_fitted_better_than_noisy_ones() -> None:
    rig = default_rig()
    errors = []
    for noise_px, noise_mm in ((0.0, 0.05), (1.0, 1.1)):
        model, case = case_of(noise_px, "ibug49")
        settings = FitSettings(noise_mm=noise_mm, independent_points=len(model.trust), sparsity=3.0, symmetry=0.0)
        track = track_of(case.points_px[..., :2], scheme="ibug49")
        weights = fit_track(track, rig, settings=settings).weights
        errors.append(float(np.sqrt(np.mean((weights[:, FITTED_COLUMNS] - case.weights) ** 2))))
    assert errors[0] < 0.6 * errors[1]


def test_a_simulated_subject_moves_alike_on_every_rig() -> None:
    one, other = (
        simulate(face_model(default_rig(), scheme), FRAMES, 0.0, 0, 1) for scheme in ("mediapipe478", "ibug49")
    )
    np.testing.assert_array_equal(one.weights, other.weights)
    for side in ("Left", "Right"):
        blink, wide = (one.weights[:, FITTED_INDEX[name + side]] for name in ("eyeBlink", "eyeWide"))
        assert not (blink * wide).any()
        assert (blink + wide).any()
