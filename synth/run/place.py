"""Where the head is in every frame, without an expression: all that a crop without twins needs.

The subject's resting face is fitted to a choice of frames as ``synth.fit.fit`` does, and then laid over every frame
with expressions eliminated, so that crops sit where those of a run with twins do. Of what serves the expression alone
nothing is computed: no measures of pixels, no smoothing, no gaze, no lids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from assets.rig import Rig
from assets.shard_format import Status
from assets.units import UNITS
from synth.fit.belief import expression_prior
from synth.fit.face_model import FaceModel, face_model
from synth.fit.frame_fit import fit_frames
from synth.fit.identity import choose_frames
from synth.fit.lip_gap import with_lip_gap
from synth.fit.perception import as_seen
from synth.fit.point_rows import PointRows, finite_rows
from synth.fit.resting import USUAL_DISTANCE_MM, RestingFace, resting_face
from synth.fit.settings import FitSettings
from synth.run.tracks import each_camera
from synth.tracks import ExpressionTrack, FrameTrack

Score = Callable[[np.ndarray], np.ndarray]
"""From landmarks (478, 2|3) to the (51,) scores of ``assets.units.NETWORK_UNITS``."""

_ROUNDS = 2
"""Gauss-Newton steps per frame; a third moves no crop by more than a tenth of a pixel."""


def place_subject(tracks: list[FrameTrack], rig: Rig, scores: list[Score | None]) -> ExpressionTrack:
    """Return the head of a subject in one row per planned frame of all sequences, in their order.

    Parameters
    ----------
    tracks : list of FrameTrack
        One per sequence. Those from the same camera share one resting face.
    rig : Rig
        With a landmark table.
    scores : list of callable or None
        For each track what reads scores from its landmarks; None where they are not the landmark network's. They are
        read in the frames of the resting face only.

    Returns
    -------
    ExpressionTrack
        With weights and gaze 0 and residual NaN; the status is that of the tracks.
    """
    settings = FitSettings()

    def place(track: FrameTrack, members: list[int]) -> ExpressionTrack:
        score = None if any(scores[i] is None for i in members) else scores[members[0]]
        return _place_track(track, face_model(rig, track.scheme), score, settings)

    return each_camera(tracks, place)


def _place_track(track: FrameTrack, model: FaceModel, score: Score | None, settings: FitSettings) -> ExpressionTrack:
    """Return the head in the frames of one camera; each person has a resting face of their own."""
    usable = (track.status == Status.OK) & finite_rows(track.landmarks_px)
    placed = _nowhere(track, usable, model)
    person = np.zeros(len(usable), np.int16) if track.person is None else track.person
    people = np.unique(person[usable])
    if score is not None:
        model = with_lip_gap(as_seen(model, settings.under_reading), model)
    for number, who in enumerate(people):
        rows = np.flatnonzero(usable & (person == who))
        face = _resting(PointRows(track.landmarks_px, rows), model, score, settings)
        _lay_over(placed, track, rows, face, model, settings)
        if number == 0:
            notes = placed.notes | {"identity_frames": face.frames_used, "people": len(people)}
            identity = face.coefficients[: model.modes].astype(np.float32)
            placed = replace(placed, camera_distance_mm=float(face.distance_mm), identity=identity, notes=notes)
    return placed


def _noise(model: FaceModel, settings: FitSettings) -> float:
    """Return the variance of one landmark in mm², as in ``synth.fit.fit``."""
    return settings.noise_mm**2 * max(1.0, float(model.trust.sum()) / settings.independent_points)


def _resting(points: PointRows, model: FaceModel, score: Score | None, settings: FitSettings) -> RestingFace:
    """Return the resting face from a choice of rows."""
    chosen = points[choose_frames(np.ones(len(points), bool), settings.identity_frames)]
    scores = None if score is None else np.stack([score(row) for row in chosen])
    resting, noise = np.zeros(len(chosen), bool), _noise(model, settings)
    prior = expression_prior(scores, len(chosen), model.present, resting, settings, noise)
    return resting_face(chosen, model, prior, resting, settings, noise)


def _lay_over(
    placed: ExpressionTrack, track: FrameTrack, rows: np.ndarray, face: RestingFace, model: FaceModel,
    settings: FitSettings,
) -> None:  # fmt: skip
    """Find the head in some rows (N,) and write it there."""
    points = PointRows(track.landmarks_px, rows)
    centre = np.array(track.image_size_px, float) / 2
    for start in range(0, len(rows), settings.batch):
        part = slice(start, start + settings.batch)
        here = points[part]
        resting, noise = np.zeros(len(here), bool), _noise(model, settings)
        prior = expression_prior(None, len(here), model.present, resting, settings, noise)
        common = (face.landmarks_mm, model, prior, settings.depth_trust, face.distance_mm)
        pose = fit_frames(here, *common, rounds=_ROUNDS).pose
        aside = (pose.origin_px - centre) * np.array([1.0, -1.0]) / pose.px_per_mm[:, None]
        away = np.full((len(here), 1), -face.distance_mm)
        placed.rotation[rows[part]], placed.px_per_mm[rows[part]] = pose.rotation, pose.px_per_mm
        placed.eyes_px[rows[part]] = pose.origin_px
        placed.translation_mm[rows[part]] = np.column_stack([aside, away])


def _nowhere(track: FrameTrack, usable: np.ndarray, model: FaceModel) -> ExpressionTrack:
    """Return a track without any head; rows whose landmarks are broken show no face."""
    count = len(track.frames)
    status = track.status.astype(np.uint8).copy()
    status[(status == Status.OK) & ~usable] = Status.NO_FACE
    zero, unknown = np.zeros((), np.float32), np.full((), np.nan, np.float32)
    return ExpressionTrack(
        weights=np.broadcast_to(zero, (count, len(UNITS))),
        rotation=np.tile(np.eye(3, dtype=np.float32), (count, 1, 1)),
        translation_mm=np.full((count, 3), np.nan, np.float32),
        px_per_mm=np.full(count, np.nan, np.float32),
        gaze_rad=np.broadcast_to(zero, (count, 2, 2)),
        residual_px=np.broadcast_to(unknown, (count,)),
        eyes_px=np.full((count, 2), np.nan, np.float32),
        status=status,
        camera_distance_mm=USUAL_DISTANCE_MM,
        identity=np.zeros(model.modes, np.float32),
        notes={"expressions": "not fitted", "identity_frames": 0, "people": 0},
    )
