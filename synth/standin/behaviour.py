"""What a simulated face does that no Action Unit label names: blinks, gaze, speech, head movement."""

from __future__ import annotations

import numpy as np

from assets.keyed import rng_for
from assets.standin import StandinCorpus
from synth.standin.timeline import Slots, smoothstep, wander

BLINK_SLOT_S = 3.4
"""People blink about 15 to 20 times a minute; a slot holds one blink or none."""

GAZE_SLOT_S = 1.1
TURN_SLOT_S = 3.2
SPEECH_SLOT_S = 2.8

_CLOSE_S, _HOLD_S, _OPEN_S = 0.09, 0.05, 0.16


def blink(time_s: np.ndarray, seed: int, keys: tuple[str, ...]) -> np.ndarray:
    """Return how far the lids are closed by blinking (T,), 0 to 1.

    Parameters
    ----------
    time_s : (T,) float
    seed : int
    keys : tuple of str
        ``("standin", corpus, subject, recording)``.
    """

    def draw(rng: np.random.Generator) -> np.ndarray:
        happens = rng.random() < 0.9
        return np.array([rng.uniform(0.05, 0.9), rng.uniform(0.85, 1.0) if happens else 0.0, rng.uniform(0.9, 1.3)])

    numbers, drawn = Slots(seed, (*keys, "blink"), BLINK_SLOT_S, draw).around(time_s, 1, 0)
    since = np.asarray(time_s, float)[:, None] - (numbers + drawn[..., 0]) * BLINK_SLOT_S
    slow = drawn[..., 2]
    closing = smoothstep(since / (_CLOSE_S * slow))
    opening = smoothstep((since - (_CLOSE_S + _HOLD_S) * slow) / (_OPEN_S * slow))
    return (drawn[..., 1] * closing * (1.0 - opening)).max(1)


def turned(corpus: StandinCorpus, time_s: np.ndarray, seed: int, keys: tuple[str, ...]) -> np.ndarray:
    """Return how far the subject has turned to a neighbour (T,), -1 to 1, positive to the subject's left.

    The share of time with a non-zero value is the corpus's ``turn_rate``.
    """
    if corpus.camera.turn_rate == 0.0:
        return np.zeros(len(time_s))

    def draw(rng: np.random.Generator) -> np.ndarray:
        side = rng.choice([-1.0, 1.0]) * rng.uniform(0.6, 1.0)
        return np.array([side if rng.random() < corpus.camera.turn_rate else 0.0, rng.uniform(0.0, 0.3)])

    return _steps(time_s, Slots(seed, (*keys, "turn"), TURN_SLOT_S, draw), 0.5)[:, 0]


def gaze(
    corpus: StandinCorpus, time_s: np.ndarray, head_yaw_rad: np.ndarray, seed: int, keys: tuple[str, ...]
) -> np.ndarray:
    """Return yaw and pitch of both eyes relative to the head (T, 2, 2), radians.

    Fixations with quick jumps between them; the eyes lead turns of the head and partly make up for it.
    """
    centre = rng_for(seed, *keys[:3], "addressee").normal(0.0, (0.06, 0.03))

    def draw(rng: np.random.Generator) -> np.ndarray:
        away = rng.random() < 0.25
        spread = np.array([0.22, 0.13]) if away else np.array([0.05, 0.035])
        return np.append(rng.normal(0.0, spread), rng.uniform(0.0, 0.7))

    jumps = _steps(time_s, Slots(seed, (*keys, "gaze"), GAZE_SLOT_S, draw), 0.06)
    towards = turned(corpus, np.asarray(time_s) + 0.25, seed, keys) - turned(corpus, time_s, seed, keys)
    still = head_yaw_rad - corpus.camera.turn_rad * turned(corpus, time_s, seed, keys)
    yaw = np.clip(centre[0] + jumps[:, 0] + 0.35 * towards - 0.6 * still, -0.45, 0.45)
    pitch = np.clip(centre[1] + jumps[:, 1], -0.30, 0.25)
    return np.repeat(np.stack([yaw, pitch], -1)[:, None], 2, axis=1)


def speech(corpus: StandinCorpus, time_s: np.ndarray, seed: int, keys: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return weights (T,) of the units that articulate speech, zero while the subject is silent.

    Bouts of speech fill the corpus's ``speech_rate`` of the time; within them the jaw opens at syllable rate.
    """
    time = np.asarray(time_s, float)
    if corpus.speech_rate == 0.0:
        return {}

    def draw(rng: np.random.Generator) -> np.ndarray:
        return np.array([1.0 if rng.random() < corpus.speech_rate else 0.0, rng.uniform(0.0, 0.3)])

    bout = _steps(time, Slots(seed, (*keys, "speech"), SPEECH_SLOT_S, draw), 0.2)[:, 0]
    rng = rng_for(seed, *keys, "syllables")
    syllables = wander(rng, time, 1, (2.5, 5.5))[:, 0]
    shape = wander(rng, time, 3, (1.0, 3.0))
    jaw = bout * 0.11 * np.clip(1.0 + 0.8 * syllables, 0.0, 2.6)
    return {
        "jawOpen": jaw,
        "mouthPucker": bout * 0.22 * np.clip(shape[:, 0] - 0.3, 0.0, 2.0),
        "mouthFunnel": bout * 0.22 * np.clip(shape[:, 1] - 0.3, 0.0, 2.0),
        "mouthLowerDownLeft": 0.9 * jaw + bout * 0.08 * np.clip(shape[:, 2], 0.0, 2.0),
        "mouthLowerDownRight": 0.9 * jaw + bout * 0.08 * np.clip(shape[:, 2], 0.0, 2.0),
    }


def head_angles(corpus: StandinCorpus, time_s: np.ndarray, seed: int, keys: tuple[str, ...]) -> np.ndarray:
    """Return yaw, pitch and roll of the head (T, 3), radians.

    Yaw is positive when the face turns to the subject's left (image right), pitch when it looks up, roll when
    the top of the head leans to image right.
    """
    camera = corpus.camera
    sd = np.array([camera.yaw_rad, camera.pitch_rad, camera.roll_rad])
    habit = rng_for(seed, *keys[:3], "posture").normal(0.0, 0.5 * sd)
    rng = rng_for(seed, *keys, "head")
    slow, quick = wander(rng, time_s, 3, (0.04, 0.4)), wander(rng, time_s, 3, (0.5, 1.6))
    angles = habit + sd * (0.82 * slow + 0.15 * quick)
    side = turned(corpus, time_s, seed, keys)
    angles[:, 0] += camera.turn_rad * side
    angles[:, 2] += 0.12 * camera.turn_rad * side
    return angles


def _steps(time_s: np.ndarray, slots: Slots, ramp_s: float) -> np.ndarray:
    """Return values (T, N-1) that hold within a slot and move to the next within ``ramp_s``.

    The last drawn number of a slot delays its beginning, as a fraction of the slot.
    """
    numbers, drawn = slots.around(time_s, 2, 0)
    begin = (numbers + drawn[..., -1]) * slots.length_s
    part = smoothstep((np.asarray(time_s, float)[:, None] - begin) / ramp_s)
    value = drawn[:, 0, :-1]
    for k in (1, 2):
        value = value + (drawn[:, k, :-1] - drawn[:, k - 1, :-1]) * part[:, k, None]
    return value
