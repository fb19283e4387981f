"""How alike the twins of a frame move as they are drawn: lengths on their meshes, which no picture blurs.

The other measures read pictures, and how well a female and a male face then agree depends on how well they can be read.
Here both twins are posed again from what the shard says of them, with the weights they were drawn with. It tells how
alike the twins are, not whether they follow the real face: the weights came from it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np

from assets.errors import InputError
from assets.keyed import rng_for
from assets.landmarks import MEDIAPIPE_COUNT
from assets.rig import Rig
from assets.rig_lids import closing_gain
from assets.shard import Shard
from assets.units import UNIT_INDEX
from synth.audit.agreement import ROUNDS, interval, twin_pairs
from synth.audit.geometry import AUDITED, geometric_activation
from synth.audit.moments import Cell, cell, correlation, pooled, weighings
from synth.audit.pose_free import pose_free
from synth.audit.reading import Readings
from synth.audit.specific import specific
from synth.avatars.resting import calm
from synth.avatars.spec import AvatarSpec, spec_from_json
from synth.run.rigs import loaded_rig, rig_names

_TO_PICTURE = np.array([1.0, -1.0, -1.0])
"""Rig axes (y up, z to the viewer) to those of landmarks in a picture (y down, z away)."""


@dataclass(frozen=True)
class Drawn:
    """Agreement of female and male twins as drawn; all arrays are (A,) float64, NaN where neither moves.

    Attributes
    ----------
    female_male, female_male_low, female_male_high : correlation within subject, with its 95 % interval
    amplitude, amplitude_low, amplitude_high : how far the female twin moves over how far the male one does: the ratio
        of their standard deviations within subject
    """

    female_male: np.ndarray
    female_male_low: np.ndarray
    female_male_high: np.ndarray
    amplitude: np.ndarray
    amplitude_low: np.ndarray
    amplitude_high: np.ndarray


def landmarks_mm(rig: Rig, spec: AvatarSpec, weights: np.ndarray) -> np.ndarray:
    """Return the landmarks (T, 478, 3) of an avatar at weights (T, 52), in millimetres and head axes.

    Only the vertices that carry landmarks are posed, and none is smoothed by subdivision.

    Parameters
    ----------
    rig : Rig
        With a landmark table.
    spec : AvatarSpec
    weights : (T, 52) float
        In [0, 1].
    """
    assert rig.landmarks is not None
    used, corners = np.unique(rig.landmarks.vertices, return_inverse=True)
    head = calm(rig, rig.neutral_mm(np.asarray(spec.identity), spec.attributes))
    shapes = rig.shapes_mm[:, used].astype(float)
    for unit, gain in zip(("eyeBlinkLeft", "eyeBlinkRight"), closing_gain(rig, head), strict=True):
        shapes[UNIT_INDEX[unit]] *= gain
    posed = head[used] + np.tensordot(np.asarray(weights, float), shapes, 1)
    for corrective in rig.correctives:
        share = weights[:, [UNIT_INDEX[name] for name in corrective.drivers]].prod(1)
        posed += share[:, None, None] * corrective.delta_mm[used]
    table = replace(rig.landmarks, vertices=corners.reshape(rig.landmarks.vertices.shape))
    return table.points(posed)


def read_drawn(shard: Shard, rows: np.ndarray) -> np.ndarray:
    """Return the geometric activation (G, T, A) of every twin in some rows, in millimetres, as it was drawn.

    Parameters
    ----------
    shard : Shard
    rows : (T,) int64
        Rows with complete triplets.

    Raises
    ------
    InputError
        If a rig of the run is not there, is not the one it was drawn with, or has no landmark table.
    """
    rigs = _rigs(shard)
    found = []
    for image, text in zip(shard.twins, shard.texts("avatars/spec"), strict=True):
        spec = _spec(text)
        own = f"twins/{image}/weights"
        weights = shard.array(own if own in shard.file else "frames/weights")[rows]
        points = landmarks_mm(rigs[spec.apparent_gender], spec, weights) * _TO_PICTURE
        found.append(geometric_activation(np.array([pose_free(one)[0] for one in points])).mean(-1))
    return np.array(found)


def _spec(text: str) -> AvatarSpec:
    return spec_from_json(json.dumps(json.loads(text).get("avatar")))


def _rigs(shard: Shard) -> dict[str, Rig]:
    """Return the rig of each apparent gender that is drawn."""
    names = rig_names(str(shard.json("config")["assets"]))
    built = {str(shard.json("versions")["rig"]).split()[-1]}
    if "rigs" in shard.file.attrs:
        built |= {str(row["fingerprint"]) for row in shard.json("rigs").values()}
    rigs = {}
    for gender in sorted({_spec(text).apparent_gender for text in shard.texts("avatars/spec")}):
        rig = loaded_rig(names[gender])
        if rig.fingerprint not in built:
            what = f"its twins were drawn with another build of rig {rig.name}"
            raise InputError.one(what, shard.path, "render the run again")
        if rig.landmarks is None or len(rig.landmarks.vertices) != MEDIAPIPE_COUNT:
            raise InputError.one(f"rig {rig.name} has no landmark table", names[gender], "import it again")
        rigs[gender] = rig
    return rigs


def drawn_agreement(readings: list[Readings], drawn: list[np.ndarray], seed: int = 0, rounds: int = ROUNDS) -> Drawn:
    """Compare female and male twins as drawn.

    Measures are freed of other Action Units as those of pictures are (``synth.audit.specific``).

    Parameters
    ----------
    readings : list of Readings
        One per subject, with landmarks of the real frames.
    drawn : list of (G, T, A) float64
        ``read_drawn`` of each subject, in the rows of its readings.
    seed : int
    rounds : int
        Bootstrap rounds.
    """
    cells: list[Cell] = []
    owners: list[int] = []
    for subject, (one, lengths) in enumerate(zip(readings, drawn, strict=True)):
        e = one.estimators.index("landmarks")
        values = one.values.copy()
        values[e, 1:] = lengths[..., None]
        own = specific(replace(one, values=values)).values[e, ..., 0]
        for female, male in twin_pairs(one.images):
            cells.append(cell(own[male], own[female]))
            owners.append(subject)
    if not cells:
        unknown = np.full(len(AUDITED), np.nan)
        return Drawn(*[unknown] * 6)
    weights, _ = weighings(cells, owners, rng_for(seed, "audit", "drawn"), rounds)
    whole, resampled = pooled(cells), pooled(cells, weights)
    agree = interval(correlation(whole)[0], correlation(resampled))
    return Drawn(*agree, *interval(_amplitude(whole)[0], _amplitude(resampled)))


def _amplitude(sums: np.ndarray) -> np.ndarray:
    """Return the ratio (R, A) of the standard deviations of y and x."""
    moving = (sums[:, 1] > 1e-9) & (sums[:, 2] > 1e-9)
    return np.where(moving, np.sqrt(np.maximum(sums[:, 2], 0) / np.maximum(sums[:, 1], 1e-12)), np.nan)
