"""Worker processes that take one subject at a time; one that dies takes nothing with it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from assets.errors import InputError, Problem

ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "LP_NUM_THREADS": "0",
}
"""Environment of the workers: the processes are the parallelism."""


@dataclass(frozen=True)
class Outcome:
    """What became of one job.

    Attributes
    ----------
    job : int
        Its place in the list.
    value : object
        What the function returned; None if it failed.
    problems : tuple of Problem
        Why it failed.
    fatal : bool
        Whether no other job can succeed either.
    """

    job: int
    value: Any = None
    problems: tuple[Problem, ...] = ()
    fatal: bool = False


class _Worker:
    """One process and the pipe to it."""

    def __init__(self, context: Any, function: Callable[..., Any]) -> None:
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, function), daemon=True)
        with _environment(ONE_THREAD):
            self.process.start()
        theirs.close()
        self.job: int | None = None

    def give(self, job: int, argument: Any) -> None:
        self.job = job
        self.pipe.send(argument)

    def receive(self, names: list[str], advance: Callable[[int, int], None]) -> Outcome | None:
        """Return the outcome of the job, None for a message on the way."""
        assert self.job is not None
        try:
            kind, *payload = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            what = f"its worker process ended with code {self.process.exitcode}"
            mend = "run the same command again; if it happens again, try --renderer software and report it"
            return Outcome(self.job, problems=(Problem(what, names[self.job], mend),))
        if kind == "tick":
            advance(self.job, payload[0])
            return None
        if kind == "done":
            return Outcome(self.job, value=payload[0])
        return Outcome(self.job, problems=payload[0], fatal=payload[1])

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


def run_jobs(
    function: Callable[[Any, Callable[[int], None]], Any],
    arguments: list[Any],
    names: list[str],
    workers: int,
    advance: Callable[[int, int], None],
) -> Iterator[Outcome]:
    """Run ``function(argument, tick)`` for every argument in worker processes and yield outcomes as they come.

    Parameters
    ----------
    function : callable
        Importable by name; ``tick(n)`` reports ``n`` finished steps. What it raises ends its own job only, unless
        it is an ``InputError`` whose class is marked ``fatal``.
    arguments : list
        Picklable.
    names : list of str
        What each job is called in messages.
    workers : int
    advance : callable
        Receives ``(job, steps)``.

    Yields
    ------
    Outcome
        One per job; after a fatal one the remaining jobs are given up.
    """
    context = multiprocessing.get_context("spawn")
    waiting = list(range(len(arguments)))[::-1]
    crew: list[_Worker] = []
    try:
        for _ in range(min(workers, len(arguments))):
            crew.append(_Worker(context, function))
            job = waiting.pop()
            crew[-1].give(job, arguments[job])
        while busy := {worker.pipe: index for index, worker in enumerate(crew) if worker.job is not None}:
            for pipe in wait(list(busy)):
                worker = crew[busy[pipe]]
                outcome = worker.receive(names, advance)
                if outcome is None:
                    continue
                worker.job = None
                if waiting and worker.process.exitcode is not None:
                    worker.stop()
                    worker = crew[busy[pipe]] = _Worker(context, function)
                if waiting and not outcome.fatal:
                    job = waiting.pop()
                    worker.give(job, arguments[job])
                yield outcome
                if outcome.fatal:
                    return
    finally:
        for worker in crew:
            worker.stop()


def _serve(pipe: Connection, function: Callable[..., Any]) -> None:
    """Take jobs from the pipe until it closes; the process also ends when its parent does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def tick(steps: int) -> None:
        pipe.send(("tick", steps))

    while True:
        try:
            argument = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            pipe.send(("done", function(argument, tick)))
        except InputError as error:
            fatal = bool(getattr(error, "fatal", False))
            pipe.send(("failed", error.problems, fatal))
            if fatal:
                os._exit(1)  # at once: HDF5 would try, and fail, to flush the file that does not fit
        except Exception as error:
            mend = "this is a fault of the program: please report this line"
            pipe.send(("failed", (Problem(f"{type(error).__name__}: {error}", _place(error), mend),), False))


def _place(error: Exception) -> str:
    """Return file and line of the innermost frame that is not in a library."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    return f"{'/'.join(own[-1].filename.split(os.sep)[-2:])}:{own[-1].lineno}"


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables for the processes started inside the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
