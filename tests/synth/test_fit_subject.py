"""Identity, labels, gaze and lids: what belongs to the subject and what to the frame."""

import numpy as np
import pytest
from fit_cases import default_rig, ideal_scores, landmarks_mm, swinging_pose, track_of, unit_weights

from assets.errors import InputError
from assets.rig import Rig
from assets.units import AU_UNITS, UNIT_INDEX
from synth.fit.belief import expression_prior
from synth.fit.eyes import close_only_an_open_mouth, signed_lids
from synth.fit.face_model import FITTED_INDEX, FITTED_UNITS, face_model
from synth.fit.fit import fit_track
from synth.fit.gaze import gaze_weights
from synth.fit.label_prior import RESTING_LIMIT, VISIBLE_ONSET, label_bounds, resting_frames
from synth.fit.perception import SEEN_SHARE
from synth.fit.settings import FitSettings
from synth.tracks import Labels

AS_THEY_ARE = FitSettings(under_reading=0.0)
"""For landmarks that follow the skin exactly, as no network's do."""


def someone(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=len(default_rig().identity_mm))


def talking(frames: int, lowest: float) -> np.ndarray:
    """Weights of a speaker whose jaw never closes beyond ``lowest``."""
    phase = np.arange(frames)
    jaw = lowest + 0.25 * (1 + np.sin(phase / 2.0))
    smile = 0.35 * (1 + np.sin(phase / 7.0))
    return unit_weights(frames, jawOpen=jaw, mouthSmileLeft=smile, mouthSmileRight=smile)


@pytest.mark.parametrize("seed", [1, 2])
def test_identity_is_told_from_expression(seed: int) -> None:
    rig = default_rig()
    identity = someone(seed)
    true = talking(40, lowest=0.0)
    points = swinging_pose(40).project(landmarks_mm(rig, true, identity))
    found = fit_track(track_of(points, ideal_scores(true)), rig, settings=AS_THEY_ARE)
    model = face_model(rig)
    shape = model.identity[:, :, : model.modes]
    visible = model.trust > 0.5
    wrong = np.sqrt((((shape @ (found.identity - identity))[visible]) ** 2).sum(-1).mean())
    unfitted = np.sqrt((((shape @ identity)[visible]) ** 2).sum(-1).mean())
    assert wrong < 0.5 * unfitted
    for name in ("jawOpen", "mouthSmileLeft"):
        column = UNIT_INDEX[name]
        slope = np.polyfit(true[:, column], found.weights[:, column], 1)[0]
        assert slope == pytest.approx(1.0, abs=0.2), name
        assert np.corrcoef(true[:, column], found.weights[:, column])[0, 1] > 0.97, name


def test_a_mouth_that_never_closes_is_not_taken_for_a_resting_face() -> None:
    rig = default_rig()
    true = talking(40, lowest=0.35)
    points = swinging_pose(40).project(landmarks_mm(rig, true, someone(3)))
    jaw = UNIT_INDEX["jawOpen"]
    with_scores = fit_track(track_of(points, ideal_scores(true)), rig, settings=AS_THEY_ARE).weights[:, jaw]
    assert with_scores.min() == pytest.approx(0.35, abs=0.12)
    by_shape_alone = fit_track(track_of(points), rig).weights[:, jaw]
    assert by_shape_alone.min() > 0.03
    assert by_shape_alone.mean() > 0.25  # the truth is 0.6: without scores, part of it is taken for a long chin


def test_frames_without_any_action_unit_show_the_resting_face() -> None:
    """A resting mouth that looks pursed is shape, as the coder says, although the network reads it as a pucker."""
    rig = default_rig()
    count = 40
    purse = 0.3
    smile = np.where(np.arange(count) % 2, 0.8, 0.0)
    shown = unit_weights(count, mouthPucker=purse, mouthSmileLeft=smile, mouthSmileRight=smile)
    points = swinging_pose(count).project(landmarks_mm(rig, shown))
    au = np.zeros((count, 8), np.uint8)
    au[:, 3] = smile > 0
    labels = Labels((1, 2, 4, 12, 15, 17, 18, 25), au, np.ones_like(au), "coded")
    column = UNIT_INDEX["mouthPucker"]
    scores = ideal_scores(unit_weights(count, mouthPucker=0.9, mouthSmileLeft=smile, mouthSmileRight=smile))
    without = fit_track(track_of(points, scores), rig).weights[smile == 0, column]
    told = fit_track(track_of(points, scores), rig, labels=labels).weights[smile == 0, column]
    assert resting_frames(labels, np.arange(count)).sum() == count // 2
    assert told.mean() < 0.05 < without.mean()


def test_what_nobody_coded_moves_in_a_frame_at_rest() -> None:
    rig = default_rig()
    count = 40
    wide = np.where(np.arange(count) % 4 == 0, 0.8, 0.0)
    shown = unit_weights(count, eyeWideLeft=wide, eyeWideRight=wide, jawOpen=wide / 2)
    points, scores = swinging_pose(count).project(landmarks_mm(rig, shown)), ideal_scores(shown)
    au = np.zeros((count, 7), np.uint8)
    labels = Labels((1, 2, 4, 12, 15, 17, 23), au, np.ones_like(au), "coded")
    assert resting_frames(labels, np.arange(count)).all()
    told, free = (fit_track(track_of(points, scores), rig, labels=known).weights for known in (labels, None))
    for name in ("eyeWideLeft", "jawOpen"):
        column = UNIT_INDEX[name]
        seen, without = (found[wide > 0, column].mean() for found in (told, free))
        assert seen > 0.8 * without > 0.15


def test_movements_that_the_network_sees_in_part_are_made_whole() -> None:
    rig = default_rig()
    true = unit_weights(30, noseSneerLeft=0.6, noseSneerRight=0.6)
    true *= (0.5 + 0.5 * np.sin(np.arange(30) / 3.0))[:, None]
    seen = true * SEEN_SHARE[FITTED_INDEX["noseSneerLeft"]]
    points = swinging_pose(30).project(landmarks_mm(rig, seen))
    scores = np.zeros((30, 51), np.float32)
    sneer = UNIT_INDEX["noseSneerLeft"]
    settings = [
        FitSettings(noise_mm=0.05, identity=False, under_reading=u, camera_distance_mm=700.0, amplitude=0.0)
        for u in (0.0, 1.0)
    ]
    raw, whole = (fit_track(track_of(points, scores), rig, settings=s).weights[:, sneer] for s in settings)
    assert np.polyfit(true[:, sneer], raw, 1)[0] == pytest.approx(SEEN_SHARE[FITTED_INDEX["noseSneerLeft"]], abs=0.08)
    assert np.polyfit(true[:, sneer], whole, 1)[0] == pytest.approx(1.0, abs=0.15)


def test_every_resting_face_has_the_rigs_eye_distance() -> None:
    """One camera cannot tell a small face from a far one."""
    rig = default_rig()
    points = swinging_pose(6).project(1.15 * landmarks_mm(rig, np.zeros((6, 52))))
    found = fit_track(track_of(points), rig)
    np.testing.assert_allclose(found.px_per_mm, 1.15 * 1.6, rtol=0.03)


def test_one_identity_for_all_frames_and_none_where_not_wanted() -> None:
    rig = default_rig()
    points = swinging_pose(10).project(landmarks_mm(rig, talking(10, 0.0), someone(4)))
    assert np.abs(fit_track(track_of(points), rig).identity).max() > 0.3
    without = fit_track(track_of(points), rig, settings=FitSettings(identity=False))
    assert not without.identity.any()


def test_a_subject_does_not_depend_on_how_far_apart_frames_are_numbered() -> None:
    rig = default_rig()
    points = swinging_pose(20).project(landmarks_mm(rig, talking(20, 0.0)))
    settings = FitSettings(smooth=0.0)
    dense = fit_track(track_of(points), rig, settings=settings)
    sparse = fit_track(track_of(points, frames=np.arange(20) * 50), rig, settings=settings)
    np.testing.assert_array_equal(dense.weights, sparse.weights)


def test_smoothing_calms_noise_and_keeps_blinks() -> None:
    rig = default_rig()
    count = 60
    blink = np.zeros(count)
    blink[29:32] = [0.6, 1.0, 0.6]
    true = unit_weights(count, eyeBlinkLeft=blink, eyeBlinkRight=blink, browInnerUp=0.4)
    points = swinging_pose(count).project(landmarks_mm(rig, true))
    points = points + np.random.default_rng(0).normal(size=points.shape) * 0.6
    raw, calm = (
        fit_track(track_of(points, ideal_scores(true)), rig, settings=FitSettings(smooth=s)) for s in (0.0, 1.0)
    )
    brow, lid = UNIT_INDEX["browInnerUp"], UNIT_INDEX["eyeBlinkLeft"]

    def unrest(weights: np.ndarray) -> float:
        return float(np.abs(np.diff(weights[:, brow])).mean())

    assert unrest(calm.weights) < 0.7 * unrest(raw.weights)
    assert calm.weights[30, lid] > 0.9 * raw.weights[30, lid] > 0.6


def labels_of(count: int, active: tuple[int, ...], silent: tuple[int, ...], unknown: tuple[int, ...] = ()) -> Labels:
    numbers = tuple(sorted((*active, *silent, *unknown)))
    au = np.tile(np.isin(numbers, active).astype(np.uint8), (count, 1))
    mask = np.tile((~np.isin(numbers, unknown)).astype(np.uint8), (count, 1))
    return Labels(numbers, au, mask, "coded")


@pytest.mark.parametrize("number", [1, 2, 4, 6, 9, 10, 12, 14, 15, 17, 20, 23, 24, 25, 26])
def test_a_full_label_prior_makes_copied_labels_true(number: int) -> None:
    rig = default_rig()
    points = swinging_pose(4).project(landmarks_mm(rig, np.zeros((4, 52))))
    others = tuple(n for n in (1, 2, 4, 6, 12) if n != number)
    labels = labels_of(4, (number,), others)
    weights = fit_track(track_of(points), rig, labels=labels, label_prior=1.0).weights
    for name, gain in AU_UNITS[number]:
        assert weights[:, UNIT_INDEX[name]].min() >= VISIBLE_ONSET * gain - 1e-5
    for silent in others:
        for name, _ in AU_UNITS[silent]:
            assert weights[:, UNIT_INDEX[name]].max() <= RESTING_LIMIT + 1e-5


def test_the_label_prior_has_a_strength() -> None:
    rig = default_rig()
    points = swinging_pose(4).project(landmarks_mm(rig, np.zeros((4, 52))))
    labels = labels_of(4, (12,), (1, 2, 4))
    smile = [
        fit_track(track_of(points), rig, labels=labels, label_prior=strength)
        .weights[:, UNIT_INDEX["mouthSmileLeft"]]
        .mean()
        for strength in (0.0, 0.5, 1.0)
    ]
    assert smile[0] < 0.05 < smile[1] < smile[2]
    assert smile[1] == pytest.approx((smile[0] + smile[2]) / 2, abs=0.03)


def test_bounds_leave_what_is_not_coded_free() -> None:
    lower, upper = label_bounds(labels_of(3, (12,), (1,), unknown=(4,)), np.arange(3))
    brow, smile, inner = (UNIT_INDEX[n] for n in ("browDownLeft", "mouthSmileLeft", "browInnerUp"))
    assert (lower[:, brow] == 0).all()
    assert (upper[:, brow] == 1).all()
    assert (lower[:, smile] == VISIBLE_ONSET).all()
    assert (upper[:, inner] == RESTING_LIMIT).all()
    assert (lower <= upper).all()


def test_intensities_raise_the_bound() -> None:
    labels = labels_of(5, (12,), ())
    strong = Labels(labels.numbers, labels.au, labels.mask, "coded", np.arange(1, 6, dtype=np.float32)[:, None])
    lower, _ = label_bounds(strong, np.arange(5))
    assert (np.diff(lower[:, UNIT_INDEX["mouthSmileLeft"]]) > 0.1).all()
    assert lower.max() <= 1.0


def test_gaze_turns_with_the_irises() -> None:
    rig = default_rig()
    count = 30
    yaw = 0.3 * np.sin(np.arange(count) / 30.0 * 4 * np.pi)
    heads = landmarks_mm(rig, np.zeros((count, 52)))
    centres = rig.eye_centres_mm().astype(float)
    for eye, rows in ((0, range(473, 478)), (1, range(468, 473))):
        arm = heads[:, list(rows)] - centres[eye]
        cosine, sine = np.cos(yaw)[:, None], np.sin(yaw)[:, None]
        turned = arm.copy()
        turned[..., 0] = cosine * arm[..., 0] + sine * arm[..., 2]
        turned[..., 2] = -sine * arm[..., 0] + cosine * arm[..., 2]
        heads[:, list(rows)] = centres[eye] + turned
    found = fit_track(track_of(swinging_pose(count).project(heads)), rig, settings=FitSettings(identity=False))
    np.testing.assert_allclose(found.gaze_rad[:, 0, 0], yaw, atol=0.05)
    np.testing.assert_allclose(found.gaze_rad[:, 1, 0], yaw, atol=0.05)
    assert np.abs(found.gaze_rad[..., 1]).max() < 0.05


def test_gaze_weights_turn_the_lids_to_the_same_side() -> None:
    left_and_up = np.array([[[0.26, 0.1], [0.26, 0.1]]])
    weights = dict(zip(
        ("DownLeft", "DownRight", "InLeft", "InRight", "OutLeft", "OutRight", "UpLeft", "UpRight"),
        gaze_weights(left_and_up, 0.52)[0], strict=True,
    ))  # fmt: skip
    assert weights["OutLeft"] == weights["InRight"] == pytest.approx(0.5)
    assert weights["UpLeft"] == weights["UpRight"] > 0
    assert weights["InLeft"] == weights["OutRight"] == weights["DownLeft"] == 0


def test_lids_move_one_way_and_the_mouth_closes_only_when_open() -> None:
    weights = np.zeros((1, len(FITTED_UNITS)))
    weights[0, FITTED_INDEX["eyeBlinkLeft"]], weights[0, FITTED_INDEX["eyeWideLeft"]] = 0.5, 0.2
    weights[0, FITTED_INDEX["mouthClose"]], weights[0, FITTED_INDEX["jawOpen"]] = 0.6, 0.2
    result = close_only_an_open_mouth(signed_lids(weights))
    assert result[0, FITTED_INDEX["eyeBlinkLeft"]] == pytest.approx(0.3)
    assert result[0, FITTED_INDEX["eyeWideLeft"]] == 0
    assert result[0, FITTED_INDEX["mouthClose"]] == pytest.approx(0.2)


def test_mistakes_are_named() -> None:
    rig = default_rig()
    track = track_of(swinging_pose(3).project(landmarks_mm(rig, np.zeros((3, 52)))))
    with pytest.raises(InputError, match="one row of labels per planned frame"):
        fit_track(track, rig, labels=labels_of(2, (12,), ()))
    bare = Rig(**{**rig.__dict__, "landmarks": None})
    with pytest.raises(InputError, match="no landmark table"):
        fit_track(track, bare)
    with pytest.raises(InputError, match="camera_distance_mm"):
        FitSettings(camera_distance_mm=1.0)
    with pytest.raises(InputError) as caught:
        FitSettings(noise_mm=-1.0, batch=0)
    assert len(caught.value.problems) == 2


def test_a_smile_hides_a_closed_jaw_but_not_an_open_one() -> None:
    resting, smiling, laughing = unit_weights(3), unit_weights(3, mouthSmileLeft=0.9), unit_weights(3, jawOpen=0.4)
    laughing += smiling
    jaw = FITTED_INDEX["jawOpen"]
    scores = ideal_scores(np.concatenate([resting, smiling, laughing]))
    present = np.ones(len(FITTED_UNITS), bool)
    precision = expression_prior(scores, 9, present, np.zeros(9, bool), FitSettings(), 1.0).precision[:, jaw]
    assert precision[3] > 20 * precision[0]
    assert precision[6] == pytest.approx(precision[0])
