"""Progress of a run on a terminal; nothing is drawn elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from assets.errors import Problem
from synth.run.plan import RunPlan
from synth.run.run import Watcher


class _Rate(ProgressColumn):
    """Frames per second, from steps per second."""

    def render(self, task: Task) -> Text:
        steps = task.fields.get("steps_per_frame", 1)
        return Text("" if not task.speed else f"{task.speed / steps:.1f} frames/s")


class BarWatcher(Watcher):
    """Draws a bar with rate and remaining time."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.steps: dict[str, int] = {}
        self.passed: dict[str, int] = {}

    def begin(self, plan: RunPlan, kept: frozenset[str], renderer: str) -> None:
        """Set up one bar over all frames that are not finished yet."""
        todo = [p for p in plan.subjects if p.subject not in kept]
        self.steps = {p.subject: p.frames * (1 + len(plan.twin_names) * len(p.tuples)) for p in todo}
        self.passed = dict.fromkeys(self.steps, 0)
        total, frames = sum(self.steps.values()), sum(p.frames for p in todo)
        self.task = self.progress.add_task(
            "rendering", total=total, steps_per_frame=total / max(frames, 1), note=renderer
        )

    def advance(self, subject: str, steps: int) -> None:
        """Move the bar."""
        self.passed[subject] += steps
        self.progress.advance(self.task, steps)

    def finished(self, subject: str, counts: dict[str, Any] | None, problems: tuple[Problem, ...]) -> None:
        """Name the subject; a failed one takes its remaining steps with it."""
        self.progress.advance(self.task, self.steps[subject] - self.passed[subject])
        self.progress.update(self.task, note=subject if counts is not None else f"{subject} failed")


@contextmanager
def progress_watcher() -> Iterator[Watcher]:
    """Give a watcher that draws on stderr if that is a terminal, else a silent one."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Watcher()
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), _Rate(),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[note]}"),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as progress:
        yield BarWatcher(progress)


@contextmanager
def counted(label: str, total: int) -> Iterator[Callable[[str, float], None]]:
    """Give a function that names what is done and moves a bar by some of ``total`` steps; silent without a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda note, steps: None
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[note]}"),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(label, total=total, note="")
        yield lambda note, steps: progress.update(task, advance=steps, note=note)
