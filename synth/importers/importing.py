"""One way in: any head that can be read becomes a rig with eyes, landmarks and attribute axes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assets.errors import InputError
from assets.landmarks import INNER_LIP_RING, LEFT_EYE_RING, RIGHT_EYE_RING
from assets.rig import LandmarkTable, Licence, Rig
from assets.rig_bundle import BUILT_IN, fingerprinted, load_rig, with_landmarks
from assets.rig_checks import validate_rig
from assets.rig_library import is_rig_name
from assets.rig_schema import VERTEX_LIMIT
from assets.units import UNIT_INDEX
from synth.importers.assemble import Options, assemble
from synth.importers.bust import close_bust
from synth.importers.choices import write_png
from synth.importers.clothes import dress
from synth.importers.dimorphism import dimorphism
from synth.importers.files import is_archive
from synth.importers.gender_axis import add_axes
from synth.importers.gltf import read_gltf
from synth.importers.ict import IDENTITY_MODES, is_ict, read_ict
from synth.importers.lips import seal_lips
from synth.importers.loans import borrow
from synth.importers.obj import read_obj_folder
from synth.importers.overlay import Overlay
from synth.importers.source import SourceHead
from synth.landmarks.correspondence import compute_landmark_table
from synth.landmarks.portrait import Sitter

REFERENCE = "hm08"
"""The built-in rig whose attribute axes are carried over to heads without."""

RESIDUAL_LIMIT_MM = 5.0
"""Mean landmark residual above which a rig is refused: the landmarks are not on a face."""


EYE_MISS_MM = 12.0
"""Furthest that the middle of the lids may lie from the axis of the eyeball."""

UPPER_LIP, LOWER_LIP = 13, 14
"""MediaPipe landmarks in the middle of the parting line."""

LEAST_OPENING_MM = 3.0
"""An open jaw parts the lips by more than this, or the mouth was found elsewhere."""


@dataclass(frozen=True)
class ImportReport:
    """What an import found and made.

    Attributes
    ----------
    kind : str
        ``ict``, ``gltf`` or ``obj``.
    notes : tuple of str
        What a user should know, one sentence each.
    residual_mm : float
        Mean distance between landmark table and what the network saw in front view.
    """

    kind: str
    notes: tuple[str, ...]
    residual_mm: float


def kind_of(path: Path) -> str:
    """Return ``ict``, ``gltf`` or ``obj`` for a path.

    Raises
    ------
    InputError
        If there is nothing, or nothing that can be imported.
    """
    if not path.exists():
        raise InputError.one("no such file or folder", path, "check the path")
    if is_ict(path):
        return "ict"
    if path.is_file() and path.suffix.lower() in (".glb", ".gltf", ".vrm"):
        return "gltf"
    if path.is_dir() or is_archive(path):
        return "obj"
    if path.suffix.lower() == ".obj":
        raise InputError.one(
            "a single OBJ has no shapes", path, "pass the folder with neutral.obj and one OBJ per shape"
        )
    mend = "pass an ICT-FaceKit checkout, a .glb or .gltf file, or a folder of OBJ files"
    if path.suffix.lower() in (".fbx", ".blend", ".usdz", ".usd", ".ma", ".mb"):
        mend = "open it in the program that made it and export it as GLB with shape keys"
    raise InputError.one(f"files of kind {path.suffix or 'unknown'!r} are not read", path, mend)


def read_source(path: Path, kind: str, identity_modes: int = IDENTITY_MODES) -> SourceHead:
    """Read a head of a kind that `kind_of` names."""
    if kind == "ict":
        return read_ict(path, identity_modes)
    return read_gltf(path) if kind == "gltf" else read_obj_folder(path)


def import_head(
    path: Path,
    name: str,
    options: Options | None = None,
    pictures: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[Rig, ImportReport]:
    """Turn a head from elsewhere into a rig.

    Parameters
    ----------
    path : Path
        An ICT-FaceKit checkout or archive, a ``.glb`` or ``.gltf`` file, or a folder or archive of OBJ files.
    name : str
        Letters, digits, ``_``, ``.`` and ``-``.
    options : Options or None
    pictures : Path or None
        Folder for portraits of the head where no face is found on it, to see what is wrong.
    tell : callable
        Called with a sentence before each step that takes a second or more.

    Returns
    -------
    Rig
        With landmark table, attribute axes and fingerprint.
    ImportReport

    Raises
    ------
    InputError
        If the source is damaged, nothing in it is known, or no face is found on it.
    """
    if not is_rig_name(name) or name in BUILT_IN:
        raise InputError.one(
            f"{name!r} cannot be the name of a rig",
            "--as",
            "use letters, digits, '_', '.' and '-', and no built-in name",
        )
    options = options or Options()
    kind = kind_of(path)
    tell(f"reading {path}")
    rig, notes = assemble(read_source(path, kind), name, options)
    reference = _reference()
    rig = close_bust(rig, reference)
    tell("looking for landmarks")
    rig, residual_mm = _with_landmarks(rig, path, pictures)
    notes.append(f"landmarks fit to {residual_mm:.1f} mm on average")
    tell("learning attribute axes")
    overlay = Overlay(reference, rig)
    rig, reports = add_axes(rig, reference, overlay)
    rig, told = dress(seal_lips(borrow(rig, reference, overlay)), reference)
    notes += told
    notes += [str(report) for report in reports]
    notes += _gender_notes(rig)
    if len(rig.vertices_mm) > VERTEX_LIMIT:
        raise InputError.one(f"{len(rig.vertices_mm)} vertices, more than {VERTEX_LIMIT}", path, "decimate the mesh")
    notes += [f"look at {problem.where.partition(': ')[2]}: {problem.what}" for problem in validate_rig(rig)]
    notes += _licence_notes(rig.licence)
    return fingerprinted(rig), ImportReport(kind, tuple(notes), residual_mm)


def _reference() -> Rig:
    reference = load_rig(REFERENCE)
    return (
        reference
        if reference.landmarks is not None
        else with_landmarks(reference, compute_landmark_table(reference)[0])
    )


def _with_landmarks(rig: Rig, path: Path, pictures: Path | None) -> tuple[Rig, float]:
    try:
        table, report = compute_landmark_table(rig)
    except InputError as error:
        what = "; ".join(problem.what for problem in error.problems)
    else:
        what = ""
        if report.mean_mm > RESIDUAL_LIMIT_MM:
            what = f"landmarks miss the face by {report.mean_mm:.1f} mm on average"
        elif not _is_on_face(table.points(rig.vertices_mm), rig.eye_centres_mm()):
            what = "the face that is found does not have its eyes where the eyeballs are"
        elif not _opens(rig, table):
            what = "the face that is found has a mouth that jawOpen does not open"
        if not what:
            return replace(rig, landmarks=table), report.mean_mm
    mend = "check --up, --front and --unit"
    if pictures is not None:
        for name, yaw in (("front", 0.0), ("left", -0.6), ("right", 0.6)):
            write_png(pictures / f"{name}.png", Sitter(rig).portrait(rig.vertices_mm, yaw).picture)
        mend = f"look at the pictures in {pictures}; {mend}"
    raise InputError.one(what, path, mend)


def _is_on_face(points_mm: np.ndarray, eye_centres_mm: np.ndarray) -> bool:
    """Return whether landmarks (478, 3) have their eyes before the eyeballs (2, 3), and the mouth below them."""
    eyes = points_mm[[list(LEFT_EYE_RING), list(RIGHT_EYE_RING)]].mean(1)
    aside = np.linalg.norm((eyes - eye_centres_mm)[:, :2], axis=1)
    mouth = points_mm[list(INNER_LIP_RING)].mean(0)
    return bool(aside.max() < EYE_MISS_MM and eyes[:, 1].mean() - mouth[1] > 2 * EYE_MISS_MM)


def _opens(rig: Rig, table: LandmarkTable) -> bool:
    """Return whether the lips of the landmarks part when the jaw opens; True for a rig whose jaw does not move."""
    jaw = rig.shapes_mm[UNIT_INDEX["jawOpen"]].astype(float)
    moved = table.points(rig.vertices_mm + jaw) - table.points(rig.vertices_mm.astype(float))
    return not np.any(jaw) or bool(moved[UPPER_LIP, 1] - moved[LOWER_LIP, 1] > LEAST_OPENING_MM)


def _gender_notes(rig: Rig) -> list[str]:
    if "gender" not in rig.axes:
        return ["no gender axis: female and male avatars of this rig differ in skin, brows and hair only"]
    if not len(rig.identity_mm):
        return []
    found = dimorphism(rig)
    return [
        f"gender check: {found.agreeing} of {len(found.d_prime)} face proportions differ the way they do in people; "
        f"together they tell the two apart with d' {found.joint_d_prime:.1f}"
    ]


def _licence_notes(licence: Licence) -> list[str]:
    notes = [f"licence {licence.spdx}: {licence.attribution}"]
    if not licence.may_train:
        notes.append(
            "the licence is not known to allow training: state it with --licence, --attribution and --may-train"
        )
    return notes
