"""Errors of single frames and movements are told apart, and only the errors are averaged."""

import numpy as np
import pytest
from fit_cases import default_rig, track_of

from synth.bench.retarget import DISTANCE_MM, EYE_CORNERS_PX, Simulation, simulate
from synth.fit.belief import MOVE_PER_FRAME, expression_prior, steadied
from synth.fit.face_model import FITTED_COLUMNS, FITTED_INDEX, FITTED_UNITS, FaceModel, face_model
from synth.fit.fit import fit_track
from synth.fit.frame_fit import fit_frames
from synth.fit.pace import calmed, jitter_mm, pace
from synth.fit.quiet_points import quiet_points
from synth.fit.settings import FitSettings

FRAMES = 120


def model_and_case(noise_px: float) -> tuple[FaceModel, Simulation]:
    model = face_model(default_rig())
    return model, simulate(model, FRAMES, noise_px, seed=5, subject=0)


def settings_of(noise_mm: float, model: FaceModel) -> FitSettings:
    return FitSettings(noise_mm=noise_mm, independent_points=len(model.trust), sparsity=3.0, symmetry=0.0)


def test_the_pace_of_a_random_walk_is_found_under_errors() -> None:
    rng = np.random.default_rng(0)
    walk = np.cumsum(0.05 * rng.normal(size=(20_000, 2)), axis=0)
    move, error = pace(walk + 0.1 * rng.normal(size=walk.shape), np.ones(len(walk) - 1), np.full(2, 0.3), 0.01)
    np.testing.assert_allclose(move, 0.05, rtol=0.1)
    np.testing.assert_allclose(error, 0.1, rtol=0.05)


@pytest.mark.parametrize("values", [np.linspace(0, 1, 200), np.full(200, 0.3), np.sin(np.arange(200) / 9.0)])
def test_even_movements_and_lasting_errors_are_no_errors_of_single_frames(values: np.ndarray) -> None:
    _, error = pace(values[:, None], np.ones(199), np.full(1, 0.12), 0.02)
    assert error[0] == 0.0
    np.testing.assert_array_equal(calmed(values[:, None], np.ones(199), 0.1, 0.005), values[:, None])


def test_without_consecutive_frames_the_usual_pace_holds() -> None:
    move, error = pace(np.random.default_rng(1).normal(size=(50, 3)), np.full(49, 5.0), np.full(3, 0.2), 0.01)
    np.testing.assert_array_equal(move, 0.2)
    np.testing.assert_array_equal(error, 0.0)


def test_a_glance_is_kept_while_errors_go() -> None:
    rng = np.random.default_rng(2)
    true = np.zeros((200, 1))
    true[80:130] = 0.4
    seen = true + 0.03 * rng.normal(size=true.shape)
    calm = calmed(seen, np.ones(199), 0.1, 0.005)
    assert np.sqrt(np.mean((calm - true) ** 2)) < 0.6 * np.sqrt(np.mean((seen - true) ** 2))
    assert calm[80, 0] - calm[79, 0] > 0.25


def test_jitter_is_the_part_of_the_error_that_is_new_in_every_frame() -> None:
    model, case = model_and_case(0.5)
    settings = settings_of(0.5 / case.px_per_mm, model)
    noise = settings.noise_mm**2
    prior = expression_prior(None, FRAMES, model.present, np.zeros(FRAMES, bool), settings, noise)
    lasting = np.random.default_rng(3).normal(size=case.points_px.shape[1:]) * [0.5, 0.5, 0.0]
    for points in (case.points_px, case.points_px + lasting):
        fit = fit_frames(points, case.neutral_mm, model, prior, 0.11, DISTANCE_MM)
        found = jitter_mm(points, fit.pose, fit.weights, np.ones(FRAMES - 1), case.neutral_mm, model)
        assert found == pytest.approx(settings.noise_mm, rel=0.15)


def test_only_jitter_ties_more_than_usual_moves_do() -> None:
    model = face_model(default_rig())
    settings = settings_of(0.6, model)
    prior = expression_prior(None, FRAMES, model.present, np.zeros(FRAMES, bool), settings, 0.36)
    weights = np.abs(np.random.default_rng(4).normal(size=(FRAMES, len(FITTED_UNITS)))) * 0.05
    gaps = np.ones(FRAMES - 1)
    usual, more, read = (
        steadied(prior, weights, gaps, settings, 0.36, *rest) for rest in ((0.0,), (0.6,), (0.6, True))
    )
    assert usual.coupling is not None
    assert more.coupling is not None
    assert (usual.coupling <= 0.36 / MOVE_PER_FRAME**2 * (1 + 1e-9)).all()
    np.testing.assert_array_equal(usual.precision, prior.precision)
    np.testing.assert_array_equal(read.precision, prior.precision)
    assert (more.coupling >= usual.coupling).all()
    assert (more.coupling > 3.0 * usual.coupling).mean() > 0.5
    assert (more.precision[:, model.present] < 0.1 * prior.precision[:, model.present]).all()
    np.testing.assert_array_equal(more.precision[:, ~model.present], prior.precision[:, ~model.present])


def test_a_blink_survives_in_landmarks_that_jitter() -> None:
    model, case = model_and_case(0.0)
    weights = case.weights * 0.0
    blinks = [FITTED_INDEX["eyeBlinkLeft"], FITTED_INDEX["eyeBlinkRight"]]
    for start in (30, 70, 100):
        weights[start : start + 5, blinks] = np.array([0.4, 0.9, 1.0, 0.7, 0.3])[:, None]
    heads = model.neutral + np.tensordot(weights, model.units, ([1], [2]))
    scale = EYE_CORNERS_PX / 89.0
    points = heads * [scale, -scale, -scale] + [320.0, 180.0, 0.0]
    points += 0.5 * np.random.default_rng(6).normal(size=points.shape)
    found = fit_track(track_of(points), default_rig(), settings=settings_of(0.5 / scale, model)).weights
    lids = found[:, FITTED_COLUMNS][:, blinks]
    assert (lids[[32, 72, 102]] > 0.75).all()
    assert (lids[[28, 50, 77, 95, 107]] < 0.15).all()


def test_frames_that_differ_by_errors_only_are_averaged() -> None:
    rng = np.random.default_rng(7)
    face = rng.normal(size=(60, 3)) * 50.0
    drift = np.linspace(0, 20, FRAMES)[:, None, None] * np.array([1.0, 0.5, 0.0])
    true = face + drift
    true[50:, :20, 1] += 15.0  # a cut
    seen = true + rng.normal(size=true.shape)
    rows = np.union1d([0, 48, 49, 50, 51, FRAMES - 1], np.arange(5, 115, 7))
    model = face_model(default_rig())
    resting = np.zeros(FRAMES, bool)
    quiet = quiet_points(seen, rows, resting, model, 1.0)
    left = np.isin(rows, (0, 48, 49, 50, 51, FRAMES - 1))
    np.testing.assert_array_equal(quiet[left], seen[rows[left]])
    error = np.sqrt(np.mean((quiet[~left] - true[rows[~left]]) ** 2))
    assert error == pytest.approx(1.0 / np.sqrt(5.0), rel=0.15)
    np.testing.assert_array_equal(quiet_points(seen, rows, resting, model, 0.1), seen[rows])
    np.testing.assert_array_equal(quiet_points(seen, rows, np.arange(FRAMES) % 2 == 0, model, 1.0), seen[rows])


def test_jitter_costs_less_than_it_does_frame_by_frame() -> None:
    model, case = model_and_case(0.5)
    errors = []
    for smooth in (0.0, 1.0):
        settings = settings_of(0.5 / case.px_per_mm, model)
        settings = FitSettings(**{**vars(settings), "smooth": smooth})
        fit = fit_track(track_of(case.points_px), default_rig(), settings=settings)
        errors.append(np.sqrt(np.mean((fit.weights[:, FITTED_COLUMNS] - case.weights) ** 2)))
    assert errors[1] < 0.85 * errors[0]
