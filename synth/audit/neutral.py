"""Avatars at rest, read by the landmark network: which units read above what resting real faces read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from assets.errors import NoFaceError
from assets.keyed import rng_for
from assets.rig_bundle import load_rig
from assets.units import NETWORK_UNITS
from synth.avatars.build import build_avatar
from synth.avatars.gallery import portraits, unit_weights
from synth.avatars.sample import GENDERS, sample_avatar
from synth.fit.network_scores import reading_of
from synth.landmarks.finder import find_faces
from synth.landmarks.track import TrackSettings, open_networks
from synth.render.choose import choose_renderer, open_renderer
from synth.render.scenes import sample_scene
from synth.run.native import quiet_libraries

TONES = ("very light", "tan", "dark")
AVATARS_EACH = len(GENDERS) * len(TONES)
TOLERATED = 0.05
"""Share of avatars that may read above the limit: the limit is the highest of few real faces, and people differ."""

_READ = np.array([not name.startswith("eyeLook") for name in NETWORK_UNITS])


@dataclass(frozen=True)
class NeutralReading:
    """Scores of avatars at rest.

    Attributes
    ----------
    names : tuple of str
        Gender, number and skin tone of each avatar.
    scores : (N, 51) float64
    limits : (51,) float64
        Highest score that resting real faces show (``synth.fit.network_scores``).
    """

    names: tuple[str, ...]
    scores: np.ndarray
    limits: np.ndarray

    @property
    def above(self) -> np.ndarray:
        """(N, 51) bool, where an avatar reads above the limit; gaze does not count."""
        return (self.scores > self.limits) & _READ

    @property
    def exceeding(self) -> tuple[str, ...]:
        """Units that more than the tolerated share of avatars read above the limit."""
        share = self.above.mean(0)
        return tuple(name for name, value in zip(NETWORK_UNITS, share, strict=True) if value > TOLERATED)

    def record(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        units = {}
        for column, name in enumerate(NETWORK_UNITS):
            if _READ[column]:
                values = self.scores[:, column]
                units[name] = {
                    "limit": round(float(self.limits[column]), 3), "median": round(float(np.median(values)), 3),
                    "p95": round(float(np.quantile(values, 0.95)), 3), "highest": round(float(values.max()), 3),
                    "above": [self.names[i] for i in np.flatnonzero(self.above[:, column])],
                }  # fmt: skip
        return {"avatars": len(self.names), "exceeding": list(self.exceeding), "units": units}

    def lines(self) -> list[str]:
        """Return the reading in words."""
        rows = [(name, row) for name, row in self.record()["units"].items() if row["above"]]
        rows.sort(key=lambda item: -len(item[1]["above"]))
        out = [f"{'unit':<20} limit median   p95  highest  above"]
        for name, row in rows:
            who = ", ".join(row["above"][:3]) + (" …" if len(row["above"]) > 3 else "")
            out.append(f"{name:<20} {row['limit']:5.2f} {row['median']:6.2f} {row['p95']:5.2f} {row['highest']:8.2f}  "
                       f"{len(row['above'])} of {len(self.names)}: {who}")  # fmt: skip
        some = int(self.above.any(1).sum())
        out.append(f"{some} of {len(self.names)} avatars read above a resting real face in at least one unit")
        words = " ".join(self.exceeding) or "none"
        return [*out, f"units above the limit in more than {TOLERATED:.0%} of the avatars: {words}"]


def read_neutral(
    rig_name: str, people: int, seed: int = 0, advance: Callable[[str], None] | None = None
) -> NeutralReading:
    """Draw ``people`` avatars at rest for every gender and three skin tones, frontal, and read them.

    Parameters
    ----------
    rig_name : str
    people : int
    seed : int
    advance : function or None
        Called with the name of each avatar once it was read; there are ``AVATARS_EACH`` for one of ``people``.

    Raises
    ------
    NoFaceError
        If the detector sees no face in one of the pictures.
    """
    rig = load_rig(rig_name)
    with quiet_libraries():
        networks = open_networks(TrackSettings())
    renderer = open_renderer(choose_renderer("auto"), 256, 4)
    names, scores = [], []
    for number in range(people):
        for gender in GENDERS:
            for tone in TONES:
                keys = ("neutral", gender, number, tone)
                spec = sample_avatar(rng_for(seed, *keys), rig, f"{gender}-{number}", gender, tone)
                scene = sample_scene(rng_for(seed, *keys, "scene"))
                (picture,) = portraits(renderer, build_avatar(rig, spec), scene, unit_weights(())[None], [np.eye(3)])
                faces = find_faces(networks, picture, tiled=False)
                name = f"{gender} {number} {tone}"
                if not faces:
                    raise NoFaceError.one(f"no face is seen in the avatar {name!r}", rig_name, "look at the rig")
                names.append(name)
                scores.append(networks.blendshapes(faces[0].points_px).astype(float))
                if advance is not None:
                    advance(name)
    limits = np.array([reading_of(name).rest for name in NETWORK_UNITS])
    return NeutralReading(tuple(names), np.array(scores), limits)
