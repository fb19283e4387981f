"""Stand-in recordings as sequences: the chain reads them like footage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property

import numpy as np

from assets.errors import InputError
from assets.standin import STANDIN_CORPORA, StandinCorpus, standin_corpus
from synth.standin.behaviour import gaze
from synth.standin.cooccurrence import AU_COLUMN
from synth.standin.expressions import Displays, displays_of
from synth.standin.placement import Placement, placement_of
from synth.standin.subjects import Subject, subjects_of
from synth.standin.weights import Face
from synth.tracks import GivenLandmarks, Labels

FRAMES_PER_RECORDING = 32
"""A subject's frames are spread over as many recordings as hold at least this many, up to the corpus's number."""

LEAST_RATE_HZ = 2.0
"""Short recordings are planned at every n-th frame, so that they show more; never more sparsely than this."""

RECORDED_S = 60.0
"""Length of recording that the frames of a subject should span."""


@dataclass(frozen=True)
class Truth:
    """What a simulated face really did. For benchmarks only: the chain never sees it.

    Attributes
    ----------
    intensity : (T, 17) float
        Of ``PERFORMED_AUS``, 0 to 5.
    weights : (T, 52) float32
    rotation : (T, 3, 3) float
        Head to camera.
    eyes_px : (T, 2) float
        In pixels of the picture.
    px_per_mm : (T,) float
    gaze_rad : (T, 2, 2) float
    """

    intensity: np.ndarray
    weights: np.ndarray
    rotation: np.ndarray
    eyes_px: np.ndarray
    px_per_mm: np.ndarray
    gaze_rad: np.ndarray


@dataclass(frozen=True, eq=False)
class StandinSequence:
    """One simulated recording; follows ``synth.tracks.Sequence``.

    Attributes
    ----------
    corpus : StandinCorpus
    person : Subject
    name : str
        Recording, for example ``T1``.
    frames : (T,) int64
        Planned frame numbers.
    seed : int
        Root seed of the run.
    renderer : str
        What draws the pictures: ``auto`` or the name of a renderer.
    rig : str
        Rig of the faces.
    """

    corpus: StandinCorpus
    person: Subject
    name: str
    frames: np.ndarray
    seed: int
    renderer: str = "auto"
    rig: str = "hm08"
    given_landmarks: GivenLandmarks | None = field(default=None, init=False)

    def __getstate__(self) -> dict[str, object]:
        """Leave out what can be computed again, so that a recording travels to another process."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @property
    def subject(self) -> str:
        """Name of the simulated person."""
        return self.person.name

    @property
    def apparent_gender(self) -> str:
        """``female`` or ``male``."""
        return self.person.apparent_gender

    @property
    def keys(self) -> tuple[str, str, str, str]:
        """What the randomness of this recording hangs on, beside the seed."""
        return ("standin", self.corpus.name, self.person.name, self.name)

    @property
    def time_s(self) -> np.ndarray:
        """Time of each planned frame (T,) float64."""
        return self.frames / self.corpus.frame_rate_hz

    @cached_property
    def displays(self) -> Displays:
        """The facial displays of the recording."""
        return displays_of(self.corpus, self.subject, self.name, self.apparent_gender, self.seed)

    @cached_property
    def labels(self) -> Labels:
        """Simulated coding of the planned frames."""
        seen, known = self.displays.coded(self.time_s)
        columns = [AU_COLUMN[number] for number in self.corpus.au_numbers]
        seen, known = seen[:, columns], known[:, columns]
        present = (seen >= self.corpus.onset_level) & known
        intensity = np.where(known, np.rint(seen), np.nan).astype(np.float32)
        return Labels(self.corpus.au_numbers, present.astype(np.uint8), known.astype(np.uint8), "simulated", intensity)

    @cached_property
    def face(self) -> Face:
        """How this subject's face moves."""
        return Face(self.corpus, self.subject, self.seed)

    def truth(self, start: int = 0, stop: int | None = None) -> Truth:
        """Return what the face did in the planned frames ``start`` to ``stop``.

        Any split of the frames gives the same numbers.
        """
        time = self.time_s[start:stop]
        intensity = self.displays.intensity(time)
        place: Placement = placement_of(self.corpus, time, self.seed, self.keys)
        yaw = np.arctan2(place.rotation[:, 0, 2], place.rotation[:, 2, 2])
        return Truth(
            intensity=intensity,
            weights=self.face.weights(intensity, time, self.name),
            rotation=place.rotation,
            eyes_px=place.eyes_px,
            px_per_mm=place.px_per_mm,
            gaze_rad=gaze(self.corpus, time, yaw, self.seed, self.keys),
        )

    def pictures(self, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray]:
        """Yield one (H, W, 3) uint8 RGB picture per planned frame; memory does not grow with their number."""
        from synth.standin.studio import film_pictures

        stop = len(self.frames) if stop is None else min(stop, len(self.frames))
        yield from film_pictures(self, start, stop)


def recording_frames(corpus: StandinCorpus, frames: int) -> list[np.ndarray]:
    """Return the planned frame numbers of each recording of a subject with ``frames`` planned frames.

    Parameters
    ----------
    corpus : StandinCorpus
    frames : int
        At least 1, over all recordings together.
    """
    count = int(np.clip(frames // FRAMES_PER_RECORDING, 1, len(corpus.sequences)))
    longest = corpus.frame_rate_hz / LEAST_RATE_HZ
    step = int(np.clip(RECORDED_S * corpus.frame_rate_hz // frames, 1, longest))
    return [np.arange(len(part), dtype=np.int64) * step for part in np.array_split(np.arange(frames), count)]


def standin_sequences(
    corpus: str, subjects: int, frames: int, seed: int, renderer: str = "auto", rig: str = "hm08"
) -> list[StandinSequence]:
    """Return the recordings of a stand-in corpus, nothing of them drawn yet.

    Parameters
    ----------
    corpus : str
        Key of ``assets.standin.STANDIN_CORPORA``.
    subjects : int
        How many people, at least 1; every number of them keeps the corpus's gender ratio.
    frames : int
        Frames of each subject, at least 1, spread over the subject's recordings.
    seed : int
        Root seed.
    renderer, rig : str
        What draws the pictures, and whose faces.

    Raises
    ------
    InputError
        If there is no such corpus or a number is too small.
    """
    facts = standin_corpus(corpus)
    for value, option in ((subjects, "--subjects"), (frames, "--frames")):
        if value < 1:
            raise InputError.one(f"{value} is too few", option, "give a number of at least 1")
    return [
        StandinSequence(facts, person, facts.sequences[i], numbers, seed, renderer, rig)
        for person in subjects_of(facts, subjects, seed)
        for i, numbers in enumerate(recording_frames(facts, frames))
    ]


__all__ = ["STANDIN_CORPORA", "StandinSequence", "Truth", "recording_frames", "standin_sequences"]
