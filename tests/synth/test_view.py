"""Contact sheets: nothing is written outside the room it has."""

from __future__ import annotations

import numpy as np
import pytest

from synth.view import MARGIN_PX, PAPER, Strip, contact_sheet

LONG = "F001 T1 123456: " + " ".join(f"AU{n:02d}" for n in range(1, 30)) + " [RENDER_FAILED]"


def strip(pictures: int, level: int = 90) -> Strip:
    return Strip([np.full((40, 40, 3), level, np.uint8)] * pictures, LONG, "mouthSmileLeft 0.99, " * 6)


@pytest.mark.parametrize("tile_px", [32, 64, 176])
@pytest.mark.parametrize("pictures", [1, 3, 6])
def test_captions_stay_in_their_column(tile_px: int, pictures: int) -> None:
    """The gap between two columns and the right edge stay paper, however long a caption is."""
    sheet = contact_sheet([strip(pictures)] * 4, "title", tile_px, columns=2)
    stride = (sheet.shape[1] - MARGIN_PX) // 2
    for end in (stride, 2 * stride):
        gap = sheet[30:, end - MARGIN_PX + 1 : end + MARGIN_PX]
        assert gap.shape[1] >= MARGIN_PX
        assert (gap == np.array(PAPER)).all()


def test_long_headings_are_told_whole_on_several_lines() -> None:
    short = Strip([None], "F001 3: AU12", "")
    tall, low = contact_sheet([strip(1)], "t", 64), contact_sheet([short], "t", 64)
    assert tall.shape[0] > low.shape[0]
