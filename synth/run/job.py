"""What a worker is told about one subject."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from synth.avatars.spec import AvatarSpec
from synth.run.config import RenderConfig
from synth.run.plan import SubjectPlan


@dataclass(frozen=True)
class SubjectJob:
    """Everything a worker needs.

    Attributes
    ----------
    config : RenderConfig
    out : str
        Folder of the run.
    plan : SubjectPlan
    avatars : tuple of AvatarSpec
        Female and male in turn.
    au_numbers : tuple of int
    renderer : str
        The renderer that ``auto`` came to.
    attributes : dict
        Attributes of the shard that are the same for the whole run.
    """

    config: RenderConfig
    out: str
    plan: SubjectPlan
    avatars: tuple[AvatarSpec, ...]
    au_numbers: tuple[int, ...]
    renderer: str
    attributes: dict[str, Any]

    def key(self) -> str:
        """Return a digest of everything the shard depends on, but for the pixels of the source."""
        frames = hashlib.sha256()
        for sequence in self.plan.sequences:
            frames.update(f"{sequence.name}\0".encode() + np.asarray(sequence.frames, np.int64).tobytes())
            if sequence.labels is not None:
                frames.update(sequence.labels.au.tobytes() + sequence.labels.mask.tobytes())
            if sequence.given_landmarks is not None:
                frames.update(sequence.given_landmarks.points_px.tobytes())
        parts = {
            "config": self.config.to_json(),
            "subject": self.plan.subject,
            "frames": frames.hexdigest(),
            "avatars": [asdict(spec) for spec in self.avatars],
            "attributes": {name: str(value) for name, value in self.attributes.items()},
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
