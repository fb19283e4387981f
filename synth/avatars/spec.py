"""An avatar as numbers: who it is and what it looks like, without any mesh."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from assets.errors import InputError


@dataclass(frozen=True)
class AvatarSpec:
    """One synthetic person.

    Attributes
    ----------
    name : str
        Unique in the run.
    rig : str
        Name of the rig it is built from.
    apparent_gender : str
        ``female`` or ``male``: how observers would judge it.
    identity : tuple of float, (P,)
        Coefficients of the identity modes, standard normal.
    attributes : dict of str to float
        Coordinates along the rig's axes in [-1, 1]: gender, age, ancestry…
    skin_ita_deg : float
        Individual typology angle, 58 (very light) to -45 (dark).
    melanin, haemoglobin : float
        Deviations from the tone's usual amounts, around 0.
    roughness : float
        Skin roughness in (0, 1].
    hair, cloth : str
        Optional parts to draw: a style of the rig, or an empty string.
    hair_rgb, iris_rgb, cloth_rgb : (3,) float
        Linear RGB.
    brow_thickness, brow_density, beard, lip_redness, freckles, creases : float
        Around 1 for the brows, 0 to 1 for the others.
    seed : int
        Seeds the strokes and spots of this face.
    """

    name: str
    rig: str
    apparent_gender: str
    identity: tuple[float, ...]
    attributes: dict[str, float]
    skin_ita_deg: float
    melanin: float
    haemoglobin: float
    roughness: float
    hair: str
    cloth: str
    hair_rgb: tuple[float, float, float]
    iris_rgb: tuple[float, float, float]
    cloth_rgb: tuple[float, float, float]
    brow_thickness: float
    brow_density: float
    beard: float
    lip_redness: float
    freckles: float
    creases: float
    seed: int


def spec_to_json(spec: AvatarSpec) -> str:
    """Return the specification as one line of JSON; `spec_from_json` gives back an equal one."""
    return json.dumps(asdict(spec), sort_keys=True, allow_nan=False)


def spec_from_json(text: str) -> AvatarSpec:
    """Return the specification written by `spec_to_json`.

    Raises
    ------
    InputError
        If the text is no JSON object or its fields are not those of `AvatarSpec`.
    """
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError.one(f"not JSON ({error.msg})", "avatar specification", "write it with spec_to_json") from error
    names = {field.name for field in fields(AvatarSpec)}
    if not isinstance(values, dict) or set(values) != names:
        given = set(values) if isinstance(values, dict) else set()
        odd = ", ".join(sorted(names ^ given)) or "not an object"
        raise InputError.one(f"missing or unknown fields: {odd}", "avatar specification", "write it with spec_to_json")
    plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return AvatarSpec(**plain)
