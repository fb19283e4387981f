"""Everything of a shard's rows that is no picture."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from assets.action_units import au_columns
from assets.shard_format import WITHOUT_PICTURE
from assets.units import UNITS
from synth.run.crop import crop_maps, without_roll
from synth.run.job import SubjectJob
from synth.run.tracks import subject_labels
from synth.run.twins import TwinDescription
from synth.shards.writer import ShardWriter
from synth.tracks import ExpressionTrack, FrameTrack

CAMERA_DISTANCE, RIG_DISTANCES = "camera_distance_mm", "camera_distance_mm_by_rig"


def put_rows(writer: ShardWriter, job: SubjectJob, tracks: list[FrameTrack], fitted: ExpressionTrack) -> None:
    """Write everything under ``frames`` and ``sequences`` but pictures and landmarks; the status is that of the fit.

    Parameters
    ----------
    writer : ShardWriter
    job : SubjectJob
    tracks : list of FrameTrack
        One per sequence.
    fitted : ExpressionTrack
        All sequences, one after the other.
    """
    sequences = job.plan.sequences
    labels = subject_labels(sequences, job.au_numbers)
    counts = [len(sequence.frames) for sequence in sequences]
    crops = crop_maps(fitted.eyes_px, fitted.px_per_mm, fitted.rotation, job.config.size)
    crops[np.isin(fitted.status, WITHOUT_PICTURE)] = np.nan
    values: dict[str, Any] = {
        "sequence": np.repeat(np.arange(len(counts)), counts),
        "frame": np.concatenate([sequence.frames for sequence in sequences]),
        "time_s": np.concatenate([sequence.time_s for sequence in sequences]),
        "status": fitted.status,
        "au": labels.au,
        "au_mask": labels.mask,
        "faces_found": np.concatenate([track.faces_found for track in tracks]),
        "confidence": np.concatenate([track.confidence for track in tracks]),
        "weights": fitted.weights,
        "head_rotation": fitted.rotation,
        "head_translation_mm": fitted.translation_mm,
        "px_per_mm": fitted.px_per_mm,
        "gaze_rad": fitted.gaze_rad,
        "residual_px": fitted.residual_px,
        "crop_from_source": crops,
    }
    if job.twins:
        values["twin_rotation"] = np.stack([without_roll(rotation) for rotation in fitted.rotation])
    if labels.intensity is not None:
        values["au_intensity"] = labels.intensity
    if all(track.network_weights is not None for track in tracks):
        values["network_weights"] = np.concatenate([track.network_weights for track in tracks])
    for name, array in values.items():
        writer.put(f"frames/{name}", array)
    writer.put("sequences/name", [sequence.name for sequence in sequences])
    writer.put("sequences/size_px", [track.image_size_px for track in tracks])


def put_avatars(writer: ShardWriter, twins: list[TwinDescription]) -> None:
    """Write who the twins are and where they stand."""
    writer.put("avatars/name", [twin.role.spec.name for twin in twins])
    writer.put("avatars/image", [twin.role.image for twin in twins])
    writer.put("avatars/apparent_gender", [twin.role.spec.apparent_gender for twin in twins])
    writer.put("avatars/spec", [twin.record() for twin in twins])


def put_twin_rows(writer: ShardWriter, image: str, fitted: ExpressionTrack) -> None:
    """Write what a twin of another rig than the first shows in each row."""
    writer.put(f"twins/{image}/weights", fitted.weights)
    writer.put(f"twins/{image}/gaze_rad", fitted.gaze_rad)
    writer.put(f"twins/{image}/rotation", np.stack([without_roll(rotation) for rotation in fitted.rotation]))
    writer.put(f"twins/{image}/residual_px", fitted.residual_px)


def subject_attributes(
    job: SubjectJob, tracks: list[FrameTrack], fitted: ExpressionTrack, distances_mm: dict[str, float]
) -> dict[str, Any]:
    """Return the attributes of a shard that belong to its subject.

    Parameters
    ----------
    job : SubjectJob
    tracks : list of FrameTrack
    fitted : ExpressionTrack
        On the first rig.
    distances_mm : dict of str to float
        Rig to camera distance.
    """
    labels = {s.labels.source for s in job.plan.sequences if s.labels is not None}
    notes = {
        **fitted.notes,
        CAMERA_DISTANCE: float(fitted.camera_distance_mm),
        "label_prior": job.config.label_prior,
        RIG_DISTANCES: distances_mm,
    }
    splits = {getattr(sequence, "split", "") for sequence in job.plan.sequences} - {""}
    return ({"split": splits.pop()} if len(splits) == 1 else {}) | {
        "subject": job.plan.subject,
        "apparent_gender": job.plan.apparent_gender,
        "label_source": ", ".join(sorted(labels)) or "none",
        "au_names": au_columns(job.au_numbers),
        "unit_names": UNITS,
        "landmark_scheme": ", ".join(sorted({track.scheme for track in tracks})),
        "fit": json.dumps(notes, sort_keys=True),
    }
