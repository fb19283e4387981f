"""From shards to picture files and tables."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from assets.errors import InputError
from assets.shard import Shard, find_shards
from assets.shard_format import IMAGE_REAL, Status
from synth.audit.disturb import disturbed_jpeg
from synth.picture_names import AGAIN, picture_names
from synth.shards.encode import SUFFIXES, stored_picture
from synth.shards.failures import output_errors

TABLE, INDEX = "frames.csv", "pictures.csv"
INDEX_COLUMNS = ("file", "subject", "image", "sequence", "frame", "row", "status")


def extract_run(
    out: Path, destination: Path, tick: Callable[[int], None] = lambda n: None, again: bool = False
) -> tuple[int, int]:
    """Write every picture as a file, one CSV row per planned frame, and one per picture.

    ``frames.csv`` has the columns ``path`` (the real crop), one per twin, ``subject, gender, sequence, frame, status``
    and one per Action Unit: 1, 0, or blank where unknown. ``pictures.csv`` has the columns ``INDEX_COLUMNS``. Paths are
    relative to the tables and blank where there is no picture. Files are called
    ``shard/sequence/image/frame`` (``synth.picture_names``).

    Parameters
    ----------
    out : Path
        Folder of a run, or a shard.
    destination : Path
        Folder; must be empty or new.
    tick : callable
        Receives numbers of finished rows.
    again : bool
        Also write a disturbed copy of every real picture, in folders ``real_again``.

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
    rows = pictures = 0
    with (
        output_errors(destination),
        (destination / TABLE).open("w", newline="", encoding="utf-8") as file,
        (destination / INDEX).open("w", newline="", encoding="utf-8") as index_file,
    ):
        table = csv.DictWriter(file, _columns(paths), restval="")
        index = csv.DictWriter(index_file, INDEX_COLUMNS, extrasaction="ignore")
        table.writeheader()
        index.writeheader()
        for path in paths:
            with Shard(path) as shard:
                names = picture_names(shard)
                for row, record in enumerate(_records(shard)):
                    files = _write_pictures(shard, row, names, destination, again)
                    index.writerows({**record, "file": name, "image": image, "row": row}
                                    for image, name in files.items())  # fmt: skip
                    table.writerow(
                        record | {"path" if image == IMAGE_REAL else image: files.get(image, "")
                                  for image in shard.images}
                    )  # fmt: skip
                    pictures += len(files)
                    rows += 1
                    tick(1)
    return rows, pictures


def _columns(paths: list[Path]) -> list[str]:
    images: list[str] = []
    aus: list[str] = []
    for path in paths:
        with Shard(path) as shard:
            images += [image for image in shard.twins if image not in images]
            aus += [name for name in shard.au_names if name not in aus]
    return ["path", *images, "subject", "gender", "sequence", "frame", "status", *aus]


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


def _write_pictures(
    shard: Shard, row: int, names: dict[str, list[str]], destination: Path, again: bool
) -> dict[str, str]:
    """Write the pictures of a row; return their paths relative to the destination by image."""
    suffix = SUFFIXES[str(shard.file.attrs["encoding"])]
    files: dict[str, str] = {}
    for image in shard.images:
        data = shard.read_bytes(image, row)
        if data is None:
            continue
        files[image] = _write(destination, names[image][row] + suffix, data.tobytes())
        if again and image == IMAGE_REAL and (picture := stored_picture(shard, image, row)) is not None:
            files[AGAIN] = _write(destination, names[AGAIN][row] + SUFFIXES["jpeg"], disturbed_jpeg(picture))
    return files


def _write(destination: Path, name: str, data: bytes) -> str:
    (destination / name).parent.mkdir(parents=True, exist_ok=True)
    (destination / name).write_bytes(data)
    return name
