"""From one subject's frames to its shard: track, fit, cut, draw, write."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from assets.landmarks import SCHEMES
from assets.shard_format import IMAGE_REAL, Status
from synth.appearance.measures import LAYOUT
from synth.fit.settings import FitSettings
from synth.landmarks.track import TrackSettings, open_networks, track_sequence
from synth.render.choose import open_renderer
from synth.render.protocol import Renderer
from synth.run.crop import cut_crop
from synth.run.folder import hold_as_worker
from synth.run.gaps import fill_gaps
from synth.run.job import SubjectJob
from synth.run.native import quiet_libraries
from synth.run.place import place_subject
from synth.run.plan import shard_folder
from synth.run.rigs import loaded_rig
from synth.run.rows import RIG_DISTANCES, put_avatars, put_rows, put_twin_rows, subject_attributes
from synth.run.scratch_rows import ScratchRows
from synth.run.tracks import Ticking, fit_subject, with_true_weights
from synth.run.twins import BATCH, TwinDescription, draw_twin, twin_mesh, twin_scene
from synth.run.unreadable import mark_unreadable
from synth.shards.encode import ENCODERS
from synth.shards.writer import ShardWriter
from synth.tracks import ExpressionTrack, FrameTrack
from synth.verify import shard_counts

Tick = Callable[[int], None]


def render_subject(job: SubjectJob, tick: Tick) -> dict[str, Any]:
    """Write the shard of one subject, or go on with one that a killed worker left behind.

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
        rig = loaded_rig(job.rigs[0])
        path = shard_folder(Path(job.out)) / job.plan.file_name
        images = (IMAGE_REAL, *(twin.image for twin in job.twins))
        landmarks = 0 if rig.landmarks is None else len(rig.landmarks.vertices)
        writer = ShardWriter.go_on(path, images, job.plan.frames, landmarks, job.key())
        is_new = writer is None
        with writer or ShardWriter(path, images, job.plan.frames, landmarks) as writer:
            if is_new:
                _describe_rows(writer, job, tick)
            else:
                tick(job.plan.frames)
            _write_real(writer, job)
            _write_twins(writer, job, tick)
            writer.finish(_final_status(writer, job))
    return shard_counts(path)


@cache
def _networks(detector: str) -> Any:
    with quiet_libraries():
        return open_networks(TrackSettings(detector=detector))


@cache
def _renderer(name: str, size_px: int, samples: int) -> Renderer:
    return open_renderer(name, size_px, samples)


def _describe_rows(writer: ShardWriter, job: SubjectJob, tick: Tick) -> None:
    """Write everything but the pictures."""
    tracks, fits = _fit(writer, job, tick) if job.twins else _place(writer, job, tick)
    fitted = fits[job.rigs[0]]
    status = fitted.status.copy()
    for other in fits.values():
        status[(status == Status.OK) & (other.status != Status.OK)] = Status.FIT_BAD
    fitted = replace(fitted, status=status)
    put_rows(writer, job, tracks, fitted)
    for twin in job.twins:
        if twin.rig != job.rigs[0]:
            put_twin_rows(writer, twin.image, fits[twin.rig])
    distances = {name: float(one.camera_distance_mm) for name, one in fits.items()}
    put_avatars(writer, _described(job, distances))
    writer.attributes({**job.attributes, **subject_attributes(job, tracks, fitted, distances)})
    writer.mark(job.key())


def _fit(writer: ShardWriter, job: SubjectJob, tick: Tick) -> tuple[list[FrameTrack], dict[str, ExpressionTrack]]:
    """Return the tracks and their fit on each rig: weights of one do not suit another.

    Measures of pixels lie in a nameless file beside the shard until the fit is done.
    """
    settings = FitSettings(pixels=job.config.pixel_evidence)
    with contextlib.ExitStack() as stack:
        measures = None
        if settings.pixels > 0:
            measures = stack.enter_context(ScratchRows(writer.path.parent, job.plan.frames, LAYOUT.count))
        tracks = _track(writer, job, tick, measures)
        told = (job.config.label_prior, True, settings)
        fits = {name: fit_subject(tracks, job.plan.sequences, loaded_rig(name), *told) for name in job.rigs}
    if job.config.weights == "true":
        fits = {name: with_true_weights(fit, job.plan.sequences) for name, fit in fits.items()}
    return tracks, fits


def _place(writer: ShardWriter, job: SubjectJob, tick: Tick) -> tuple[list[FrameTrack], dict[str, ExpressionTrack]]:
    """Return the tracks and where the head is in them: crops without twins need no expression."""
    tracks = _track(writer, job, tick, None)
    score = _networks(job.config.detector).blendshapes
    scores = [score if sequence.given_landmarks is None else None for sequence in job.plan.sequences]
    (rig,) = job.rigs
    return tracks, {rig: place_subject(tracks, loaded_rig(rig), scores)}


def _track(writer: ShardWriter, job: SubjectJob, tick: Tick, measures: ScratchRows | None) -> list[FrameTrack]:
    """Place landmarks in all sequences; they go to the shard, so that memory does not grow with them."""
    networks = _networks(job.config.detector)
    settings = TrackSettings(
        detector=job.config.detector, face_rule=job.config.face_rule, pixels=measures is not None,
        scores=bool(job.twins),
    )  # fmt: skip
    given = [sequence.given_landmarks for sequence in job.plan.sequences]
    detected = len(SCHEMES["mediapipe478"].points)
    sizes = [(detected, 3) if points is None else points.points_px.shape[1:] for points in given]
    writer.make_landmarks(max(size[0] for size in sizes))
    tracks, start = [], 0
    for sequence, size in zip(job.plan.sequences, sizes, strict=True):
        rows = slice(start, start + len(sequence.frames))
        stored: Any = writer.stored_points(rows, *size)
        start = rows.stop
        seen = None if measures is None else measures[rows]
        track = track_sequence(Ticking(sequence, tick), settings, networks, stored, seen)
        track = fill_gaps(track, sequence, settings, networks)
        if track.landmarks_px is not stored:
            for row, points in enumerate(track.landmarks_px):
                stored[row] = points
        stored.flush()
        tracks.append(mark_unreadable(replace(track, landmarks_px=stored), sequence))
    return tracks


def _described(job: SubjectJob, distances_mm: dict[str, float]) -> list[TwinDescription]:
    """Return the twins in their scenes, in the order of the shard; distances of the camera by rig."""
    return [
        TwinDescription(twin, twin_scene(job.config.seed, job.plan.subject, twin.person, distances_mm[twin.rig]))
        for twin in job.twins
    ]


def _write_real(writer: ShardWriter, job: SubjectJob) -> None:
    """Cut and encode the real crops that are not written yet."""
    encode = ENCODERS[job.config.encoding]
    crops = writer.read("frames/crop_from_source")
    start = writer.written(IMAGE_REAL)
    for row, picture in enumerate(_pictures(job, start), start):
        if picture is None or not np.isfinite(crops[row]).all():
            writer.append(IMAGE_REAL, None)
        else:
            writer.append(IMAGE_REAL, encode(cut_crop(picture, crops[row], job.config.size)))


def _pictures(job: SubjectJob, start: int) -> Iterator[np.ndarray | None]:
    """Yield the source pictures of all planned frames from a row on."""
    for sequence in job.plan.sequences:
        count = len(sequence.frames)
        if start < count:
            yield from sequence.pictures(start)
        start = max(0, start - count)


def _write_twins(writer: ShardWriter, job: SubjectJob, tick: Tick) -> None:
    """Draw, encode and write every twin that is not written yet, and where its landmarks fell."""
    if not job.twins:
        return
    encode = ENCODERS[job.config.encoding]
    renderer = _renderer(job.renderer, job.config.size, job.config.samples)
    wanted = np.flatnonzero(writer.read("frames/status") == Status.OK)
    for twin in _described(job, json.loads(writer.read_attribute("fit"))[RIG_DISTANCES]):
        image = twin.role.image
        begin = writer.written(image)
        first = int(np.searchsorted(wanted, begin))
        aligned = first - first % BATCH
        tick(begin)
        if first < len(wanted):
            arrays = [writer.read(name)[wanted] for name in _shown(job, twin)]
            mesh = twin_mesh(twin.role.rig, twin.role.spec)
            drawings = draw_twin(renderer, mesh, twin.scene, *(array[aligned:] for array in arrays))
            for row, (picture, points) in zip(wanted[aligned:], drawings, strict=True):
                if row < begin:
                    continue
                _append_empty(writer, image, row, tick)
                writer.append(image, None if picture is None else encode(picture), points)
                tick(1)
        _append_empty(writer, image, job.plan.frames, tick)


def _shown(job: SubjectJob, twin: TwinDescription) -> tuple[str, str, str]:
    """Return the datasets with the weights, the gaze and the rotation of a twin."""
    if twin.role.rig == job.rigs[0]:
        return "frames/weights", "frames/gaze_rad", "frames/twin_rotation"
    place = f"twins/{twin.role.image}"
    return f"{place}/weights", f"{place}/gaze_rad", f"{place}/rotation"


def _append_empty(writer: ShardWriter, image: str, stop: int, tick: Tick) -> None:
    """Append rows without a picture up to row ``stop``."""
    while writer.written(image) < stop:
        writer.append(image, None)
        tick(1)


def _final_status(writer: ShardWriter, job: SubjectJob) -> np.ndarray:
    """Return what became of every row, (T,) uint8, from the fit's status and the pictures that are there.

    A frame that could be read once but not again is FRAME_MISSING; one whose twin could not be drawn is
    RENDER_FAILED; without avatars a row that has its crop is REAL_ONLY.
    """
    status = writer.read("frames/status")
    cropped = np.isfinite(writer.read("frames/crop_from_source")).all((1, 2))
    lost = cropped & (writer.lengths(IMAGE_REAL) == 0)
    for image in writer.images[1:]:
        status[(status == Status.OK) & (writer.lengths(image) == 0)] = Status.RENDER_FAILED
    if not job.twins:
        status[np.isin(status, (Status.OK, Status.FIT_BAD))] = Status.REAL_ONLY
    status[lost] = Status.FRAME_MISSING
    return status
