"""Contact sheets: many pictures in one, with captions."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

GAP_PX = 4
PAPER = (24, 24, 26)
INK = (235, 235, 225)


def contact_sheet(images: Sequence[np.ndarray | None], columns: int, captions: Sequence[str] = ()) -> np.ndarray:
    """Return one picture of many, row by row.

    Parameters
    ----------
    images : sequence of (h, w, 3) uint8 or None
        All of one size; None leaves its place empty.
    columns : int
        Pictures per row, at least 1.
    captions : sequence of str
        One line above each picture; empty for none. Letters outside ASCII are written as ``?``.

    Returns
    -------
    sheet : (H, W, 3) uint8

    Raises
    ------
    ValueError
        If there is no picture, or they differ in size.
    """
    shapes = {image.shape for image in images if image is not None}
    if len(shapes) != 1:
        raise ValueError("a contact sheet needs pictures of one size, and at least one")
    height, width = next(iter(shapes))[:2]
    line = max(12, round(height * 0.075)) if captions else 0
    columns = max(1, min(columns, len(images)))
    rows = -(-len(images) // columns)
    cell_high, cell_wide = height + line + GAP_PX, width + GAP_PX
    sheet = np.empty((rows * cell_high + GAP_PX, columns * cell_wide + GAP_PX, 3), np.uint8)
    sheet[:] = PAPER
    for place, image in enumerate(images):
        row, column = divmod(place, columns)
        top, left = GAP_PX + row * cell_high, GAP_PX + column * cell_wide
        if place < len(captions):
            _write(sheet, captions[place], left + 2, top + line, line, width)
        if image is not None:
            sheet[top + line : top + line + height, left : left + width] = image
    return sheet


def _write(sheet: np.ndarray, text: str, left: int, bottom: int, line: int, width: int) -> None:
    """Write a caption, shrunk where it would not fit."""
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, line / 34.0
    text = text.encode("ascii", "replace").decode()
    wide = cv2.getTextSize(text, font, scale, 1)[0][0]
    scale *= min(1.0, (width - 4) / max(wide, 1))
    cv2.putText(sheet, text, (left, bottom - max(2, line // 4)), font, scale, INK, 1, cv2.LINE_AA)
