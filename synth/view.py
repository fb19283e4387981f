"""Contact sheets: the real crop and its twins side by side, with the Action Units that are labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from assets.errors import InputError, closest
from assets.shard import Shard, find_shards
from assets.shard_format import IMAGE_REAL, Status
from assets.units import GAZE_UNITS, UNITS
from synth.shards.encode import stored_picture
from synth.shards.failures import output_errors

MARGIN_PX, LINE_PX, TITLE_PX = 8, 16, 30
PAPER, INK, FAINT, MARK = (250, 250, 250), (20, 20, 20), (110, 110, 110), (170, 60, 0)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_SEEN_WEIGHT = 0.25
"""Units from this weight are named in the caption."""

_CAPTION_ROOM_PX = 150
"""A strip is at least this wide, so that its caption can be read."""

_HEADING = 0.45
_SMALLEST_TYPE = 0.8
"""Captions shrink to this share of their size; what is still too long ends in dots."""

_FACE_UNITS = np.array([name not in GAZE_UNITS for name in UNITS])


@dataclass(frozen=True)
class Strip:
    """One row of a sheet.

    Attributes
    ----------
    pictures : list of (size, size, 3) uint8 or None
        Real, then the twins.
    heading, detail : str
        Subject, frame and Action Units; what was transferred, empty if there are no twins.
    """

    pictures: list[np.ndarray | None]
    heading: str
    detail: str


def pick_rows(weights: np.ndarray, candidates: np.ndarray, count: int) -> np.ndarray:
    """Return ``count`` rows that show strong and different expressions, and the calmest one, in order.

    Each pick is the row farthest from everything picked before; the first is the strongest. Ties go to the earlier.
    Where no expression is known, as in crops without twins, rows are spread evenly.

    Parameters
    ----------
    weights : (T, 52) float
    candidates : (N,) int
        Rows to pick from.
    count : int
    """
    if len(candidates) <= count:
        return candidates
    shape = np.sqrt(np.clip(weights[candidates][:, _FACE_UNITS], 0, 1))
    strength = np.linalg.norm(shape, axis=1)
    if not strength.any():
        return candidates[np.linspace(0, len(candidates) - 1, count).astype(int)]
    picked = [int(np.argmax(strength))]
    calmest = int(np.argmin(strength))
    if count > 1 and calmest not in picked:
        picked.append(calmest)
    nearest = np.min([np.linalg.norm(shape - shape[i], axis=1) for i in picked], axis=0)
    while len(picked) < count:
        nearest[picked] = -1.0
        picked.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, np.linalg.norm(shape - shape[picked[-1]], axis=1))
    return candidates[np.sort(picked[:count])]


def describe(shard: Shard, row: int, weights: np.ndarray) -> Strip:
    """Return the strip of one row."""
    pictures = [stored_picture(shard, image, row) for image in shard.images]
    known = shard.au_mask[row] == 1
    active = [name for name, on, k in zip(shard.au_names, shard.au[row], known, strict=True) if k and on]
    labels = " ".join(active) if active else "no AU" if known.any() else "no AU label"
    sequence = shard.sequences[shard.array("frames/sequence")[row]]
    frame = shard.array("frames/frame")[row]
    status = Status(int(shard.status[row]))
    state = "" if status in (Status.OK, Status.REAL_ONLY) else f" [{status.name}]"
    order = np.argsort(-weights * _FACE_UNITS)
    strongest = [f"{UNITS[i]} {weights[i]:.2f}" for i in order[:4] if weights[i] >= _SEEN_WEIGHT and _FACE_UNITS[i]]
    name = shard.subject if sequence == shard.subject else f"{shard.subject} {sequence}"
    detail = (", ".join(strongest) or "at rest") if shard.twins else ""
    return Strip(pictures, f"{name} {frame}: {labels}{state}", detail)


def contact_sheet(strips: list[Strip], title: str, tile_px: int = 176, columns: int | None = None) -> np.ndarray:
    """Return the sheet (H, W, 3) uint8 RGB.

    Parameters
    ----------
    strips : list of Strip
        Not empty.
    title : str
    tile_px : int
        Side of each picture.
    columns : int or None
        Strips side by side; None takes about six pictures, more for many strips.
    """
    wide = max(len(strip.pictures) for strip in strips)
    columns = max(1, min(columns or max(1, round(6 / wide)) + len(strips) // 20, len(strips)))
    tall = -(-len(strips) // columns)
    strip_width = max(wide * tile_px, _CAPTION_ROOM_PX) + MARGIN_PX
    headings = [_wrapped(strip.heading, strip_width - MARGIN_PX, _HEADING) for strip in strips]
    lines = max(map(len, headings))
    caption_px = LINE_PX * (lines + any(strip.detail for strip in strips)) + 6
    strip_height = caption_px + tile_px + MARGIN_PX
    sheet = np.full(
        (TITLE_PX + tall * strip_height, MARGIN_PX + columns * (strip_width + MARGIN_PX), 3), PAPER, np.uint8
    )
    _write(sheet, title, (MARGIN_PX, 20), INK, 0.5, sheet.shape[1] - 2 * MARGIN_PX)
    for index, (strip, heading) in enumerate(zip(strips, headings, strict=True)):
        left = MARGIN_PX + (index // tall) * (strip_width + MARGIN_PX)
        top = TITLE_PX + (index % tall) * strip_height
        room = strip_width - MARGIN_PX
        for line, text in enumerate(heading):
            _write(sheet, text, (left, top + 14 + LINE_PX * line), MARK, _HEADING, room)
        _write(sheet, strip.detail, (left, top + 14 + LINE_PX * lines), FAINT, 0.38, room)
        for place, picture in enumerate(strip.pictures):
            x, y = left + place * tile_px, top + caption_px
            tile = sheet[y : y + tile_px, x : x + tile_px - 2]
            if picture is None:
                tile[:] = 225
                _write(sheet, "none", (x + tile_px // 2 - 16, y + tile_px // 2), FAINT, 0.4, tile_px)
            else:
                shrunk = cv2.resize(picture, (tile_px, tile_px), interpolation=cv2.INTER_AREA)
                tile[:] = shrunk[:, : tile_px - 2]
    return sheet


def _write(sheet: np.ndarray, text: str, place: tuple[int, int], ink: tuple, scale: float, room_px: int) -> None:
    """Write one line into its room: somewhat smaller if it is too long, cut short with dots if that is not enough."""
    text = text.encode("ascii", "replace").decode()
    scale *= float(np.clip(room_px / max(_width(text, scale), 1), _SMALLEST_TYPE, 1))
    if _width(text, scale) > room_px:
        while text and _width(text + "...", scale) > room_px:
            text = text[:-1]
        text = text.rstrip(" ,:") + "..."
    cv2.putText(sheet, text, place, _FONT, scale, ink, 1, cv2.LINE_AA)


def _wrapped(text: str, room_px: int, scale: float) -> list[str]:
    """Return the text in lines that fit, broken at blanks."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _width(longer, scale) > room_px:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _width(text: str, scale: float) -> int:
    return cv2.getTextSize(text, _FONT, scale, 1)[0][0]


def view_run(
    out: Path,
    destination: Path,
    subjects: Sequence[str] = (),
    frames: Sequence[int] = (),
    count: int = 12,
    tile_px: int = 176,
) -> int:
    """Write a contact sheet of a run and return its number of strips.

    Parameters
    ----------
    out : Path
        Folder of a run, or a shard.
    destination : Path
        PNG or JPEG file.
    subjects : sequence of str
        Which to show; empty shows as many as there are strips for.
    frames : sequence of int
        Frame numbers to show of each subject; empty picks strong and different expressions.
    count : int
        Strips, if ``frames`` is empty.
    tile_px : int

    Raises
    ------
    InputError
        Unknown subjects or frames, or a destination that cannot be written.
    """
    shards = {}
    for path in find_shards(out):
        with Shard(path) as shard:
            shards[shard.subject] = shard
    for name in subjects:
        if name not in shards:
            raise InputError.one(f"no subject {name!r}", out, closest(name, shards))
    chosen = list(subjects) or list(shards)[: max(1, count)]
    strips: list[Strip] = []
    for place, name in enumerate(chosen):
        share = count // len(chosen) + (place < count % len(chosen))
        with shards[name] as shard:
            weights = shard.array("frames/weights")
            if frames:
                rows = _rows_of_frames(shard, frames)
            else:
                rows = pick_rows(weights, _shown_rows(shard), share)
            strips += [describe(shard, int(row), weights[row]) for row in rows]
    if not strips:
        what = "there is no complete row to show"
        raise InputError.one(what, out, "name frames with --frame to see others")
    first = shards[chosen[0]]
    corpus = str(first.file.attrs["corpus"])
    kind = f"{corpus}: simulated frames, no person is shown" if first.simulated else corpus
    twins = " | ".join(image.replace("_", " ") for image in first.images)
    sheet = contact_sheet(strips, f"{twins}    ({kind})", tile_px)
    first.close()
    with output_errors(destination):
        destination.parent.mkdir(parents=True, exist_ok=True)
    suffix = destination.suffix.lower()
    if suffix not in (".png", ".jpg", ".jpeg"):
        raise InputError.one(f"a sheet cannot be written as {suffix!r}", destination, "call it sheet.png or sheet.jpg")
    with output_errors(destination):
        destination.write_bytes(cv2.imencode(suffix, sheet[..., ::-1])[1].tobytes())
    return len(strips)


def _shown_rows(shard: Shard) -> np.ndarray:
    """Return the rows (N,) whose pictures are all there: whole tuples, or real crops in a shard without twins."""
    if shard.twins:
        return shard.complete_rows()
    return np.flatnonzero((shard.status == Status.REAL_ONLY) & (shard.offsets[IMAGE_REAL][:, 1] > 0))


def _rows_of_frames(shard: Shard, frames: Sequence[int]) -> np.ndarray:
    numbers = shard.array("frames/frame")
    absent = [frame for frame in frames if frame not in numbers]
    if absent:
        have = f"use frames between {numbers.min()} and {numbers.max()}"
        raise InputError.one(f"subject {shard.subject!r} has no frame {absent[0]}", shard.path, have)
    return np.concatenate([np.flatnonzero(numbers == frame) for frame in frames])
