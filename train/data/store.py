"""Decoded pictures kept in memory, so that a small corpus is decoded once and not once per epoch."""

from __future__ import annotations

import numpy as np


class PictureStore:
    """Decoded pictures by shard, image, row and size, up to a limit.

    A picture that no longer fits is decoded each time. What a batch holds does not depend on the store.

    Parameters
    ----------
    limit_bytes : int
        0 keeps nothing.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0
        self._pictures: dict[tuple[str, str, int, int], np.ndarray] = {}

    def __len__(self) -> int:
        return len(self._pictures)

    def get(self, key: tuple[str, str, int, int]) -> np.ndarray | None:
        """Return the picture of (path of the shard, image, row, shrink), or None."""
        return self._pictures.get(key)

    def put(self, key: tuple[str, str, int, int], picture: np.ndarray) -> None:
        """Keep a picture if it fits."""
        if key not in self._pictures and self.used_bytes + picture.nbytes <= self.limit_bytes:
            self._pictures[key] = picture
            self.used_bytes += picture.nbytes

    def room_for(self, pictures: int, side_px: int) -> bool:
        """Say whether so many pictures would fit into an empty store."""
        return pictures * side_px * side_px * 3 <= self.limit_bytes
