"""Random processes in time that can be evaluated anywhere: frame t never depends on which frames came before.

Time is cut into slots. What happens in slot j is drawn from a generator keyed by j, and the value at a time
depends on a fixed number of neighbouring slots, so that any chunking of the frames gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from assets.keyed import Key, rng_for


def smoothstep(x: np.ndarray) -> np.ndarray:
    """Return 0 below 0, 1 above 1 and ``3x² - 2x³`` between, elementwise."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def inverse_smoothstep(y: np.ndarray) -> np.ndarray:
    """Return the x in [0, 1] at which ``smoothstep`` takes the value y in [0, 1]."""
    return 0.5 - np.sin(np.arcsin(np.clip(1.0 - 2.0 * y, -1.0, 1.0)) / 3.0)


class Slots:
    """Vectors drawn slot by slot.

    Parameters
    ----------
    seed : int
        Root seed.
    keys : tuple of int or str
        What the process is, for example ``("standin-bp4d", "F001", "T1", "blink")``.
    length_s : float
        Length of a slot in seconds.
    draw : callable
        ``draw(rng) -> (N,) float array``: everything about one slot.
    """

    def __init__(
        self, seed: int, keys: tuple[Key, ...], length_s: float, draw: Callable[[np.random.Generator], np.ndarray]
    ) -> None:
        self.seed, self.keys, self.length_s, self._draw = seed, keys, length_s, draw

    def index(self, time_s: np.ndarray) -> np.ndarray:
        """Return the slot (T,) int64 that holds each time."""
        return np.floor(np.asarray(time_s, float) / self.length_s).astype(np.int64)

    def around(self, time_s: np.ndarray, before: int, after: int) -> tuple[np.ndarray, np.ndarray]:
        """Return slot numbers (T, S) and what was drawn for them (T, S, N), S = before + 1 + after.

        Parameters
        ----------
        time_s : (T,) float
        before, after : int
            Neighbours to include on either side of the slot that holds the time.
        """
        here = self.index(time_s)
        if here.size == 0:
            width = len(self._draw(rng_for(self.seed, *self.keys, 0)))
            return np.zeros((0, before + 1 + after), np.int64), np.zeros((0, before + 1 + after, width))
        numbers = here[:, None] + np.arange(-before, after + 1)
        needed = np.unique(numbers)
        drawn = np.stack([self._draw(rng_for(self.seed, *self.keys, int(j))) for j in needed])
        return numbers, drawn[np.searchsorted(needed, numbers)]


def wander(rng: np.random.Generator, time_s: np.ndarray, channels: int, band_hz: tuple[float, float]) -> np.ndarray:
    """Return smooth noise (T, channels) with mean 0 and variance 1, band-limited.

    A sum of twelve cosines per channel with frequencies spread evenly on a logarithmic scale; the generator
    only fixes frequencies and phases, so any time can be evaluated.
    """
    count = 12
    edges = np.linspace(np.log(band_hz[0]), np.log(band_hz[1]), count + 1)
    frequency = np.exp(edges[:-1] + rng.random((channels, count)) * np.diff(edges))
    phase = rng.random((channels, count)) * 2.0 * np.pi
    angle = 2.0 * np.pi * frequency * np.asarray(time_s, float)[:, None, None] + phase
    return np.cos(angle).sum(-1) * np.sqrt(2.0 / count)
