"""Random generators derived from keys, so that results do not depend on order or on worker count."""

from __future__ import annotations

import hashlib

import numpy as np

Key = int | str


def seed_words(seed: int, *keys: Key) -> tuple[int, ...]:
    """Return eight 32-bit words that depend on the seed and on every key.

    Parameters
    ----------
    seed : int
        Root seed, any integer; 0 is a seed like every other.
    *keys : int or str
        What the randomness is for, for example ``("avatar", subject, 1)``.
    """
    parts = [f"{type(key).__name__}:{key}" for key in (seed, *keys)]
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 32, 4))


def rng_for(seed: int, *keys: Key) -> np.random.Generator:
    """Return a generator that is a pure function of ``(seed, *keys)``.

    Parameters
    ----------
    seed : int
        Root seed.
    *keys : int or str
        Subject, avatar, frame, purpose: everything that tells this draw from others.
    """
    return np.random.Generator(np.random.PCG64(seed_words(seed, *keys)))
