"""One training run, from settings to a folder with checkpoint, logs and scores."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from assets.errors import InputError
from train.data.assemble import RunData, TestSet, assemble
from train.data.order import steps_per_epoch
from train.loop.checkpoint import (
    CHECKPOINT,
    Progress,
    model_settings,
    narrowed,
    read_checkpoint,
    refuse_one_head,
    refuse_other_aus,
    trained_on,
)
from train.loop.fabric import make_fabric, seed_torch
from train.loop.feeding import loader_workers, micro_batches, views_of
from train.loop.files import telling_full_disk, write_json
from train.loop.logs import Logs
from train.loop.outcome import LOCK, earlier_result, finish, rescored, run_meta, select_epoch
from train.loop.reporter import Reporter, Silent
from train.loop.state import load_state, save_state
from train.loop.system import System
from train.methods.method import Method
from train.methods.registry import method_named
from train.metrics.report import refuse_unknown_gender
from train.models.build import Heads, build_encoder, refuse_equal_heads
from train.settings import TrainSettings


@dataclass
class Run:
    """Everything alive during a run."""

    settings: TrainSettings
    method: Method
    system: System
    data: RunData
    fabric: Any
    out: Path
    meta: dict[str, Any]
    reporter: Reporter
    steps: int
    workers: int
    progress: Progress


def train(
    settings: TrainSettings,
    method_name: str,
    out: Path,
    init: Path | None = None,
    reporter: Reporter | None = None,
    stage: str = "adapt",
) -> dict[str, Any]:
    """Train, or continue a run that was cut short, and score it.

    Parameters
    ----------
    settings : TrainSettings
    method_name : str
        A key of ``train.methods.registry.METHODS``.
    out : Path
        Folder of the run; a finished run with the same settings is returned as it is.
    init : Path or None
        Checkpoint to start from, stage A of the paper; None builds the model anew.
    reporter : Reporter or None
        Hears notes and progress.
    stage : str
        ``base`` or ``adapt``, as written to the results.

    Returns
    -------
    dict
        The content of ``metrics.json``.

    Raises
    ------
    InputError
        Whatever is wrong with settings, data or checkpoint; found before training where possible.
    KeyboardInterrupt
        On Ctrl-C or SIGTERM, after a checkpoint was saved.
    """
    reporter = reporter or Silent()
    kind = method_named(method_name)
    initial = read_checkpoint(init) if init is not None else None
    if initial is not None:
        settings = model_settings(initial[1], settings)
    data = assemble(settings)
    if initial is not None and settings.narrow:
        initial = narrowed(*initial, data.columns, init)
    _check(settings, kind, data, initial, init)
    meta = run_meta(settings, method_name, stage, data, initial[1] if initial else None)
    finished = earlier_result(out, meta)
    if finished is not None:
        result = rescored(out, settings, data, finished)
        how = "are shown" if result == finished else "follow the changed labels, genders or --boot, without training"
        reporter.note(f"{out}: this run is finished; its scores {how}")
        return result
    fabric = make_fabric(settings)
    run = _start(settings, kind, data, fabric, out, dict(meta), reporter, initial)
    if fabric.is_global_zero:
        write_json(out / LOCK, meta)
    start = f"from {init}" if init is not None else {"none": "random start"}.get(settings.weights, settings.weights)
    model = f"model: {settings.backbone}, {run.system.encoder.facts.side_px} px, {start}"
    for line in (*meta["notes"], model, f"test set: {data.test.name}" if data.test else "no test set"):
        reporter.note(line)
    with telling_full_disk(out):
        logs = Logs(out, run.progress.epoch * run.steps + run.progress.step) if fabric.is_global_zero else None
        try:
            with _stopping() as stop:
                _epochs(run, logs, stop)
        finally:
            if logs is not None:
                logs.close()
    return finish(run)


def _check(
    settings: TrainSettings, kind: type[Method], data: RunData, initial: tuple[dict, dict] | None, init: Path | None
) -> None:
    """Refuse what would only fail after hours."""
    if initial is not None:
        refuse_other_aus(initial[1], data.columns, init)
        if kind.two_heads:
            refuse_one_head(initial[1], kind.name, init)
    elif kind.two_heads and settings.heads < 2:
        raise InputError.one(f"{kind.name} needs two heads", "--heads", "pass --heads 2")
    if kind.needs_target(settings) and data.target is None:
        raise InputError.one(f"{kind.name} adapts to a target and none is given", "--target", "pass --target")
    if kind.needs_twins(settings) and not data.source.paired.any():
        mend = "render twins with `synth render`, or train mcd, which needs none"
        raise InputError.one(f"{kind.name} needs twins and no source frame has any", settings.source, mend)
    if settings.fairness and data.test is not None:
        present = sorted(set(data.test.table.shard.tolist()))
        names = [data.test.table.subjects[i] for i in present]
        refuse_unknown_gender(names, [data.test.gender[i] for i in present], data.test.name.split(",")[0])
    if settings.select == "oracle-target" and data.target is None:
        raise InputError.one("--select oracle-target needs a target", "--target", "pass --target")
    if initial is not None and data.test is not None:
        _refuse_known(data.test, initial[1], init)


def _refuse_known(test: TestSet, before: dict[str, Any], init: Path | None) -> None:
    """Refuse a checkpoint that learned the labels of those who are tested."""
    known = trained_on(test.table, before)
    if known:
        who = ", ".join(known[:5]) + (" …" if len(known) > 5 else "")
        mend = (
            "pass a base that was trained on others: the same --fold or --partition within a corpus, or another corpus"
        )
        raise InputError.one(f"the checkpoint was trained on {len(known)} tested subjects: {who}", init, mend)


def _start(
    settings: TrainSettings,
    kind: type[Method],
    data: RunData,
    fabric: Any,
    out: Path,
    meta: dict[str, Any],
    reporter: Reporter,
    initial: tuple[dict, dict] | None,
) -> Run:
    """Build the modules and bring them to where the run begins or continues."""
    steps = steps_per_epoch(
        len(data.source), settings.batch, fabric.world_size, settings.accumulate, settings.steps_per_epoch
    )  # fmt: skip
    seed_torch(settings.seed, "init")
    count = len(data.columns)
    weights = "none" if initial else settings.weights
    encoder = build_encoder(settings.backbone, weights, data.columns, settings.input_px, settings.depth)
    heads = Heads([encoder.make_head(count, settings.hidden, settings.dropout) for _ in range(settings.heads)])
    if initial is not None:
        encoder.load_state_dict(initial[0]["encoder"])
        heads.load_state_dict(initial[0]["heads"])
    if kind.two_heads:
        refuse_equal_heads(heads)
    system = System(fabric, encoder, heads, kind.discriminator(encoder.feature_size, count), settings)
    seed_torch(settings.seed, "train", fabric.global_rank)
    workers = loader_workers(settings.workers, fabric.device.type == "cuda")
    run = Run(
        settings, kind(settings, system), system, data, fabric, out, meta, reporter, steps, workers, Progress()
    )  # fmt: skip
    if (out / CHECKPOINT).is_file():
        run.progress = load_state(run)
        reporter.note(f"continuing {out} at epoch {run.progress.epoch + 1}, step {run.progress.step}")
    return run


def _epochs(run: Run, logs: Logs | None, stop: threading.Event) -> None:
    total = run.settings.epochs * run.steps
    made = run.progress.epoch * run.steps + run.progress.step
    run.reporter.begin(f"{run.method.name}, {run.meta['stage']}", total, made)
    while not run.progress.done:
        _epoch(run, logs, stop)
        last = run.progress.epoch + 1 == run.settings.epochs
        select_epoch(run, run.progress.epoch)
        run.progress = Progress(run.progress.epoch + 1, 0, last)
        save_state(run)
    run.reporter.end()


def _epoch(run: Run, logs: Logs | None, stop: threading.Event) -> None:
    """Make the remaining steps of the current epoch."""
    settings, epoch, first = run.settings, run.progress.epoch, run.progress.step
    micro = settings.accumulate
    sums: dict[str, torch.Tensor] = {}
    counted = 0
    stream = micro_batches(run, epoch, first * micro, run.steps * micro)
    for step in range(first, run.steps):
        made = epoch * run.steps + step
        views = [views_of(run, next(stream), made) for _ in range(micro)]
        for phase in run.method.phases():
            for key, value in run.system.run_phase(phase, views).items():
                name = f"total {phase.name}" if key == "total" else key
                sums[name] = sums.get(name, 0.0) + value
        counted += 1
        values: dict[str, float] = {}
        if (made + 1) % settings.log_every == 0 or step + 1 == run.steps:
            refuse_nan(run, made + 1)
            values = {key: float(value) / counted for key, value in sums.items()}
            if logs is not None:
                logs.write(made + 1, epoch + 1, values)
            sums, counted = {}, 0
        run.reporter.advance(1, values)
        run.progress = Progress(epoch, step + 1)
        stopped = _any_process(run, stop.is_set())
        if stopped or (settings.save_every and (made + 1) % settings.save_every == 0):
            refuse_nan(run, made + 1)
            save_state(run)
        if stopped:
            raise KeyboardInterrupt


def refuse_nan(run: Run, step: int) -> None:
    """Raise if a loss was not finite; the checkpoint on disk is from before.

    Raises
    ------
    InputError
    """
    if _any_process(run, not bool(run.system.finite)):
        kept = (run.out / CHECKPOINT).is_file()
        rest = "; the checkpoint in the folder is from before" if kept else ""
        mend = f"pass a smaller --lr or --precision 32, and another --out{rest}"
        raise InputError.one(f"the loss is not finite at step {step}", run.out, mend)


def _any_process(run: Run, flag: bool) -> bool:
    """Say whether the flag is set on any process."""
    if run.fabric.world_size == 1:
        return flag
    return bool(run.fabric.all_reduce(torch.tensor(float(flag), device=run.fabric.device), reduce_op="max"))


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Turn Ctrl-C and SIGTERM into a flag that the loop reads between steps; a second one interrupts at once."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(number: int, frame: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {name: signal.signal(name, ask) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
