"""What the command line says about an import, checked; where its bundle and pictures go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from assets.errors import InputError, Problem
from assets.rig import Licence
from assets.rig_library import is_rig_name, library_folder
from synth.importers.assemble import Options
from synth.importers.frame import UNITS_MM, axis_vector
from synth.importers.roles import ROLES
from synth.importers.shape_names import NameMap, read_map
from synth.shards.failures import output_errors

T = TypeVar("T")


def chosen_options(
    map_file: Path | None = None,
    unit: str | None = None,
    up: str | None = None,
    front: str | None = None,
    lashes: bool = False,
    texture: bool = True,
    spdx: str | None = None,
    attribution: str | None = None,
    may_train: bool = False,
) -> Options:
    """Return the options of an import; every mistake in them is reported at once.

    Parameters
    ----------
    map_file : Path or None
        TOML with the tables ``[shapes]`` and ``[parts]``.
    unit, up, front : str or None
    lashes, texture : bool
    spdx, attribution : str or None
        Licence of the head and whom to name; both or none.
    may_train : bool

    Raises
    ------
    InputError
    """
    problems: list[Problem] = []
    names = NameMap({}, {})
    if unit is not None and unit not in UNITS_MM:
        problems.append(Problem(f"unknown unit {unit!r}", "--unit", "use one of: " + ", ".join(UNITS_MM)))
    for axis, option in ((up, "--up"), (front, "--front")):
        if axis is not None:
            _collect(problems, axis_vector, axis, option)
    if (spdx is None) != (attribution is None):
        problems.append(
            Problem("licence and attribution belong together", "--licence", "pass both --licence and --attribution")
        )
    if spdx is not None and (not spdx.strip() or " " in spdx.strip()):
        problems.append(
            Problem(f"{spdx!r} is not an SPDX identifier", "--licence", "use for example CC0-1.0, CC-BY-4.0, MIT")
        )
    if may_train and spdx is None:
        problems.append(Problem("training is allowed by a licence that is not named", "--may-train", "pass --licence"))
    if map_file is not None:
        names = _collect(problems, read_map, map_file, ROLES) or names
    if problems:
        raise InputError(problems)
    licence = None
    if spdx is not None and attribution is not None:
        licence = Licence(spdx.strip(), attribution.strip(), "stated at import", may_train)
    return Options(names, unit, up, front, licence, lashes, texture)


def _collect(problems: list[Problem], function: Callable[..., T], *arguments: object) -> T | None:
    try:
        return function(*arguments)
    except InputError as error:
        problems.extend(error.problems)
        return None


def target_folder(name: str, folder: Path | None, overwrite: bool) -> Path:
    """Return the folder that the bundle of a rig goes to.

    Raises
    ------
    InputError
        If the name cannot be one, or there is something that would be replaced.
    """
    if not is_rig_name(name):
        raise InputError.one(f"{name!r} cannot be the name of a rig", "--as", "use letters, digits, '_', '.' and '-'")
    target = folder or library_folder() / name
    if (target / "manifest.json").exists() and not overwrite:
        raise InputError.one("there is a rig already", target, "pass another name, or --overwrite to replace it")
    return target


def write_png(path: Path, picture: np.ndarray) -> None:
    """Write a picture (H, W, 3) uint8; an InputError names a place that cannot be written."""
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))[1].tobytes())
