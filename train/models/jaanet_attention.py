"""Where JAA-Net looks for an Action Unit: two centres placed by landmarks, and a map that falls off around them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from assets.action_units import parse_au
from assets.errors import InputError, Problem

RULER = (22, 25)
"""Inner eye corners among the 49 landmarks: their horizontal distance is the unit of length."""

CENTRES: dict[int, tuple[int, int, float]] = {
    1: (4, 5, -1 / 2), 2: (1, 8, -1 / 3), 4: (2, 7, 1 / 3), 6: (24, 29, 1.0), 7: (21, 26, 0.0), 9: (15, 17, -1 / 2),
    10: (43, 45, 0.0), 12: (31, 37, 0.0), 14: (31, 37, 0.0), 15: (31, 37, 0.0), 17: (39, 41, 1 / 2),
    23: (34, 40, 0.0), 24: (34, 40, 0.0), 25: (34, 40, 0.0), 26: (39, 41, 1 / 2),
}  # fmt: skip
"""By Action Unit: two of the 49 landmarks (0-based) and a vertical shift in units of the ruler, downwards."""

SPATIAL_RATIO, FILL = 0.14, 0.56
"""Side of the region over the side of the map, and how much of the weight is lost at its edge."""


def centre_table(columns: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Return the landmark pairs (A, 2) int64 and the shifts (A,) float32 of the Action Units.

    Raises
    ------
    InputError
        If JAA-Net defines no region for one of them.
    """
    numbers = [parse_au(column).number for column in columns]
    unknown = [n for n in numbers if n not in CENTRES]
    if unknown:
        known = " ".join(map(str, CENTRES))
        raise InputError(
            Problem(f"jaanet has no region for AU {n}", "--aus", f"choose out of: {known}") for n in unknown
        )
    rows = [CENTRES[n] for n in numbers]
    return torch.tensor([row[:2] for row in rows]), torch.tensor([row[2] for row in rows])


def attention_maps(landmarks: Tensor, pairs: Tensor, shifts: Tensor, side: int) -> Tensor:
    """Draw the attention of every Action Unit.

    Parameters
    ----------
    landmarks : (B, 49, 2) float32
        x and y as fractions of the crop's side.
    pairs, shifts
        From ``centre_table``.
    side : int
        Side of the maps.

    Returns
    -------
    (B, A, side, side) float32 in [0, 1]
        Larger of the two regions' weights, 1 at the centres, 0 outside the regions.
    """
    ruler = (landmarks[:, RULER[0], 0] - landmarks[:, RULER[1], 0]).abs()
    centres = landmarks[:, pairs]  # (B, A, 2 centres, 2)
    y = centres[..., 1] + (shifts * ruler[:, None])[..., None]
    x_cell, y_cell = ((value * side).round() for value in (centres[..., 0], y))
    half = round((side - 1) / 2 * SPATIAL_RATIO)
    grid = torch.arange(side, device=landmarks.device, dtype=landmarks.dtype)
    dx = (grid - x_cell[..., None]).abs()  # (B, A, 2, side)
    dy = (grid - y_cell[..., None]).abs()
    distance = dy[..., :, None] + dx[..., None, :]
    inside = (dy <= half)[..., :, None] & (dx <= half)[..., None, :]
    weight = 1 - distance * FILL / (side * SPATIAL_RATIO)
    return (weight * inside).clamp_min(0).amax(2)
