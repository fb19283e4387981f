"""From shards to picture files and a table."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from assets.errors import InputError
from assets.shard import Shard, find_shards
from assets.shard_format import IMAGE_REAL, Status
from synth.shards.encode import SUFFIXES
from synth.shards.failures import output_errors

TABLE = "frames.csv"


def extract_run(out: Path, destination: Path, tick: Callable[[int], None] = lambda n: None) -> tuple[int, int]:
    """Write every picture as a file and one CSV row per planned frame.

    The table has the columns ``path`` (the real crop), one per twin, ``subject, gender, sequence, frame, status`` and
    one per Action Unit: 1, 0, or blank where unknown. Paths are relative to the table and blank where there is no
    picture.

    Parameters
    ----------
    out : Path
        Folder of a run, or a shard.
    destination : Path
        Folder; must be empty or new.
    tick : callable
        Receives numbers of finished rows.

    Returns
    -------
    rows, pictures : int
        How many were written.

    Raises
    ------
    InputError
        If there are no shards, or the destination holds something or cannot be written.
    """
    paths = find_shards(out)
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise InputError.one("the destination is not empty", destination, "name a new folder")
    with output_errors(destination):
        destination.mkdir(parents=True, exist_ok=True)
    images: list[str] = []
    aus: list[str] = []
    for path in paths:
        with Shard(path) as shard:
            images += [image for image in shard.twins if image not in images]
            aus += [name for name in shard.au_names if name not in aus]
    rows = pictures = 0
    with output_errors(destination), (destination / TABLE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(
            file, ["path", *images, "subject", "gender", "sequence", "frame", "status", *aus], restval=""
        )
        writer.writeheader()
        for path in paths:
            with Shard(path) as shard:
                for row, record in enumerate(_records(shard)):
                    for image in shard.images:
                        name = _write_picture(shard, image, row, record, destination)
                        record["path" if image == IMAGE_REAL else image] = name
                        pictures += bool(name)
                    writer.writerow(record)
                    rows += 1
                    tick(1)
    return rows, pictures


def _records(shard: Shard) -> list[dict[str, str]]:
    """Return what the table says about each row, without pictures."""
    sequence, frame = shard.array("frames/sequence"), shard.array("frames/frame")
    return [
        {
            "subject": shard.subject,
            "gender": shard.apparent_gender,
            "sequence": shard.sequences[sequence[row]],
            "frame": str(frame[row]),
            "status": Status(int(shard.status[row])).name.lower(),
            **{name: str(shard.au[row, i]) if shard.au_mask[row, i] else "" for i, name in enumerate(shard.au_names)},
        }
        for row in range(len(shard))
    ]


def _write_picture(shard: Shard, image: str, row: int, record: dict[str, str], destination: Path) -> str:
    """Write one picture and return its path relative to the destination, empty if there is none."""
    data = shard.read_bytes(image, row)
    if data is None:
        return ""
    folder = Path(shard.path.stem, record["sequence"].replace("/", "_").lstrip(".") or "sequence", image)
    (destination / folder).mkdir(parents=True, exist_ok=True)
    name = folder / f"{int(record['frame']):06d}{SUFFIXES[str(shard.file.attrs['encoding'])]}"
    (destination / name).write_bytes(data.tobytes())
    return name.as_posix()
