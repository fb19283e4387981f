"""What a rig bundle must contain: every key of the manifest, every array, its dtype and shape."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from assets.errors import InputError, Problem, closest
from assets.rig import MATERIALS
from assets.units import UNITS

FORMAT = "twinface-rig"
FORMAT_VERSION = 1
MANIFEST_LIMIT_BYTES = 1 << 20
VERTEX_LIMIT = 200_000
MODE_LIMIT = 400
MEND = "rebuild the bundle with `synth assets build`, or import the model again"
STEP_LIMIT_MM = 1.0
"""Largest step of the stored whole numbers."""

_KINDS: dict[str, type] = {
    "name": str, "version": str, "licence": dict, "units": list, "parts": list, "axes": list,
    "correctives": list, "landmark_scheme": str, "maps": list, "regions": dict, "fingerprint": str,
    "max_gaze_rad": float, "step_mm": float,
}  # fmt: skip
_LICENCE: dict[str, type] = {"spdx": str, "attribution": str, "source": str, "may_train": bool}
_PART: dict[str, type] = {"name": str, "material": str, "subdivide": bool, "optional": bool}
_AXIS: dict[str, type] = {"name": str, "low": str, "high": str}


def read_manifest(path: Path) -> dict:
    """Return the manifest of a bundle, checked key by key.

    Raises
    ------
    InputError
        With one problem per wrong key.
    """
    if not path.is_file():
        raise InputError.one("the bundle has no manifest", path, MEND)
    if path.stat().st_size > MANIFEST_LIMIT_BYTES:
        raise InputError.one(f"manifest is larger than {MANIFEST_LIMIT_BYTES} bytes", path, MEND)
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError.one(f"not a JSON document ({error})", path, MEND) from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise InputError.one(f"not a {FORMAT} manifest", path, MEND)
    if manifest.get("format_version") != FORMAT_VERSION:
        found = manifest.get("format_version")
        raise InputError.one(f"format version {found!r}, this program reads {FORMAT_VERSION}", path, MEND)
    problems = [Problem(what, f"{path}:{key}", MEND) for key, what in _manifest_faults(manifest)]
    if problems:
        raise InputError(problems)
    return manifest


def _is(value: object, kind: type) -> bool:
    """Return whether a JSON value is of a kind; a number must be finite, and true is no number."""
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, kind)


def _record_fault(value: object, kinds: dict[str, type]) -> str:
    """Return what is wrong with one record of the manifest, or an empty text."""
    if not isinstance(value, dict) or set(value) != set(kinds):
        *most, last = kinds
        return f"needs {', '.join(most)} and {last}"
    wrong = [key for key, kind in kinds.items() if not _is(value[key], kind)]
    return f"{wrong[0]} is not a {kinds[wrong[0]].__name__}" if wrong else ""


def _manifest_faults(manifest: dict) -> Iterator[tuple[str, str]]:
    wrong = [key for key, kind in _KINDS.items() if not _is(manifest.get(key), kind)]
    for key in wrong:
        yield key, f"missing or not a {_KINDS[key].__name__}"
    if wrong:
        return
    if fault := _record_fault(manifest["licence"], _LICENCE):
        yield "licence", fault
    elif not manifest["licence"]["spdx"]:
        yield "licence.spdx", "empty"
    if not 0 < manifest["step_mm"] <= STEP_LIMIT_MM:
        yield "step_mm", f"not a number from 0 to {STEP_LIMIT_MM:g}"
    if not 0 < manifest["max_gaze_rad"] < math.pi / 2:
        yield "max_gaze_rad", "not an angle from 0 to 1.57"
    yield from _list_faults(manifest)
    for name, box in manifest["regions"].items():
        if not isinstance(box, list) or len(box) != 4 or not all(_is(x, float) and 0 <= x <= 1 for x in box):
            yield f"regions.{name}", "not a box of four numbers from 0 to 1"


def _list_faults(manifest: dict) -> Iterator[tuple[str, str]]:
    for unit in manifest["units"]:
        if unit not in UNITS:
            yield "units", f"unknown unit {unit!r}; {closest(str(unit), UNITS)}"
    for key, kinds in (("parts", _PART), ("axes", _AXIS)):
        faults = [fault for record in manifest[key] if (fault := _record_fault(record, kinds))]
        yield from ((key, fault) for fault in faults)
        if not faults:
            names = [record["name"] for record in manifest[key]]
            yield from ((key, f"{name!r} stands twice") for name in sorted({n for n in names if names.count(n) > 1}))
            if key == "parts":
                wrong = [part for part in manifest["parts"] if part["material"] not in MATERIALS]
                yield from ((f"parts.{part['name']}", f"unknown material {part['material']!r}") for part in wrong)
                if not any(part["material"] == "skin" and not part["optional"] for part in manifest["parts"]):
                    yield "parts", "no part of skin that is always drawn"
    for drivers in manifest["correctives"]:
        if not isinstance(drivers, list) or not drivers or not all(driver in UNITS for driver in drivers):
            yield "correctives", "every corrective needs a list of unit names"
    if not all(isinstance(name, str) for name in manifest["maps"]):
        yield "maps", "every map needs a name"


def array_faults(manifest: dict, arrays: dict[str, np.ndarray], path: Path) -> list[Problem]:
    """Return everything wrong with the arrays of a bundle whose manifest has been checked.

    Parameters
    ----------
    manifest : dict
    arrays : dict of str to array
    path : Path
        Named in the problems.
    """
    faults: list[tuple[str, str]] = []
    vertices, uv = arrays.get("vertices_mm"), arrays.get("uv")
    count = len(vertices) if vertices is not None and vertices.ndim == 2 else 0
    uv_count = len(uv) if uv is not None and uv.ndim == 2 else 0
    if count > VERTEX_LIMIT:
        faults.append(("vertices_mm", f"{count} vertices, more than {VERTEX_LIMIT}"))
    for key, kind, shape in _expected(manifest, count, uv_count):
        faults += [(key, what) for what in _array_fault(arrays.get(key), kind, shape)]
    if "lid_pairs" in arrays:
        faults += [("lid_pairs", what) for what in _array_fault(arrays["lid_pairs"], "i", (2, None, 2))]
    if not faults:
        faults += _index_faults(manifest, arrays, count, uv_count)
    return [Problem(what, f"{path}:{key}", MEND) for key, what in faults]


def _expected(manifest: dict, count: int, uv_count: int) -> Iterator[tuple[str, str, tuple]]:
    yield "vertices_mm", "f", (count, 3)
    yield "uv", "f", (uv_count, 2)
    yield "shapes", "i", (len(UNITS), count, 3)
    yield "identity", "i", (None, count, 3)
    yield "eye_vertices", "i", (2, None)
    for part in manifest["parts"]:
        yield f"faces/{part['name']}", "i", (None, 4)
        yield f"uv_faces/{part['name']}", "i", (None, 4)
    for axis in manifest["axes"]:
        yield f"axis/{axis['name']}", "i", (count, 3)
    for k in range(len(manifest["correctives"])):
        yield f"corrective/{k:02d}", "i", (count, 3)
    for name in manifest["maps"]:
        yield f"map/{name}", "u", (None, None)
    if manifest["landmark_scheme"]:
        yield "landmarks/vertices", "i", (None, 3)
        yield "landmarks/barycentric", "f", (None, 3)


def _array_fault(array: np.ndarray | None, kind: str, shape: tuple) -> list[str]:
    if array is None:
        return ["missing"]
    if array.dtype.kind != kind:
        return [f"dtype {array.dtype}, expected kind {kind!r}"]
    fits = array.ndim == len(shape) and all(want in (None, have) for want, have in zip(shape, array.shape, strict=True))
    wanted = " × ".join("any" if n is None else str(n) for n in shape)
    may_be_empty = shape[0] is None and len(shape) == 3
    return [] if fits and (array.size or may_be_empty) else [f"shape {array.shape}, expected {wanted}"]


def _index_faults(manifest: dict, arrays: dict[str, np.ndarray], count: int, uv_count: int) -> list[tuple[str, str]]:
    bounds = [("eye_vertices", count)]
    if "lid_pairs" in arrays:
        bounds.append(("lid_pairs", count))
    for part in manifest["parts"]:
        bounds += [(f"faces/{part['name']}", count), (f"uv_faces/{part['name']}", uv_count)]
    if manifest["landmark_scheme"]:
        bounds.append(("landmarks/vertices", count))
    faults = []
    for key, limit in bounds:
        if arrays[key].min() < 0 or arrays[key].max() >= limit:
            faults.append((key, f"an index lies outside of 0 … {limit - 1}"))
    for part in manifest["parts"]:
        have, want = (len(arrays[f"{kind}/{part['name']}"]) for kind in ("uv_faces", "faces"))
        if have != want:
            faults.append((f"uv_faces/{part['name']}", f"{have} faces, expected {want}"))
    if len(arrays["identity"]) > MODE_LIMIT:
        faults.append(("identity", f"{len(arrays['identity'])} modes, more than {MODE_LIMIT}"))
    if manifest["landmark_scheme"] and len(arrays["landmarks/vertices"]) != len(arrays["landmarks/barycentric"]):
        faults.append(("landmarks/barycentric", "not as many rows as landmarks/vertices"))
    return faults
