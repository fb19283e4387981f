"""The built-in stand-in corpora: rendered once, kept under a data folder."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import click

STANDIN_ROOT = Path("out") / "standin"
STANDIN_SIZE_PX = 128
STANDIN_RENDERER = "software"
"""Draws the stand-ins and their twins on every machine: pictures of a graphics card differ by a grey level, and a study
should not depend on whether there is a card."""
STANDIN_FRAMES = {"standin-bp4d": 36, "standin-disfa": 40, "standin-gft": 30}
STANDIN_SUBJECTS = {"standin-bp4d": 41, "standin-disfa": 27, "standin-gft": 36}
"""Frames of each subject, and subjects of each stand-in, in a training run on the defaults."""


def standin_folders(root: Path, source: str, target: str, subjects: int | None, frames: int | None) -> tuple[str, str]:
    """Render what is missing of a stand-in source with twins and of a stand-in target without.

    Parameters
    ----------
    root : Path
        Data folder; holds one run folder per corpus and size.
    source, target : str
        ``standin-bp4d`` and so on; the target may be empty.
    subjects, frames : int or None
        Subjects of each corpus and frames of each subject; None takes the defaults.

    Returns
    -------
    (str, str)
        Folders of both; the second is empty without target.
    """
    return standin_folder(root, source, True, subjects, frames), (
        standin_folder(root, target, False, subjects, frames) if target else ""
    )


def standin_folder(root: Path, name: str, twins: bool, subjects: int | None, frames: int | None) -> str:
    """Render what is missing of one stand-in and return its folder; see ``standin_folders``."""
    frames = frames or STANDIN_FRAMES[name]
    count = subjects or STANDIN_SUBJECTS[name]
    values = {
        "source": (name,), "subjects": count, "frames": frames, "size": STANDIN_SIZE_PX, "renderer": STANDIN_RENDERER
    }  # fmt: skip
    folder = root / f"{name}-{count}x{frames}-{_digest(values)}"
    _render(values, folder, twins)
    return str(folder)


def _digest(values: dict[str, Any]) -> str:
    """Return six hex digits of the whole render configuration: other defaults of a later version render anew."""
    from synth.run.config import make_config

    return hashlib.sha256(make_config(values).to_json().encode()).hexdigest()[:6]


def _render(values: dict[str, Any], folder: Path, twins: bool) -> None:
    from assets.errors import InputError
    from cli.progress import progress_watcher
    from synth.doctor import usable_cores
    from synth.run.config import make_config
    from synth.run.plan import make_plan, plan_source
    from synth.run.run import run

    plan = make_plan(config := make_config(values))
    if not twins:
        plan = plan_source(plan.source, 0, [()] * len(plan.subjects), "no avatars: real crops only")
    kind = "with twins" if twins else "without twins"
    size = f"{len(plan.subjects)} subjects, {plan.frames} frames {kind}"
    click.echo(f"{plan.source.corpus}: simulated stand-in, {size}, in {folder}")
    with progress_watcher() as watcher:
        result = run(config, plan, folder, usable_cores(), watcher=watcher)
    if result.failed:
        raise InputError(dict.fromkeys(problem for problems in result.failed.values() for problem in problems))
