"""What a worker is told about one subject."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from synth.avatars.spec import AvatarSpec
from synth.run.config import RenderConfig
from synth.run.plan import SubjectPlan
from synth.run.rigs import rig_names


@dataclass(frozen=True)
class TwinRole:
    """One twin of a subject.

    Attributes
    ----------
    image : str
        Group of its pictures in the shard.
    spec : AvatarSpec
    person : str
        Twins of one person stand in the same scene.
    levels : dict of str to str
        Axis to level.
    rig : str
        Name or path of the rig it is built from.
    """

    image: str
    spec: AvatarSpec
    person: str
    levels: dict[str, str]
    rig: str


@dataclass(frozen=True)
class SubjectJob:
    """Everything a worker needs.

    Attributes
    ----------
    config : RenderConfig
    out : str
        Folder of the run.
    plan : SubjectPlan
    twins : tuple of TwinRole
        Tuple after tuple.
    au_numbers : tuple of int
    renderer : str
        The renderer that ``auto`` came to.
    attributes : dict
        Attributes of the shard that are the same for the whole run.
    """

    config: RenderConfig
    out: str
    plan: SubjectPlan
    twins: tuple[TwinRole, ...]
    au_numbers: tuple[int, ...]
    renderer: str
    attributes: dict[str, Any]

    @property
    def avatars(self) -> tuple[AvatarSpec, ...]:
        """The avatars of the twins."""
        return tuple(twin.spec for twin in self.twins)

    @property
    def rigs(self) -> tuple[str, ...]:
        """Rigs of the twins, each once; the first one is that of ``frames/weights``."""
        names = [twin.rig for twin in self.twins] or [*rig_names(self.config.assets).values()][:1]
        return tuple(dict.fromkeys(names))

    def key(self) -> str:
        """Return a digest of everything the shard depends on, but for the pixels of the source."""
        points = hashlib.sha256()
        for sequence in self.plan.sequences:
            if sequence.given_landmarks is not None:
                points.update(sequence.given_landmarks.points_px.tobytes())
        parts = {
            "config": self.config.to_json(),
            "subject": [self.plan.subject, self.plan.apparent_gender],
            "frames": self.plan.digest(),
            "landmarks": points.hexdigest(),
            "twins": [asdict(twin) for twin in self.twins],
            "attributes": {name: str(value) for name, value in self.attributes.items()},
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
