"""The configuration of a run: one table for the command line, the TOML file and the saved run."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from assets.errors import InputError, Problem, closest

ENCODINGS = ("jpeg", "png")
SIZES = (32, 2048)


@dataclass(frozen=True)
class RenderConfig:
    """Everything that decides what a run writes. How many workers there are does not.

    Attributes
    ----------
    source : tuple of str
        Videos, pictures, folders, CSV manifests, one stand-in corpus, or one licensed corpus.
    root : str or None
        Folder of a licensed corpus.
    option : tuple of str
        Further options of a licensed corpus, ``key=value``; docs/datasets.md lists them.
    labels : str or None
        CSV with Action Unit labels of the source.
    landmarks : str or None
        CSV or npz with landmarks of the source, used instead of the detector.
    gender : str
        Apparent gender of the source's subjects where no manifest says.
    au_threshold : float
        Least value of an ``AU…_r`` column that counts as active.
    subjects : int or None
        Number of subjects; None takes all, or 30 of a stand-in.
    avatars : int or None
        Number of avatars, a multiple of the twins per frame; None takes one tuple per subject.
    frames : int or None
        Frames per subject, spread evenly; None takes all, or the stand-in's default.
    seed : int
        Root of all randomness.
    size : int
        Side of every picture in pixels.
    samples : int
        Samples per pixel of the twins: 1, 2, 4, 9 or 16.
    encoding : str
        ``jpeg`` (quality 95, no chroma subsampling) or ``png``.
    renderer : str
        ``auto`` tries EGL, OSMesa, then the software rasteriser.
    detector : str
        Landmark network.
    face_rule : str
        Which of several faces is the subject.
    label_prior : float
        How strongly known labels bear on the fit, 0 to 1; 0 is pure tracking.
    pixel_evidence : float
        How strongly furrows, folds and brow hair bear on the fit, 0 to 1; 0 is landmarks and scores only.
    weights : str
        ``fit``, or ``true``: twins show what a simulated source really did, which no fit can do better.
    assets : str
        Rig of the avatars, or ``female=NAME,male=NAME``.
    axes : str
        What the twins of a frame differ in: names of ``synth.avatars.levels.AXES`` with commas between.
    """

    VERB: ClassVar[str] = "render"

    source: tuple[str, ...] = ("standin-bp4d",)
    root: str | None = None
    option: tuple[str, ...] = ()
    labels: str | None = None
    landmarks: str | None = None
    gender: str = "unknown"
    au_threshold: float = 1.0
    subjects: int | None = None
    avatars: int | None = None
    frames: int | None = None
    seed: int = 0
    size: int = 256
    samples: int = 4
    encoding: str = "jpeg"
    renderer: str = "auto"
    detector: str = "litert"
    face_rule: str = "largest"
    label_prior: float = 0.5
    pixel_evidence: float = 1.0
    weights: str = "fit"
    assets: str = "hm08"
    axes: str = "gender"

    def to_json(self) -> str:
        """Return one line of JSON with every value."""
        return json.dumps(asdict(self), sort_keys=True)


_RANGES: dict[str, tuple[float, float]] = {
    "subjects": (1, 100_000),
    "avatars": (1, 1_000_000),
    "frames": (1, 100_000_000),
    "seed": (-(2**63), 2**63 - 1),
    "size": SIZES,
    "label_prior": (0, 1),
    "pixel_evidence": (0, 1),
    "au_threshold": (0, 5),
}


def make_config(values: Mapping[str, Any], where: str = "", kind: type[Any] = RenderConfig) -> Any:
    """Return a checked configuration; names that are absent keep their defaults.

    Parameters
    ----------
    values : mapping of str to value
        Keys are fields of ``RenderConfig``.
    where : str
        File the values stand in; empty means the command line.
    kind : type
        Configuration to make; its fields have types of ``_KINDS``.

    Raises
    ------
    InputError
        Unknown names, wrong types, values out of range, avatars that make no whole tuples: all at once.
    """
    known = {field.name: field for field in fields(kind)}
    problems: list[Problem] = []
    clean: dict[str, Any] = {}
    for name, value in values.items():
        place = f"{where}: {name}" if where else f"--{name.replace('_', '-')}"
        if name not in known:
            problems.append(Problem("there is no such setting", place, closest(name, known)))
            continue
        wanted = str(known[name].type)
        value = _converted(value, wanted)
        wrong = ("is of the wrong type", f"write {_KINDS[wanted]}") if value is _WRONG else _wrong_value(name, value)
        if wrong is not None:
            problems.append(Problem(f"{values[name]!r} {wrong[0]}", place, wrong[1]))
        clean[name] = value
    problems += _tuple_problems(clean, where)
    if problems:
        raise InputError(problems)
    return kind(**clean)


def read_config(path: str | Path) -> dict[str, Any]:
    """Read a TOML file into plain values; ``workers`` and ``out`` may stand there too.

    Raises
    ------
    InputError
        If the file is missing, cannot be read or is no TOML.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise InputError.one("there is no such file", path, "check --config") from None
    except OSError as error:
        raise InputError.one(f"this file cannot be read ({error.strerror})", path, "check --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError.one(f"this is no TOML file ({error})", path, "write lines such as: subjects = 30") from None


def config_toml(config: Any) -> str:
    """Return the configuration as a TOML file that ``read_config`` reads back."""
    verb = config.VERB
    lines = [f"# Written by `synth {verb}`; run it again with: synth {verb} --config THIS_FILE --out FOLDER"]
    for name, value in asdict(config).items():
        if value is not None and value != ():
            text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
            lines.append(f"{name} = {text}")
    return "\n".join(lines) + "\n"


_WRONG = object()
_KINDS = {
    "tuple[str, ...]": "a text or a list of texts",
    "str": "a text",
    "str | None": "a text",
    "int": "a whole number",
    "int | None": "a whole number",
    "float": "a number",
}


def _converted(value: Any, kind: str) -> Any:
    """Return the value in the field's type, ``_WRONG`` if it has another."""
    if value is None:
        return None if "None" in kind else _WRONG
    if kind.startswith("tuple"):
        values = (value,) if isinstance(value, str) else value
        valid = isinstance(values, list | tuple) and values and all(isinstance(item, str) for item in values)
        return tuple(values) if valid else _WRONG
    if isinstance(value, bool):
        return _WRONG
    if kind.startswith("float"):
        return float(value) if isinstance(value, int | float) else _WRONG
    wanted = int if kind.startswith("int") else str
    return value if isinstance(value, wanted) else _WRONG


@cache
def _choices() -> dict[str, tuple[str | int, ...]]:
    """Return the settings that are a choice out of a few."""
    from synth.landmarks.track import DETECTORS, FACE_RULES
    from synth.render.choose import NAMES, SAMPLES

    return {
        "renderer": ("auto", *NAMES),
        "detector": DETECTORS,
        "face_rule": FACE_RULES,
        "encoding": ENCODINGS,
        "weights": ("fit", "true"),
        "samples": SAMPLES,
    }


def _wrong_value(name: str, value: Any) -> tuple[str, str] | None:
    """Return what is wrong with a value of the right type, and the mend."""
    if value is None:
        return None
    choices = _choices()
    if name in choices and value not in choices[name]:
        if isinstance(value, int):  # no number is a misspelling of another
            return "is not available", "choose one of: " + ", ".join(map(str, choices[name]))
        return "is not available", closest(str(value), map(str, choices[name]))
    if name in _RANGES and not isinstance(value, str):
        low, high = _RANGES[name]
        if not low <= value <= high:
            return "is out of range", f"use {low:g} to {high:g}"
    return None


def _tuple_problems(values: Mapping[str, Any], where: str) -> list[Problem]:
    """Return what is wrong with the axes, the rigs and with the number of avatars for them."""
    from synth.avatars.levels import parse_axes, twin_names
    from synth.run.rigs import rig_names

    def place(name: str) -> str:
        return f"{where}: {name}" if where else f"--{name}"

    axes, assets, avatars = (values.get(name) for name in ("axes", "assets", "avatars"))
    problems: list[Problem] = []
    names: tuple[str, ...] = ()
    try:
        names = twin_names(parse_axes(axes if isinstance(axes, str) else RenderConfig.axes, place("axes")))
    except InputError as error:
        problems += error.problems
    try:
        rig_names(assets if isinstance(assets, str) else RenderConfig.assets)
    except InputError as error:
        problems += error.problems
    if names and isinstance(avatars, int) and avatars > 0 and avatars % len(names):
        count = len(names)
        low = avatars // count * count
        mend = f"use a multiple such as {f'{low} or ' if low else ''}{low + count}"
        what = f"{avatars} is no multiple of {count}, but every subject gets {count} avatars ({', '.join(names)})"
        problems.append(Problem(what, place("avatars"), mend))
    return problems
