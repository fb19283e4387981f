"""The whole fit: a track of landmarks in, a track of expressions out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from assets.rig import Rig
from assets.shard_format import Status
from assets.units import UNITS
from synth.appearance.evidence import pixel_evidence
from synth.fit.amplitude import full_amplitude, relaxed
from synth.fit.bad_frames import implausible
from synth.fit.belief import expression_prior, steadied
from synth.fit.eyes import (
    aperture_share,
    blinks_with_lowered_gaze,
    close_only_an_open_mouth,
    closed_as_seen,
    signed_lids,
)
from synth.fit.face_model import FITTED_COLUMNS, GAZE_COLUMNS, FaceModel, face_model
from synth.fit.frame_fit import FrameFit, Prior, fit_frames
from synth.fit.gaze import LEAST_TURN_RAD, USUAL_TURN_RAD, gaze_angles, gaze_weights
from synth.fit.head_pose import HeadPose
from synth.fit.label_prior import check_labels, coded_units, label_bounds, resting_frames
from synth.fit.lip_gap import with_lip_gap
from synth.fit.lips_as_seen import opened_as_seen
from synth.fit.pace import calmed, jitter_mm
from synth.fit.perception import as_seen
from synth.fit.point_rows import PointRows, finite_rows
from synth.fit.resting import USUAL_DISTANCE_MM, RestingFace, resting_face
from synth.fit.settings import FitSettings
from synth.fit.two_sides import tied_lids
from synth.framing import HEAD_SCALE
from synth.tracks import ExpressionTrack, FrameTrack, Labels

CROP_PX = 256
_HALO = 16
"""Frames on either side that a batch is solved with, so that its edges do not show."""


@dataclass(frozen=True)
class _Result:
    """Fit of the usable rows."""

    weights: np.ndarray
    gaze_rad: np.ndarray
    pose: HeadPose
    residual_px: np.ndarray
    pixel_trust: float = 0.0


def fit_track(
    track: FrameTrack,
    rig: Rig,
    *,
    labels: Labels | None = None,
    label_prior: float = 0.0,
    settings: FitSettings | None = None,
) -> ExpressionTrack:
    """Fit expression, head pose and gaze to every frame of a track.

    Parameters
    ----------
    track : FrameTrack
        One subject; rows without finite landmarks keep their place and their status.
    rig : Rig
        With a landmark table.
    labels : Labels or None
        Action Unit labels of the same rows; frames whose coded Action Units are all zero are
        at rest, as far as these reach.
    label_prior : float
        How strongly labels move the weights, in [0, 1]: the units of an active Action Unit are kept above a
        visible onset, those of an inactive one below it. 0 is pure tracking, 1 makes the labels true by
        construction.
    settings : FitSettings or None

    Returns
    -------
    ExpressionTrack
        One row per row of the track. Rows that could not be fitted have zero weights; rows that are
        not to be believed have the status FIT_BAD and keep their weights; ``notes`` counts them by reason.

    Raises
    ------
    InputError
        If the rig has no landmark table, or the labels do not belong to the track.
    """
    settings = settings or FitSettings()
    model = face_model(rig, track.scheme)
    if labels is not None:
        check_labels(labels, len(track.frames))
    usable = (track.status == Status.OK) & finite_rows(track.landmarks_px)
    person = np.zeros(len(usable), int) if track.person is None else track.person
    people = np.unique(person[usable]) if usable.any() else np.zeros(1, int)
    fits = [_fit_person(track, usable & (person == who), model, labels, label_prior, settings) for who in people]
    return fits[0] if len(fits) == 1 else _together(fits, [person == who for who in people])


def _together(fits: list[ExpressionTrack], where: list[np.ndarray]) -> ExpressionTrack:
    """Return the rows of several people's fits; what is one per track is that of the first, seen in most frames."""
    main = fits[0]
    changes: dict[str, Any] = {}
    for name in ("weights", "rotation", "translation_mm", "px_per_mm", "gaze_rad", "residual_px", "eyes_px", "status"):
        changes[name] = getattr(main, name).copy()
        for fit, rows in zip(fits[1:], where[1:], strict=True):
            changes[name][rows] = getattr(fit, name)[rows]
    bad: dict[str, int] = {}
    for fit in fits:
        for reason, count in fit.notes["fit_bad"].items():
            bad[reason] = bad.get(reason, 0) + count
    notes = main.notes | {"people": len(fits), "fit_bad": bad}
    return replace(main, **changes, notes=notes)


def _fit_person(
    track: FrameTrack,
    usable: np.ndarray,
    model: FaceModel,
    labels: Labels | None,
    label_prior: float,
    settings: FitSettings,
) -> ExpressionTrack:
    """Fit the usable rows (T,) of one person with one identity."""
    if track.network_weights is not None:
        model = with_lip_gap(as_seen(model, settings.under_reading), model)
    rows = np.flatnonzero(usable)
    points = PointRows(track.landmarks_px, rows)
    noise = settings.noise_mm**2 * max(1.0, float(model.trust.sum()) / settings.independent_points)
    scores = None if track.network_weights is None else track.network_weights[rows]
    resting = resting_frames(labels, rows)
    coded = coded_units(labels)[FITTED_COLUMNS]
    prior = expression_prior(scores, len(rows), model.present, resting, settings, noise, coded)
    if len(rows):
        face = resting_face(points, model, prior, resting, settings, noise)
    else:
        face = RestingFace(
            model.neutral, np.zeros(model.identity.shape[-1]), settings.camera_distance_mm or USUAL_DISTANCE_MM, 0
        )
    gaps = np.diff(track.frames[rows]).astype(float)
    bounds = label_bounds(labels, rows) if labels is not None and label_prior > 0 else None
    seen = None if track.appearance is None else track.appearance[rows]
    known = resting[:, None] & coded
    result = _fit_rows(points, scores, seen, face, model, prior, gaps, bounds, label_prior, known, settings, noise)
    notes = {
        "settings": asdict(settings), "label_prior": float(label_prior), "identity_frames": face.frames_used,
        "pixel_trust": result.pixel_trust, "people": 1,
    }  # fmt: skip
    reasons = implausible(track, rows, points) | {"residual": result.residual_px > settings.largest_residual_px}
    notes["fit_bad"] = {reason: int(which.sum()) for reason, which in reasons.items()}
    return _assemble(track, rows, result, face, model, np.any(list(reasons.values()), axis=0), notes)


def _fit_rows(
    points: PointRows,
    scores: np.ndarray | None,
    seen: np.ndarray | None,
    face: RestingFace,
    model: FaceModel,
    prior: Prior,
    gaps: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray] | None,
    label_prior: float,
    known: np.ndarray,
    settings: FitSettings,
    noise: float,
) -> _Result:
    """Fit every frame alone, read the gaze, then fit again with lids that follow it and ties in time."""
    common = (face.landmarks_mm, model)
    camera = (settings.depth_trust, face.distance_mm)
    count = len(points)
    first = _joined(
        [
            _result_only(fit_frames(points[p], *common, prior.rows(p), *camera, rounds=3))
            for p, _ in _batches(count, settings.batch, 0)
        ],
        face.distance_mm,
    )
    opening = aperture_share(points, face.landmarks_mm, model)
    gaze = gaze_angles(points, first.pose, first.weights, face.landmarks_mm, model, opening, scores)
    if settings.smooth > 0:
        gaze = calmed(gaze.reshape(count, 4), gaps, USUAL_TURN_RAD, LEAST_TURN_RAD).reshape(count, 2, 2)
    turned = gaze_weights(gaze, model.max_gaze_rad)
    pixels = None
    if seen is not None and count:
        turns = first.pose.rotation
        pixels = pixel_evidence(seen, first.weights, turns, gaze, known, settings.pixels, noise)
    shake = jitter_mm(points, first.pose, first.weights, gaps, *common)
    tied = replace(steadied(prior, first.weights, gaps, settings, noise, shake, scores is not None), pixels=pixels)
    held = (
        None if bounds is None else replace(tied, bounds=(bounds[0][:, FITTED_COLUMNS], bounds[1][:, FITTED_COLUMNS]))
    )
    pieces, residuals = [], []
    for part, kept in _batches(count, settings.batch, _HALO):
        lids = np.tensordot(turned[part], model.gaze, ([1], [2]))
        begin = FrameFit(first.weights[part], first.pose.rows(part), np.empty(0), np.empty(0))
        here = points[part]
        fit = fit_frames(here, *common, tied.rows(part), *camera, lids_mm=lids, start=begin, rounds=1)
        free = relaxed(tied.rows(part), fit.weights, settings.amplitude)
        fit = fit_frames(here, *common, free, *camera, lids_mm=lids, start=fit, rounds=1)
        if held is not None:
            true = fit_frames(here, *common, held.rows(part), *camera, lids_mm=lids, start=fit, rounds=2)
            fit = replace(fit, weights=fit.weights + label_prior * (true.weights - fit.weights))
        residuals.append(_residual_px(here, fit, face.landmarks_mm, model, lids)[kept])
        pieces.append(_result_only(replace(fit, weights=fit.weights[kept], pose=fit.pose.rows(kept))))
    fit = _joined(pieces, face.distance_mm)
    weights = np.zeros((count, len(UNITS)))
    whole = full_amplitude(fit.weights, settings.amplitude) if scores is not None else fit.weights
    fitted = close_only_an_open_mouth(signed_lids(whole))
    if settings.symmetry > 0 and model.lip_rows is not None:
        fitted = closed_as_seen(blinks_with_lowered_gaze(fitted, turned, model), turned, opening, model)
        fitted = tied_lids(fitted, fit.pose.rotation, opening)
        fitted = opened_as_seen(fitted, points, fit.pose, model)
    weights[:, FITTED_COLUMNS] = fitted
    weights[:, GAZE_COLUMNS] = turned
    trust = 0.0 if pixels is None else float(pixels.trust.mean())
    return _Result(weights, gaze, fit.pose, np.concatenate(residuals) if residuals else np.empty(0), trust)


def _batches(count: int, size: int, halo: int) -> Iterator[tuple[slice, slice]]:
    """Yield the rows to solve and which of them to keep."""
    for start in range(0, count, size):
        stop = min(count, start + size)
        first, last = max(0, start - halo), min(count, stop + halo)
        yield slice(first, last), slice(start - first, stop - first)


def _result_only(fit: FrameFit) -> FrameFit:
    """Return the fit without its normal equations, which take far more memory than what comes of them."""
    return FrameFit(fit.weights, fit.pose, np.empty(0), np.empty(0))


def _joined(pieces: list[FrameFit], distance_mm: float) -> FrameFit:
    """Return one fit from consecutive ones, without their normal equations."""
    if not pieces:
        empty = HeadPose(np.empty((0, 3, 3)), np.empty(0), np.empty((0, 2)), np.empty(0), distance_mm)
        return FrameFit(np.empty((0, len(FITTED_COLUMNS))), empty, np.empty(0), np.empty(0))
    poses = [piece.pose for piece in pieces]
    pose = HeadPose(
        rotation=np.concatenate([p.rotation for p in poses]),
        px_per_mm=np.concatenate([p.px_per_mm for p in poses]),
        origin_px=np.concatenate([p.origin_px for p in poses]),
        depth_mm=np.concatenate([p.depth_mm for p in poses]),
        distance_mm=distance_mm,
    )
    return FrameFit(np.concatenate([piece.weights for piece in pieces]), pose, np.empty(0), np.empty(0))


def _residual_px(
    points: np.ndarray, fit: FrameFit, resting_mm: np.ndarray, model: FaceModel, lids_mm: np.ndarray
) -> np.ndarray:
    """Return the root mean square residual of each frame (T,) in pixels of the crop."""
    heads = resting_mm + np.tensordot(fit.weights, model.units, ([1], [2])) + lids_mm
    correction = model.correction(fit.weights)
    heads = heads if correction is None else heads + correction
    gap = fit.pose.project(heads)[..., :2] - points[..., :2]
    square = ((gap**2).sum(-1) @ model.trust) / model.trust.sum()
    return np.sqrt(square) * HEAD_SCALE * CROP_PX / fit.pose.px_per_mm


def _assemble(
    track: FrameTrack,
    rows: np.ndarray,
    result: _Result,
    face: RestingFace,
    model: FaceModel,
    bad: np.ndarray,
    notes: dict,
) -> ExpressionTrack:
    """Spread the usable rows over all rows of the track."""
    count = len(track.frames)

    def spread(values: np.ndarray, fill: float | np.ndarray) -> np.ndarray:
        whole = np.empty((count, *values.shape[1:]), np.float32)
        whole[:] = fill
        whole[rows] = values
        return whole

    pose = result.pose
    from_camera = face.distance_mm * np.ones(len(rows))
    centre = np.array(track.image_size_px, float) / 2
    aside = (pose.origin_px - centre) * np.array([1.0, -1.0]) / pose.px_per_mm[:, None]
    status = track.status.astype(np.uint8).copy()
    broken = (track.status == Status.OK) & ~np.isin(np.arange(count), rows)
    status[broken] = Status.NO_FACE
    status[rows[bad]] = Status.FIT_BAD
    return ExpressionTrack(
        weights=spread(result.weights, 0.0),
        rotation=spread(pose.rotation, np.eye(3, dtype=np.float32)),
        translation_mm=spread(np.column_stack([aside, -from_camera]), np.nan),
        px_per_mm=spread(pose.px_per_mm, np.nan),
        gaze_rad=spread(result.gaze_rad, 0.0),
        residual_px=spread(result.residual_px, np.nan),
        eyes_px=spread(pose.origin_px, np.nan),
        status=status,
        camera_distance_mm=float(face.distance_mm),
        identity=face.coefficients[: model.modes].astype(np.float32),
        notes=notes,
    )
