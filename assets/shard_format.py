"""The shard format: one table that the writer, the readers, the checks and docs/shard-format.md use.

A shard is one HDF5 file per subject. ``T`` counts planned frames, ``G`` twins per frame, ``A`` Action
Units, ``K`` expression units, ``S`` sequences, ``L`` landmarks of the source, ``M`` landmarks of the rig; ``N`` is any
length.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

FORMAT_NAME = "twinface-shard"
FORMAT_VERSION = 1


class Status(IntEnum):
    """What became of a planned frame."""

    OK = 0
    NO_FACE = 1
    FIT_BAD = 2
    RENDER_FAILED = 3
    FRAME_MISSING = 4
    REAL_ONLY = 5
    UNREADABLE = 6


STATUS_MEANING = {
    Status.OK: "the triplet is complete",
    Status.NO_FACE: "no face was found, so there is nothing to transfer",
    Status.FIT_BAD: "the fit left too large a residual; its weights are kept, no twin was drawn",
    Status.RENDER_FAILED: "a twin could not be drawn",
    Status.FRAME_MISSING: "a label row names a frame that the source does not have",
    Status.REAL_ONLY: "an aligned real crop without twins, as written by ingest; weights and gaze are 0, residual NaN",
    Status.UNREADABLE: "the picture file of the frame is there but cannot be decoded",
}

WITHOUT_PICTURE = (Status.NO_FACE, Status.FRAME_MISSING, Status.UNREADABLE)
"""Rows with one of these have no picture at all."""


@dataclass(frozen=True)
class Field:
    """One dataset of a shard.

    Attributes
    ----------
    path : str
        HDF5 path. ``{image}`` stands for ``real`` and for every twin name, ``{twin}`` for twin names alone.
    dtype : str
        numpy dtype, or ``str`` for UTF-8 text.
    shape : tuple of str or int
        Symbolic sizes.
    unit : str
        Unit or range of values; empty where there is none.
    meaning : str
        One sentence.
    optional : bool
        Readers must do without it.
    """

    path: str
    dtype: str
    shape: tuple[str | int, ...]
    unit: str
    meaning: str
    optional: bool = False


FIELDS: tuple[Field, ...] = (
    Field("images/{image}/blob", "uint8", ("N",), "", "Encoded pictures of all frames, one after the other."),
    Field("images/{image}/offset", "int64", ("T", 2), "bytes", "Start and length of each picture; length 0 is none."),
    Field("frames/sequence", "int32", ("T",), "", "Row of the sequence in /sequences."),
    Field("frames/frame", "int64", ("T",), "", "Frame number as the source counts it."),
    Field("frames/time_s", "float64", ("T",), "s", "Time since the start of the sequence; NaN if unknown."),
    Field("frames/status", "uint8", ("T",), "", "What became of the frame; see the table of status codes."),
    Field("frames/au", "uint8", ("T", "A"), "0, 1", "Occurrence of each Action Unit; meaningless where masked."),
    Field("frames/au_mask", "uint8", ("T", "A"), "0, 1", "1 where the label is known, 0 where it counts for nothing."),
    Field("frames/au_intensity", "float32", ("T", "A"), "0 to 5", "Coded intensity; NaN if unknown.", True),
    Field("frames/faces_found", "int16", ("T",), "", "Faces seen in the frame; -1 if nobody looked."),
    Field("frames/confidence", "float32", ("T",), "0 to 1", "Face presence of the landmark network; NaN if unknown."),
    Field("frames/landmarks_px", "float32", ("T", "L", 3), "px of the source", "Landmarks of the real frame; NaN."),
    Field("frames/network_weights", "float32", ("T", 51), "0 to 1", "Unit scores of the landmark network.", True),
    Field("frames/weights", "float32", ("T", "K"), "0 to 1", "Fitted expression weights."),
    Field("frames/head_rotation", "float32", ("T", 3, 3), "", "Head to camera rotation in the source view."),
    Field("frames/head_translation_mm", "float32", ("T", 3), "mm", "Head origin in camera axes (y up, z to viewer)."),
    Field("frames/px_per_mm", "float32", ("T",), "px/mm", "Scale of the head in the source at its own depth."),
    Field("frames/gaze_rad", "float32", ("T", 2, 2), "rad", "Yaw and pitch of the left and right eye in the head."),
    Field("frames/residual_px", "float32", ("T",), "px of the crop", "Root mean square landmark residual of the fit."),
    Field("frames/crop_from_source", "float32", ("T", 2, 3), "", "Affine map from source pixels to crop pixels."),
    Field("frames/twin_rotation", "float32", ("T", 3, 3), "", "Head rotation as drawn in the twins.", True),
    Field("frames/twin_landmarks_px", "float32", ("T", "G", "M", 2), "px of the crop", "Landmarks as drawn.", True),
    Field("twins/{twin}/weights", "float32", ("T", "K"), "0 to 1", "Weights fitted on this twin's own rig.", True),
    Field("twins/{twin}/gaze_rad", "float32", ("T", 2, 2), "rad", "Gaze fitted on this twin's own rig.", True),
    Field("twins/{twin}/rotation", "float32", ("T", 3, 3), "", "Head rotation as drawn in this twin.", True),
    Field("twins/{twin}/residual_px", "float32", ("T",), "px of the crop", "Residual on this twin's own rig.", True),
    Field("sequences/name", "str", ("S",), "", "Name of each sequence: task, video file or folder."),
    Field("sequences/size_px", "int32", ("S", 2), "px", "Width and height of the source pictures; 0 if none was read."),
    Field("avatars/name", "str", ("G",), "", "Avatar identifier, unique in the run."),
    Field("avatars/image", "str", ("G",), "", "Which /images group holds its pictures: female, male, female_dark, …"),
    Field("avatars/apparent_gender", "str", ("G",), "female, male", "Apparent gender the avatar was drawn for."),
    Field(
        "avatars/not_transferred",
        "uint8",
        ("G", "A"),
        "0, 1",
        "1 where an audit found that the twin does not show "
        "the Action Unit of its label; written by `synth audit --apply`.",
        True,
    ),
    Field("avatars/spec", "str", ("G",), "JSON", "avatar, scene, levels on the axes: all it takes to draw it again."),
)

ATTRIBUTES: dict[str, str] = {
    "format": f"always {FORMAT_NAME!r}",
    "format_version": f"integer, now {FORMAT_VERSION}",
    "subject": "subject identifier",
    "apparent_gender": "apparent gender of the real subject: female, male or unknown",
    "corpus": "corpus or source name, for example standin-bp4d, bp4d, video",
    "simulated": "true if the 'real' frames were themselves rendered",
    "label_source": "where the AU labels came from: coded, simulated, csv, none",
    "au_names": "column names of the A axis, for example AU01",
    "unit_names": "column names of the K axis",
    "landmark_scheme": "names the L axis, for example mediapipe478",
    "size_px": "side of every picture",
    "encoding": "jpeg or png",
    "seed": "root seed of the run",
    "config": "JSON of the whole configuration",
    "versions": "JSON of program, rig, model and library versions with fingerprints",
    "licences": "JSON of the licences of rig, model and source",
    "coverage": "JSON: for each AU whether the rig drives, approximates or misses it",
    "fit": "JSON: settings and diagnostics of the fit, among them the camera distance and the label prior",
    "complete": "true once every planned row has its final status",
}

OPTIONAL_ATTRIBUTES: dict[str, str] = {
    "split": "train, val or test: the subject's side of the corpus's official partition; absent where it has none",
    "axes": "what the twins of a tuple differ in, for example gender or gender, skin; absent without twins",
    "rigs": "JSON: rig and coverage of each twin; absent if one rig draws all",
    "audit": "JSON: rule and verdicts of the audit that wrote avatars/not_transferred",
}

NOT_TRANSFERRED = "avatars/not_transferred"

JSON_ATTRIBUTES = ("config", "versions", "licences", "coverage", "fit")

IMAGE_REAL = "real"
TWIN_PAIR = ("female", "male")
SHARD_SUFFIX = ".h5"


def fields_of(images: tuple[str, ...]) -> tuple[Field, ...]:
    """Return the table with ``{image}`` written out for every group of pictures.

    Parameters
    ----------
    images : tuple of str
        ``real`` and the twin names, for example ``("real", "female", "male")``.
    """
    out: list[Field] = []
    for field in FIELDS:
        if "{image}" in field.path or "{twin}" in field.path:
            groups = images if "{image}" in field.path else tuple(image for image in images if image != IMAGE_REAL)
            out += [replace(field, path=field.path.format(image=group, twin=group)) for group in groups]
        else:
            out.append(field)
    return tuple(out)
