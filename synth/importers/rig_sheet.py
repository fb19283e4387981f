"""A rig at a glance: people of both genders in all skin tones, and every expression unit at full strength."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.keyed import rng_for
from assets.rig import Rig
from assets.units import GAZE_UNITS, UNIT_INDEX, UNITS, mirror_name
from synth.avatars.build import build_avatar
from synth.avatars.pose import gaze_rotation, pose_vertices
from synth.avatars.sample import GENDERS, sample_avatar
from synth.avatars.spec import AvatarSpec
from synth.avatars.tone import ITA_GROUPS
from synth.render.protocol import Renderer
from synth.render.scene import Background, Light, Pose, Scene
from synth.render.sheet import contact_sheet

COLUMNS = 6
SCENE = Scene(
    (Light((0.40, 0.50, 0.77), (0.80, 0.78, 0.75)), Light((-0.70, 0.15, 0.70), (0.30, 0.30, 0.32))),
    (0.32, 0.32, 0.33),
    Background((0.22, 0.23, 0.25), (0.12, 0.12, 0.14)),
)
TURNED_RAD = 0.45

_FULL: dict[str, dict[str, float]] = {"mouthClose": {"mouthClose": 0.5, "jawOpen": 0.5}}
"""Units that are a movement only together with another one."""


def full_strength(unit: str) -> dict[str, float]:
    """Return the weights that show a unit best: with its mirror image, or with the unit it corrects."""
    if unit in _FULL:
        return _FULL[unit]
    both = () if unit.startswith(("mouthLeft", "mouthRight", "jaw")) else (mirror_name(unit),)
    return dict.fromkeys((unit, *both), 1.0)


def shown_units(rig: Rig) -> list[str]:
    """Return the units of the sheet: those the rig has, of pairs only the left one, gaze left out."""
    alone = ("mouthRight", "jawRight")
    pairs = [u for u in UNITS if not u.endswith("Right") or u in alone]
    return [unit for unit in pairs if rig.has_shape[UNIT_INDEX[unit]] and unit not in GAZE_UNITS]


def rig_sheet(rig: Rig, renderer: Renderer, seed: int = 0, people: bool = True) -> np.ndarray:
    """Return a contact sheet (H, W, 3) uint8 of a rig.

    Per skin tone one identity, as a woman and as a man; then every unit at full strength on the first woman.

    Parameters
    ----------
    rig : Rig
    renderer : Renderer
    seed : int
    people : bool
        False leaves out all but the units.
    """
    pictures: list[np.ndarray | None] = []
    captions: list[str] = []
    for number, group in enumerate(ITA_GROUPS if people else ()):
        for gender in GENDERS:
            person = _person(rig, seed, number, gender, group)
            pictures += _drawn(
                rig, person, renderer, [{}, {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8}], (0.0, TURNED_RAD)
            )
            captions += [f"{gender}, {group}", f"{gender}, smile"]
    pictures += [None] * (-len(pictures) % COLUMNS)
    captions += [""] * (len(pictures) - len(captions))
    sitter = replace(_person(rig, seed, 0, "female", "light"), hair="", identity=(0.0,) * len(rig.identity_mm))
    units = shown_units(rig)
    weights = [{}, *(full_strength(unit) for unit in units)]
    pictures += _drawn(rig, sitter, renderer, weights, (0.0,) * len(weights))
    captions += ["rest", *units]
    return contact_sheet(pictures, COLUMNS, captions)


def _person(rig: Rig, seed: int, number: int, gender: str, group: str) -> AvatarSpec:
    return sample_avatar(rng_for(seed, "sheet", number), rig, f"{gender}-{number}", gender, group)


def _drawn(
    rig: Rig, spec: AvatarSpec, renderer: Renderer, weights: list[dict[str, float]], yaw_rad: tuple[float, ...]
) -> list[np.ndarray | None]:
    mesh = build_avatar(rig, spec)
    renderer.load(mesh, SCENE)
    table = np.zeros((len(weights), len(UNITS)), np.float32)
    for row, some in enumerate(weights):
        for unit, weight in some.items():
            table[row, UNIT_INDEX[unit]] = weight
    positions, normals = pose_vertices(mesh, table)
    turns = gaze_rotation(np.stack([np.array(yaw_rad), np.zeros(len(yaw_rad))], -1))
    return [renderer.draw(p, n, w, Pose(turn)) for p, n, w, turn in zip(positions, normals, table, turns, strict=True)]
