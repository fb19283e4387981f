"""Valid tiny shards for tests, written straight from the FIELDS table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import simplejpeg

from assets.action_units import au_columns
from assets.keyed import rng_for
from assets.shard_format import ATTRIBUTES, FIELDS, FORMAT_NAME, FORMAT_VERSION, IMAGE_REAL, TWIN_PAIR, Status
from assets.units import UNITS

LANDMARKS = 478


@dataclass(frozen=True)
class TinySubject:
    """What to write for one subject; labels are drawn so that pictures show them."""

    name: str
    gender: str = "female"
    frames: int = 16
    aus: tuple[int, ...] = (1, 2, 4, 6, 12)
    corpus: str = "tiny"
    twins: tuple[str, ...] = TWIN_PAIR
    size_px: int = 64
    seed: int = 0
    unpaired: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    unknown: float = 0.0
    simulated: bool = True


def picture(au: np.ndarray, tone: float, hue: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a (size, size, 3) uint8 picture in which AU ``i`` lights two cells of a 4 × 4 grid, mirror images."""
    cell = size // 4
    image = np.full((size, size, 3), 40 + 60 * tone, dtype=np.float32)
    image[..., hue % 3] += 30
    for i, active in enumerate(au):
        row, left = divmod(i, 2)
        for column in (left, 3 - left):
            image[row * cell : (row + 1) * cell, column * cell : (column + 1) * cell] += 110 * active
    return np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


def labels_of(subject: TinySubject) -> tuple[np.ndarray, np.ndarray]:
    """Return (T, A) labels and masks; every AU has both classes when there are frames enough."""
    rng = rng_for(subject.seed, "tiny-labels", subject.name)
    au = (rng.random((subject.frames, len(subject.aus))) < 0.4).astype(np.uint8)
    au[0], au[1] = 1, 0
    mask = (rng.random(au.shape) >= subject.unknown).astype(np.uint8)
    mask[:2] = 1
    return au, mask


def _shape(field_shape: Sequence[str | int], sizes: dict[str, int]) -> tuple[int, ...]:
    return tuple(sizes[part] if isinstance(part, str) else part for part in field_shape)


def write_tiny_shard(path: Path, subject: TinySubject) -> Path:
    """Write one shard; return its path."""
    rng = rng_for(subject.seed, "tiny-pictures", subject.name)
    au, mask = labels_of(subject)
    count, twins = subject.frames, len(subject.twins)
    status = np.full(count, Status.OK if twins else Status.REAL_ONLY, np.uint8)
    status[list(subject.unpaired)] = Status.FIT_BAD
    status[list(subject.missing)] = Status.NO_FACE
    values: dict[str, np.ndarray] = {"frames/au": au, "frames/au_mask": mask, "frames/status": status}
    values["frames/sequence"] = np.zeros(count, np.int32)
    values["frames/frame"] = np.arange(1, count + 1)
    values["frames/time_s"] = np.arange(count) / 25.0
    values["sequences/size_px"] = np.full((1, 2), subject.size_px)
    values["frames/landmarks_px"] = rng.uniform(4, subject.size_px - 4, (count, LANDMARKS, 3)).astype(np.float32)
    values["frames/crop_from_source"] = np.broadcast_to(np.eye(2, 3, dtype=np.float32), (count, 2, 3))
    sizes = {"T": count, "G": twins, "A": len(subject.aus), "K": len(UNITS), "S": 1, "L": LANDMARKS}
    texts = {
        "sequences/name": ["T1"],
        "avatars/name": [f"{subject.name}-{twin}" for twin in subject.twins],
        "avatars/image": list(subject.twins),
        "avatars/apparent_gender": list(subject.twins),
        "avatars/spec": [json.dumps({"seed": subject.seed})] * twins,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for index, image in enumerate((IMAGE_REAL, *subject.twins)):
            keep = status != Status.NO_FACE if image == IMAGE_REAL else status == Status.OK
            hue = index + (subject.gender == "male")
            blobs = [
                simplejpeg.encode_jpeg(picture(row, index / 2, hue, subject.size_px, rng), quality=92)
                if wanted
                else b""
                for row, wanted in zip(au, keep, strict=True)
            ]
            lengths = np.array([len(blob) for blob in blobs])
            file[f"images/{image}/blob"] = np.frombuffer(b"".join(blobs), np.uint8)
            file[f"images/{image}/offset"] = np.stack([np.cumsum(lengths) - lengths, lengths], 1)
        for field in FIELDS:
            if "{image}" in field.path or field.optional:
                continue
            if field.dtype == "str":
                file.create_dataset(field.path, data=np.array(texts[field.path], object), dtype=h5py.string_dtype())
            else:
                value = values.get(field.path, np.zeros(_shape(field.shape, sizes)))
                file.create_dataset(field.path, data=np.asarray(value, field.dtype))
        for key, value in attributes_of(subject).items():
            file.attrs[key] = value
    return path


def attributes_of(subject: TinySubject) -> dict[str, object]:
    """Return every attribute of the ATTRIBUTES table."""
    columns = list(au_columns(subject.aus))
    values: dict[str, object] = {
        "format": FORMAT_NAME,
        "format_version": FORMAT_VERSION,
        "subject": subject.name,
        "apparent_gender": subject.gender,
        "corpus": subject.corpus,
        "simulated": subject.simulated,
        "label_source": "simulated",
        "au_names": columns,
        "unit_names": list(UNITS),
        "landmark_scheme": "mediapipe478",
        "size_px": subject.size_px,
        "encoding": "jpeg",
        "seed": subject.seed,
        "config": "{}",
        "versions": "{}",
        "licences": json.dumps({"source": {"spdx": "CC0-1.0"}}),
        "coverage": json.dumps({column: {"status": "driven"} for column in columns}),
        "fit": "{}",
        "complete": True,
    }
    assert set(values) == set(ATTRIBUTES)
    return values


def write_tiny_corpus(
    folder: Path, name: str, subjects: int = 4, frames: int = 16, size_px: int = 64, **options: object
) -> Path:
    """Write ``subjects`` shards of alternating gender under ``folder/name``; return that folder."""
    for index in range(subjects):
        gender = TWIN_PAIR[index % 2]
        subject = TinySubject(
            f"{gender[0].upper()}{index:03d}", gender, frames, corpus=name, size_px=size_px, seed=index, **options
        )
        write_tiny_shard(folder / name / f"{subject.name}.h5", subject)
    return folder / name
