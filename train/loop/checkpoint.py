"""Checkpoints: tensors and plain values only, readable without running any code of the file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from assets.errors import InputError
from train.data.frames import FrameTable
from train.data.people import person_keys
from train.loop.files import replace_file
from train.models.build import Detector, Heads, build_encoder
from train.settings import TrainSettings, with_values

FORMAT = "twinface-checkpoint"
VERSION = 1
CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes
    ----------
    epoch, step : int
        The next step to make: epoch, and step inside it.
    done : bool
        Whether all epochs are over.
    """

    epoch: int = 0
    step: int = 0
    done: bool = False


def write_checkpoint(path: Path, state: dict[str, Any], meta: dict[str, Any]) -> None:
    """Write a checkpoint; the one that was there stays whole if anything goes wrong.

    Parameters
    ----------
    path : Path
    state : dict
        Tensors and plain values.
    meta : dict
        What the model is: Action Units, method, settings, data fingerprints, licences.
    """
    content = {"format": FORMAT, "version": VERSION, "meta": json.dumps(meta, sort_keys=True), **state}
    replace_file(path, lambda part: torch.save(content, part))


def read_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a checkpoint, or that of a run folder → (state, meta).

    Raises
    ------
    InputError
        If there is none, or it is damaged or something else.
    """
    file = path / CHECKPOINT if path.is_dir() else path
    mend = "pass a run folder of `train`, or its checkpoint.pt"
    if not file.is_file():
        raise InputError.one("there is no checkpoint", file, mend)
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception:  # the unpickler, the archive and the file each have errors of their own
        raise InputError.one(
            "the checkpoint cannot be read: damaged, or written by something else", file, mend
        ) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError.one("this file is no checkpoint of this program", file, mend)
    if content["version"] > VERSION:
        raise InputError.one(f"checkpoint version {content['version']} is newer", file, "update this program")
    return content, json.loads(content["meta"])


def load_detector(path: Path) -> tuple[Detector, dict[str, Any]]:
    """Rebuild the model of a checkpoint on the CPU, in evaluation mode → (detector, meta)."""
    state, meta = read_checkpoint(path)
    settings = with_values(TrainSettings(), meta["settings"], path)
    columns = meta["aus"]
    encoder = build_encoder(settings.backbone, "none", columns, settings.input_px, settings.depth)
    heads = Heads(
        [encoder.make_head(len(columns), settings.hidden, settings.dropout) for _ in range(meta["heads"])]
    )  # fmt: skip
    encoder.load_state_dict(state["encoder"])
    heads.load_state_dict(state["heads"])
    return Detector(encoder, heads).eval(), meta


def refuse_other_aus(meta: dict[str, Any], columns: tuple[str, ...], where: object) -> None:
    """Raise if a checkpoint detects other Action Units than are asked for; both lists are named.

    Raises
    ------
    InputError
    """
    if list(columns) != list(meta["aus"]):
        what = f"the checkpoint detects {' '.join(meta['aus'])}, but {' '.join(columns)} are asked for"
        extra = [column for column in columns if column not in meta["aus"]]
        own = ",".join(a[2:].lstrip("0") for a in meta["aus"])
        mend = "train a base with these --aus" if extra else f"pass --aus {own}, or --narrow to keep these outputs"
        raise InputError.one(what, where, mend)


def narrowed(state: dict[str, Any], meta: dict[str, Any], columns: tuple[str, ...], where: object) -> tuple[dict, dict]:
    """Return a checkpoint that detects ``columns`` alone: the rows of these outputs in the last layer of each head.

    Raises
    ------
    InputError
        If the checkpoint lacks one of the columns, or its base model is built for its own list of Action Units.
    """
    if list(columns) == list(meta["aus"]):
        return state, meta
    if not set(columns) <= set(meta["aus"]):
        refuse_other_aus(meta, columns, where)
    if meta["settings"]["backbone"] == "jaanet":
        raise InputError.one("jaanet has a branch per Action Unit and cannot be narrowed", where, "train its own base")
    rows = torch.tensor([meta["aus"].index(column) for column in columns])
    heads = dict(state["heads"])
    for number in range(meta["heads"]):
        last = [key for key in heads if key.startswith(f"members.{number}.")][-1].rpartition(".")[0]
        for part in ("weight", "bias"):
            heads[f"{last}.{part}"] = heads[f"{last}.{part}"][rows].clone()
    return {**state, "heads": heads}, {**meta, "aus": list(columns)}


def trained_on(table: FrameTable, meta: dict[str, Any]) -> list[str]:
    """Return the subjects of a table whose labels a checkpoint, or one it started from, was trained on."""
    known = set(meta.get("trained_on", ()))
    return [table.subjects[i] for i in np.unique(table.shard) if known & person_keys(table, int(i))]


def refuse_one_head(meta: dict[str, Any], method: str, where: object) -> None:
    """Raise if a method needs two heads and the checkpoint has one.

    Raises
    ------
    InputError
    """
    if meta["heads"] < 2:
        raise InputError.one(f"{method} needs two heads, the checkpoint has one", where, "run train base --heads 2")


def model_settings(meta: dict[str, Any], settings: TrainSettings) -> TrainSettings:
    """Return ``settings`` with the model of a checkpoint."""
    keys = ("backbone", "input_px", "depth", "hidden", "dropout")
    return with_values(settings, {**{key: meta["settings"][key] for key in keys}, "heads": meta["heads"]}, "checkpoint")
