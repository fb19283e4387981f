"""Every setting of a training run: one table for the command line, the config file and the saved run.

This module imports neither torch nor numpy, so that ``train --help`` answers at once.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from assets.errors import InputError, Problem, closest


def _setting(
    default: Any,
    text: str,
    group: str,
    choices: tuple[str, ...] = (),
    lowest: float | None = None,
    highest: float = float("inf"),
) -> Any:
    facts = {"help": text, "group": group, "choices": choices, "lowest": lowest, "highest": highest}
    return field(default=default, metadata=facts)


@dataclass(frozen=True)
class TrainSettings:
    """Settings of one run; defaults are the paper's adaptation (its table 1, cross-domain) on Swin-B."""

    # fmt: off
    source: str = _setting("", "Labelled source: a corpus under --data-root or a run folder of `synth render`.", "data")
    target: str = _setting("", "Unlabelled target: a corpus under --data-root or a folder of shards.", "data")
    data_root: str = _setting("", "Folder that holds one folder of shards per corpus.", "data")
    aus: str = _setting("", "Action Units, for example 1,2,4; empty takes those of the published protocol.", "data")
    evaluation: str = _setting("transductive", "transductive: adapt to and test on all target frames, as in the "
                               "paper; held-out: test on target subjects that adaptation never saw.", "data",
                               ("transductive", "held-out"))
    held_out_share: float = _setting(0.3, "Share of target subjects tested under --evaluation held-out.", "data", (), 0,
                                      1)
    fold: int = _setting(-1, "Within-domain: hold out this third of the source subjects (0, 1, 2) and test on it; -1 "
                         "trains on all. With --target it is left out of training, and the target is tested.", "data",
                         (), -1, 2)
    partition: str = _setting("", "Within-domain: train on the train and test on the test subjects of this CSV "
                              "(subject,split); `shards`: as the shards say; `deal`: 60 : 18 : 18 by group. With "
                              "--target the target is tested.", "data")
    val_share: float = _setting(0.0, "Share of source subjects held out for --select source-val.", "data", (), 0, 1)
    gender_csv: str = _setting("", "CSV with columns subject,gender for corpora whose shards do not know it.", "data")
    fairness: bool = _setting(True, "Report EO and SPD, which need the apparent gender of every subject.", "data")
    allow_single_class: bool = _setting(False, "Train on Action Units that the source shows always or never, too.",
                                        "data")
    mask_untransferred: bool = _setting(True, "Mask twin labels of Action Units that the rig misses or an audit found "
                                        "not transferred.", "data")
    workers: int = _setting(-1, "Loader processes; -1 chooses.", "data", (), -1)
    cache_gb: float = _setting(1.0, "Memory for decoded pictures, in GB: a corpus that fits is decoded once.", "data",
                               (), 0)

    backbone: str = _setting("swin_base_patch4_window7_224", "drml, jaanet or any timm model.", "model")
    weights: str = _setting("imagenet", "imagenet, none (random start) or the path of a weights file.", "model")
    input_px: int = _setting(0, "Side of the network input; 0 takes the model's own.", "model", (), 0)
    depth: int = _setting(0, "Stages of a timm backbone that are kept, from the input; 0 keeps all.", "model", (), 0)
    hidden: int = _setting(512, "Hidden units of each head.", "model", (), 1)
    dropout: float = _setting(0.1, "Dropout in the heads.", "model", (), 0, 1)
    narrow: bool = _setting(False, "Of a checkpoint that detects more Action Units than are asked for, keep the "
                            "outputs asked for.", "model")
    heads: int = _setting(2, "Heads trained by `train base`; adaptation needs two.", "model", (), 1)

    alpha: float = _setting(0.3, "Weight of L_Dis (eqs. 8 and 9).", "method", (), 0)
    beta: float = _setting(0.5, "Weight of L_PM2 (eq. 7), or of the moment distance of m3sda.", "method", (), 0)
    num_k: int = _setting(1, "Repeats of step 3; the paper's text has one, public MCD code four.", "method", (), 1)
    discrepancy_on: str = _setting("probability", "What L_Dis compares.", "method", ("probability", "logit"))
    pair_scale: str = _setting("none", "Scale of eq. 5; sqrt_d divides by the root of the feature size.", "method",
                               ("none", "sqrt_d"))
    twin_labels: bool = _setting(False, "pm2: add L_AU on the twins.", "method")
    trade_off: float = _setting(1.0, "Weight of the alignment loss of dan, dann, jan and cdan.", "method", (), 0)
    entropy_weighting: bool = _setting(False, "cdan: weight samples by certainty (CDAN+E).", "method")
    discriminator_lr_scale: float = _setting(1.0, "Learning rate of the discriminator over --lr.", "method", (), 0)

    epochs: int = _setting(10, "Passes over the source.", "loop", (), 1)
    steps_per_epoch: int = _setting(0, "End each pass after this many steps; 0 runs it whole.", "loop", (), 0)
    batch: int = _setting(32, "Frames per step and device.", "loop", (), 1)
    accumulate: int = _setting(1, "Batches whose gradients add up to one step.", "loop", (), 1)
    lr: float = _setting(1e-6, "Learning rate of AdamW.", "loop", (), 0)
    weight_decay: float = _setting(0.01, "Weight decay of AdamW.", "loop", (), 0)
    select: str = _setting("last", "Which epoch is scored; oracle-target looks at target labels and is marked so.",
                           "loop", ("last", "source-val", "oracle-target"))
    seed: int = _setting(0, "Root seed.", "loop")
    accelerator: str = _setting("auto", "Where to run.", "loop", ("auto", "cpu", "cuda"))
    devices: int = _setting(1, "Processes or GPUs per node.", "loop", (), 1)
    nodes: int = _setting(1, "Machines.", "loop", (), 1)
    precision: str = _setting("auto", "auto is bf16 on CUDA and 32 bit on CPU.", "loop", ("auto", "32", "bf16"))
    channels_last: bool = _setting(True, "Keep pictures channels-last in memory.", "loop")
    compile: bool = _setting(False, "Compile the encoder with torch.compile.", "loop")
    deterministic: bool = _setting(True, "Use deterministic kernels.", "loop")
    save_every: int = _setting(0, "Save a checkpoint after this many steps; 0 only at the end of each epoch.", "loop",
                               (), 0)
    log_every: int = _setting(10, "Steps between rows of the log.", "loop", (), 1)
    gap_frames: int = _setting(0, "Paired frames, spread evenly, for the gap between twins; 0 takes all.", "loop",
                               (), 0)
    boot: int = _setting(1000, "Bootstrap draws over subjects for the intervals.", "loop", (), 0)
    # fmt: on

    def __post_init__(self) -> None:
        problems = [problem for item in fields(self) if (problem := _bad_value(item, getattr(self, item.name)))]
        if problems:
            raise InputError(problems)


PAPER_BASE = {"epochs": 30, "lr": 1e-4, "batch": 128}
"""Table 1 of the paper, within-domain: the schedule of ``train base``."""

PAPER_ADAPT = {"epochs": 10, "lr": 1e-6, "batch": 32}
"""Table 1 of the paper, cross-domain: the schedule of every adaptation method."""

STANDIN_MODEL = {"backbone": "tf_efficientnet_lite0", "weights": "imagenet", "input_px": 72, "depth": 4, "hidden": 128}
"""Small model for the stand-in corpora on two CPU cores; its ImageNet weights come in a Python package. The last stage,
which sees 3 × 3 pixels here and takes a third of the time, is left out."""

STANDIN_MODEL_WITHOUT_WEIGHTS = {"backbone": "mobilenetv3_small_050", "weights": "none", "input_px": 112, "hidden": 128}
"""The same where that package is absent: smaller still, from a random start, and clearly worse."""

STANDIN_BASE = {"epochs": 6, "lr": 1e-3, "batch": 16, "gap_frames": 240}
STANDIN_ADAPT = {"epochs": 1, "steps_per_epoch": 45, "lr": 2e-4, "batch": 16, "gap_frames": 240}
"""Schedules for the stand-in corpora."""

_MCD = ("alpha", "num_k", "discrepancy_on")
SWITCHES: dict[str, tuple[str, ...]] = {
    "source": (),
    "dan": ("trade_off",),
    "jan": ("trade_off",),
    "dann": ("trade_off", "discriminator_lr_scale"),
    "cdan": ("trade_off", "discriminator_lr_scale", "entropy_weighting"),
    "mcd": _MCD,
    "m3sda": (*_MCD, "beta"),
    "pm2": (*_MCD, "beta", "pair_scale", "twin_labels"),
}
"""Settings of the group ``method`` that each method reads."""


def _bad_value(item: Field, value: Any) -> Problem | None:
    option, choices, lowest = option_of(item.name), item.metadata["choices"], item.metadata["lowest"]
    kind = setting_type(item.name)
    fits = isinstance(value, (int, float) if kind is float else kind) and (kind is bool or not isinstance(value, bool))
    if not fits:
        return Problem(f"{value!r} is no {kind.__name__}", option, f"pass a {kind.__name__}")
    if choices and value not in choices:
        return Problem(f"{value!r} is no choice", option, closest(str(value), choices))
    highest = item.metadata["highest"]
    if lowest is not None and not (lowest <= value <= highest and value < float("inf")):
        limit = "up" if highest == float("inf") else f"to {highest:g}"
        return Problem(f"{value} is out of range", option, f"pass a number from {lowest:g} {limit}")
    return None


def option_of(name: str) -> str:
    """Return the command line option of a setting: ``num_k`` → ``--num-k``."""
    return "--" + name.replace("_", "-")


def setting_type(name: str) -> type:
    """Return the type of a setting."""
    hint = typing.get_type_hints(TrainSettings)[name]
    return hint if not isinstance(hint, types.UnionType) else str


def with_values(settings: TrainSettings, values: Mapping[str, Any], where: object) -> TrainSettings:
    """Return settings with some replaced.

    Raises
    ------
    InputError
        If a name is unknown or a value does not fit.
    """
    names = [item.name for item in fields(TrainSettings)]
    problems = [
        Problem(f"no setting named {name!r}", str(where), closest(name, names)) for name in values if name not in names
    ]
    if problems:
        raise InputError(problems)
    return replace(settings, **dict(values))


def read_settings(path: Path) -> dict[str, Any]:
    """Read settings from a JSON or TOML file, for example the ``config.lock`` of an earlier run.

    Raises
    ------
    InputError
        If the file is missing or holds no table.
    """
    import tomllib

    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except FileNotFoundError:
        raise InputError.one("there is no such config file", path, "check --config") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError.one(f"this is no JSON or TOML ({error})", path, "mend the file") from None
    if not isinstance(table, dict):
        raise InputError.one("this file holds no table of settings", path, "write one setting per line")
    table = table.get("settings", table)
    return {key.replace("-", "_"): value for key, value in table.items()}


def as_table(settings: TrainSettings) -> dict[str, Any]:
    """Return settings as a plain table, ready for JSON."""
    return asdict(settings)


def deviations(settings: TrainSettings, method: str) -> list[str]:
    """Name every switch of a method that departs from the paper, for example ``num_k=4 (paper: 1)``."""
    plain = {item.name: item.default for item in fields(TrainSettings)}
    values = [(name, getattr(settings, name), plain[name]) for name in SWITCHES[method]]
    return [f"{name}={value} (paper: {default})" for name, value, default in values if value != default]
