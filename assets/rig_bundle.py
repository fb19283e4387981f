"""Rig bundles: a folder with ``manifest.json`` and ``arrays.npz``; saving, loading, built-in rigs."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from assets.errors import InputError, closest
from assets.npz_safe import read_arrays, write_arrays
from assets.rig import Axis, Corrective, LandmarkTable, Licence, Part, Rig
from assets.rig_library import library_rigs
from assets.rig_schema import FORMAT, FORMAT_VERSION, MEND, array_faults, read_manifest
from assets.units import UNIT_INDEX, UNITS

MANIFEST_NAME, ARRAYS_NAME = "manifest.json", "arrays.npz"
STEP_MM = 0.01

BUILT_IN: dict[str, Path] = {"hm08": Path(__file__).resolve().parent / "data" / "hm08"}
"""Rigs that come with the package, by name."""


def load_rig(name_or_path: str | Path) -> Rig:
    """Return a rig by the name of a built-in or imported one, or by the folder of a bundle.

    Parameters
    ----------
    name_or_path : str or Path
        A key of ``BUILT_IN``, an imported rig (see `assets.rig_library`), or a folder that holds ``manifest.json``
        and ``arrays.npz``.

    Raises
    ------
    InputError
        If there is no such rig, or its bundle is malformed: every problem found, with file and key.
    """
    if str(name_or_path) in BUILT_IN:
        return _load_built_in(str(name_or_path))
    imported = library_rigs()
    folder = imported.get(str(name_or_path), Path(name_or_path))
    if not folder.is_dir():
        mend = closest(folder.name, [*BUILT_IN, *imported])
        raise InputError.one("no built-in rig, no imported rig and no folder of this name", name_or_path, mend)
    return load_bundle(folder)


@functools.cache
def _load_built_in(name: str) -> Rig:
    return load_bundle(BUILT_IN[name])


def load_bundle(folder: Path) -> Rig:
    """Read and check the bundle in a folder; the arrays of the returned rig are read-only."""
    manifest_path, arrays_path = folder / MANIFEST_NAME, folder / ARRAYS_NAME
    manifest = read_manifest(manifest_path)
    arrays = read_arrays(arrays_path, MEND)
    problems = array_faults(manifest, arrays, arrays_path)
    if problems:
        raise InputError(problems)
    for array in arrays.values():
        array.flags.writeable = False
    return _assemble(manifest, arrays)


def save_bundle(rig: Rig, folder: Path, recipe: dict | None = None) -> dict:
    """Write a rig as a bundle; the same rig gives the same bytes. Returns the manifest.

    Parameters
    ----------
    rig : Rig
    folder : Path
        Created if absent; its two files are replaced.
    recipe : dict, optional
        How the rig was made; kept in the manifest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    arrays = _pack(rig)
    manifest = _describe(rig) | {"recipe": recipe or {}}
    manifest["fingerprint"] = _digest(manifest, arrays)
    write_arrays(folder / ARRAYS_NAME, arrays)
    (folder / MANIFEST_NAME).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return manifest


def with_landmarks(rig: Rig, table: LandmarkTable) -> Rig:
    """Return the rig with a landmark table; its fingerprint is that of the new content."""
    return fingerprinted(replace(rig, landmarks=table))


def fingerprinted(rig: Rig) -> Rig:
    """Return the rig with the fingerprint of its content."""
    return replace(rig, fingerprint=_digest(_describe(rig), _pack(rig)))


def _digest(manifest: dict, arrays: dict[str, np.ndarray]) -> str:
    described = {key: value for key, value in manifest.items() if key not in ("fingerprint", "recipe")}
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    for key in sorted(arrays):
        array = np.ascontiguousarray(arrays[key])
        digest.update(f"{key}:{array.dtype.str}:{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _quantised(delta_mm: np.ndarray) -> np.ndarray:
    return np.clip(np.round(np.asarray(delta_mm, np.float64) / STEP_MM), -32767, 32767).astype(np.int16)


def _pack(rig: Rig) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {
        "vertices_mm": rig.vertices_mm.astype(np.float32),
        "uv": rig.uv.astype(np.float32),
        "shapes": _quantised(rig.shapes_mm),
        "identity": _quantised(rig.identity_mm),
        "eye_vertices": rig.eye_vertices.astype(np.int32),
    }
    for part in rig.parts:
        arrays[f"faces/{part.name}"] = part.faces.astype(np.int32)
        arrays[f"uv_faces/{part.name}"] = part.uv_faces.astype(np.int32)
    for axis in rig.axes.values():
        arrays[f"axis/{axis.name}"] = _quantised(axis.delta_mm)
    for k, corrective in enumerate(rig.correctives):
        arrays[f"corrective/{k:02d}"] = _quantised(corrective.delta_mm)
    for name, mask in rig.maps.items():
        arrays[f"map/{name}"] = mask.astype(np.uint8)
    if rig.lid_pairs is not None:
        arrays["lid_pairs"] = rig.lid_pairs.astype(np.int32)
    if rig.landmarks is not None:
        arrays["landmarks/vertices"] = rig.landmarks.vertices.astype(np.int32)
        arrays["landmarks/barycentric"] = rig.landmarks.barycentric.astype(np.float32)
    return arrays


def _describe(rig: Rig) -> dict:
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "name": rig.name,
        "version": rig.version,
        "licence": asdict(rig.licence),
        "step_mm": STEP_MM,
        "units": [name for name, present in zip(UNITS, rig.has_shape, strict=True) if present],
        "max_gaze_rad": rig.max_gaze_rad,
        "parts": [
            {"name": p.name, "material": p.material, "subdivide": p.subdivide, "optional": p.optional}
            for p in rig.parts
        ],
        "axes": [{"name": a.name, "low": a.low, "high": a.high} for a in rig.axes.values()],
        "correctives": [list(c.drivers) for c in rig.correctives],
        "landmark_scheme": rig.landmarks.scheme if rig.landmarks is not None else "",
        "maps": sorted(rig.maps),
        "regions": {name: list(box) for name, box in sorted(rig.regions.items())},
    }


def _assemble(manifest: dict, arrays: dict[str, np.ndarray]) -> Rig:
    step_mm = float(manifest["step_mm"])

    def delta(key: str) -> np.ndarray:
        restored = arrays[key].astype(np.float32) * np.float32(step_mm)
        restored.flags.writeable = False
        return restored

    has_shape = np.zeros(len(UNITS), bool)
    has_shape[[UNIT_INDEX[name] for name in manifest["units"]]] = True
    parts = tuple(
        Part(
            part["name"], part["material"], arrays[f"faces/{part['name']}"], arrays[f"uv_faces/{part['name']}"],
            bool(part["subdivide"]), bool(part["optional"]),
        )
        for part in manifest["parts"]
    )  # fmt: skip
    table = None
    if manifest["landmark_scheme"]:
        table = LandmarkTable(
            manifest["landmark_scheme"], arrays["landmarks/vertices"], arrays["landmarks/barycentric"]
        )
    return Rig(
        name=manifest["name"],
        version=manifest["version"],
        licence=Licence(**manifest["licence"]),
        vertices_mm=arrays["vertices_mm"],
        uv=arrays["uv"],
        parts=parts,
        shapes_mm=delta("shapes"),
        has_shape=has_shape,
        correctives=tuple(
            Corrective(tuple(drivers), delta(f"corrective/{k:02d}"))
            for k, drivers in enumerate(manifest["correctives"])
        ),
        identity_mm=delta("identity"),
        axes={a["name"]: Axis(a["name"], delta(f"axis/{a['name']}"), a["low"], a["high"]) for a in manifest["axes"]},
        landmarks=table,
        eye_vertices=arrays["eye_vertices"],
        max_gaze_rad=float(manifest["max_gaze_rad"]),
        maps={name: arrays[f"map/{name}"] for name in manifest["maps"]},
        regions={name: tuple(box) for name, box in manifest["regions"].items()},
        lid_pairs=arrays.get("lid_pairs"),
        fingerprint=manifest["fingerprint"],
    )
