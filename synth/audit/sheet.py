"""A picture of the best and the worst triplets of an audited run: ``python -m synth.audit.sheet RUN PICTURE.jpg``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from assets.shard import Shard, find_shards
from synth.audit.files import read_record
from synth.shards.encode import decode_picture
from synth.shards.writer import output_errors
from synth.view import Strip, contact_sheet

QUALITY = 80


def examples_sheet(run: Path, tile_px: int = 104) -> np.ndarray:
    """Return a sheet (H, W, 3) uint8: for every Action Unit the triplet that follows best and the one that fails most.

    Parameters
    ----------
    run : Path
        Folder of an audited run.
    tile_px : int
        Side of each picture.

    Raises
    ------
    InputError
        If the run was not audited.
    """
    record = read_record(run)
    shards = {}
    for path in find_shards(run):
        with Shard(path) as shard:
            shards[shard.subject] = path
    strips = []
    for column, row in record["units"].items():
        for kind in ("best", "worst"):
            strips += [_strip(shards, column, row, kind, example) for example in row["examples"][kind][:1]]
    about = record["about"]
    what = "simulated frames, no person is shown" if about["simulated"] else "real frames"
    title = f"real | female | male, per Action Unit best, then worst    ({about['corpus']}: {what})"
    return contact_sheet(strips, title, tile_px, columns=4)


def _strip(shards: dict[str, Path], column: str, row: dict[str, Any], kind: str, example: dict[str, Any]) -> Strip:
    with Shard(shards[example["subject"]]) as shard:
        coded = [shard.read_bytes(image, example["row"]) for image in shard.images[:3]]
    pictures = [None if data is None else decode_picture(data) for data in coded]
    levels = ", ".join(f"{value:+.0%}" for value in example["activation"][:3])
    return Strip(pictures, f"{column} {row['name']}: {row['verdict']}", f"{kind}: {levels}")


def write_sheet(run: Path, destination: Path) -> None:
    """Write ``examples_sheet`` as a JPEG file."""
    coded = cv2.imencode(".jpg", examples_sheet(run)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    with output_errors(destination):
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.write_bytes(coded.tobytes())


if __name__ == "__main__":
    write_sheet(Path(sys.argv[1]), Path(sys.argv[2]))
