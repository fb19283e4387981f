"""From one subject's frames to its shard: track, fit, cut, draw, write."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from assets.action_units import au_columns
from assets.rig_bundle import load_rig
from assets.shard_format import IMAGE_REAL, Status
from assets.units import UNITS
from synth.avatars.spec import AvatarSpec
from synth.landmarks.track import TrackSettings, open_networks, track_sequence
from synth.render.choose import open_renderer
from synth.render.protocol import Renderer
from synth.run.config import RenderConfig
from synth.run.crop import crop_maps, cut_crop, without_roll
from synth.run.folder import hold_as_worker
from synth.run.gaps import fill_gaps
from synth.run.native import quiet_libraries
from synth.run.plan import SubjectPlan, shard_folder
from synth.run.tracks import Ticking, fit_subject, subject_labels
from synth.run.twins import Twin, draw_twin, make_twin, twin_scene
from synth.shards.encode import ENCODERS
from synth.shards.writer import ShardWriter, image_groups
from synth.tracks import ExpressionTrack, FrameTrack
from synth.verify import shard_counts

Tick = Callable[[int], None]


@dataclass(frozen=True)
class SubjectJob:
    """Everything a worker needs.

    Attributes
    ----------
    config : RenderConfig
    out : str
        Folder of the run.
    plan : SubjectPlan
    avatars : tuple of AvatarSpec
        Female and male in turn.
    au_numbers : tuple of int
    renderer : str
        The renderer that ``auto`` came to.
    attributes : dict
        Attributes of the shard that are the same for the whole run.
    """

    config: RenderConfig
    out: str
    plan: SubjectPlan
    avatars: tuple[AvatarSpec, ...]
    au_numbers: tuple[int, ...]
    renderer: str
    attributes: dict[str, Any]


@dataclass(frozen=True)
class _Rows:
    """The rows of a shard before their pictures are made."""

    track: ExpressionTrack
    crops: np.ndarray
    twin_rotation: np.ndarray
    drawn: np.ndarray


def render_subject(job: SubjectJob, tick: Tick) -> dict[str, Any]:
    """Write the shard of one subject.

    Parameters
    ----------
    job : SubjectJob
    tick : callable
        Receives numbers of finished steps: one per tracked frame and one per twin drawn or left out.

    Returns
    -------
    dict
        Of ``synth.verify.shard_counts``.
    """
    with hold_as_worker(Path(job.out)):
        networks = _networks(job.config.detector)
        settings = TrackSettings(detector=job.config.detector, face_rule=job.config.face_rule)
        tracks = [
            fill_gaps(track_sequence(Ticking(s, tick), settings, networks), s, settings, networks)
            for s in job.plan.sequences
        ]
        rig = load_rig(job.config.assets)
        fitted = fit_subject(tracks, job.plan.sequences, rig, job.config.label_prior, use_labels=bool(job.avatars))
        size = job.config.size
        crops = crop_maps(fitted.eyes_px, fitted.px_per_mm, fitted.rotation, size)
        crops[np.isin(fitted.status, (Status.NO_FACE, Status.FRAME_MISSING))] = np.nan
        level = np.stack([without_roll(rotation) for rotation in fitted.rotation])
        rows = _Rows(fitted, crops, level, fitted.status == Status.OK)
        images = image_groups(len(job.avatars))
        twins = [
            make_twin(
                rig, spec, image, twin_scene(job.config.seed, job.plan.subject, spec.name, fitted.camera_distance_mm)
            )
            for spec, image in zip(job.avatars, images[1:], strict=True)
        ]
        path = shard_folder(Path(job.out)) / job.plan.file_name
        with ShardWriter(path, images, job.plan.frames) as writer:
            _put_rows(writer, job, tracks, rows)
            _put_avatars(writer, twins)
            writer.attributes({**job.attributes, **_subject_attributes(job, fitted)})
            status = fitted.status.copy()
            _write_real(writer, job, rows, status)
            _write_twins(writer, job, rows, twins, status, tick)
            writer.finish(status)
    return shard_counts(path)


@cache
def _networks(detector: str) -> Any:
    with quiet_libraries():
        return open_networks(TrackSettings(detector=detector))


@cache
def _renderer(name: str, size_px: int, samples: int) -> Renderer:
    return open_renderer(name, size_px, samples)


def _put_rows(writer: ShardWriter, job: SubjectJob, tracks: list[FrameTrack], rows: _Rows) -> None:
    """Write everything under ``frames`` and ``sequences`` but pictures and status."""
    sequences, fitted = job.plan.sequences, rows.track
    labels = subject_labels(sequences, job.au_numbers)
    counts = [len(sequence.frames) for sequence in sequences]
    writer.put("frames/sequence", np.repeat(np.arange(len(counts)), counts))
    writer.put("frames/frame", np.concatenate([sequence.frames for sequence in sequences]))
    writer.put("frames/time_s", np.concatenate([sequence.time_s for sequence in sequences]))
    writer.put("frames/au", labels.au)
    writer.put("frames/au_mask", labels.mask)
    if labels.intensity is not None:
        writer.put("frames/au_intensity", labels.intensity)
    writer.put("frames/faces_found", np.concatenate([track.faces_found for track in tracks]))
    writer.put("frames/confidence", np.concatenate([track.confidence for track in tracks]))
    writer.put("frames/landmarks_px", _landmarks(tracks))
    if all(track.network_weights is not None for track in tracks):
        writer.put("frames/network_weights", np.concatenate([track.network_weights for track in tracks]))
    for path, values in (
        ("weights", fitted.weights), ("head_rotation", fitted.rotation), ("head_translation_mm", fitted.translation_mm),
        ("px_per_mm", fitted.px_per_mm), ("gaze_rad", fitted.gaze_rad), ("residual_px", fitted.residual_px),
        ("crop_from_source", rows.crops), ("twin_rotation", rows.twin_rotation),
    ):  # fmt: skip
        writer.put(f"frames/{path}", values)
    writer.put("sequences/name", [sequence.name for sequence in sequences])
    writer.put("sequences/size_px", [track.image_size_px for track in tracks])


def _landmarks(tracks: list[FrameTrack]) -> np.ndarray:
    """Return the landmarks of all sequences (T, L, 3); depth is NaN where the scheme has none."""
    widest = max(track.landmarks_px.shape[1] for track in tracks)
    total = sum(len(track.frames) for track in tracks)
    out = np.full((total, widest, 3), np.nan, np.float32)
    start = 0
    for track in tracks:
        points = track.landmarks_px
        out[start : start + len(points), : points.shape[1], : points.shape[2]] = points
        start += len(points)
    return out


def _put_avatars(writer: ShardWriter, twins: list[Twin]) -> None:
    writer.put("avatars/name", [twin.mesh.spec.name for twin in twins])
    writer.put("avatars/image", [twin.image for twin in twins])
    writer.put("avatars/apparent_gender", [twin.mesh.spec.apparent_gender for twin in twins])
    writer.put("avatars/spec", [twin.record() for twin in twins])


def _subject_attributes(job: SubjectJob, fitted: ExpressionTrack) -> dict[str, Any]:
    labels = {s.labels.source for s in job.plan.sequences if s.labels is not None}
    given = {s.given_landmarks.scheme for s in job.plan.sequences if s.given_landmarks is not None}
    notes = {
        "camera_distance_mm": float(fitted.camera_distance_mm),
        "label_prior": job.config.label_prior,
        **fitted.notes,
    }
    return {
        "subject": job.plan.subject,
        "apparent_gender": job.plan.apparent_gender,
        "label_source": ", ".join(sorted(labels)) or "none",
        "au_names": au_columns(job.au_numbers),
        "unit_names": UNITS,
        "landmark_scheme": ", ".join(sorted(given)) or "mediapipe478",
        "fit": json.dumps(notes, sort_keys=True),
    }


def _write_real(writer: ShardWriter, job: SubjectJob, rows: _Rows, status: np.ndarray) -> None:
    """Cut and encode the real crops; a frame that can no longer be read becomes FRAME_MISSING."""
    encode = ENCODERS[job.config.encoding]
    for row, picture in enumerate(_pictures(job)):
        if not np.isfinite(rows.crops[row]).all():
            writer.append(IMAGE_REAL, None)
        elif picture is None:
            status[row] = Status.FRAME_MISSING
            writer.append(IMAGE_REAL, None)
        else:
            writer.append(IMAGE_REAL, encode(cut_crop(picture, rows.crops[row], job.config.size)))


def _pictures(job: SubjectJob) -> Iterator[np.ndarray | None]:
    for sequence in job.plan.sequences:
        yield from sequence.pictures()


def _write_twins(
    writer: ShardWriter, job: SubjectJob, rows: _Rows, twins: list[Twin], status: np.ndarray, tick: Tick
) -> None:
    """Draw, encode and write every twin and its landmarks; mark rows for which one could not be drawn.

    Without avatars, every row that has its real crop becomes REAL_ONLY.
    """
    if not twins:
        status[np.isin(status, (Status.OK, Status.FIT_BAD))] = Status.REAL_ONLY
        return
    encode = ENCODERS[job.config.encoding]
    renderer = _renderer(job.renderer, job.config.size, job.config.samples)
    wanted = np.flatnonzero(rows.drawn)
    track = rows.track
    count = 0 if twins[0].mesh.landmarks is None else len(twins[0].mesh.landmarks[0])
    landmarks = np.full((len(status), len(twins), count, 2), np.nan, np.float32)
    for place, twin in enumerate(twins):
        drawings = draw_twin(renderer, twin, track.weights[wanted], track.gaze_rad[wanted], rows.twin_rotation[wanted])
        row = 0
        for row_wanted, (picture, points) in zip(wanted, drawings, strict=True):
            while row < row_wanted:
                writer.append(twin.image, None)
                row += 1
            writer.append(twin.image, None if picture is None else encode(picture))
            row += 1
            if picture is None:
                status[row_wanted] = Status.RENDER_FAILED
            if count:
                landmarks[row_wanted, place] = points
            tick(1)
        for _ in range(row, len(status)):
            writer.append(twin.image, None)
        tick(len(status) - len(wanted))
    if count:
        writer.put("frames/twin_landmarks_px", landmarks)
