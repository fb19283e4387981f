"""Making the runs of a study: several at a time in processes of their own, finished ones kept."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import torch

from assets.errors import InputError, Problem
from train.loop.outcome import METRICS
from train.loop.reporter import Reporter, Silent
from train.loop.run import train
from train.report.plan import Job, ready

COST = {"source": 1.0, "dan": 2.0, "dann": 2.0, "jan": 2.0, "cdan": 2.0, "mcd": 4.0, "m3sda": 7.0, "pm2": 6.0}
"""Cost of one step relative to source training; only the first estimate of the remaining time rests on it."""


class Clock:
    """Estimates the time left from the runs made so far; runs that were found finished do not count.

    Parameters
    ----------
    jobs : sequence of Job
    at_once : int
    """

    def __init__(self, jobs: Sequence[Job], at_once: int) -> None:
        self.left = {job.name: job for job in jobs}
        self.at_once = at_once
        self.seconds: dict[str, list[float]] = {}

    def made(self, job: Job, seconds: float | None) -> None:
        """Take that a job is done; ``seconds`` is None if it was found finished."""
        del self.left[job.name]
        if seconds is not None:
            self.seconds.setdefault(kind_of(job), []).append(seconds)

    def remaining_s(self) -> float | None:
        """Return the seconds left, None before the first run is made.

        A kind of run that was not made yet is estimated from its cost and the others.
        """
        mean = {kind: sum(values) / len(values) for kind, values in self.seconds.items()}
        if not mean:
            return None
        per_cost = sum(mean.values()) / sum(cost_of(kind) for kind in mean)
        each = (mean.get(kind_of(job), per_cost * cost_of(kind_of(job))) for job in self.left.values())
        return sum(each) / self.at_once


def kind_of(job: Job) -> str:
    """Return what runs of about equal length share: stage, base model, method and epochs."""
    return f"{job.stage} {job.settings.backbone} {job.method} {job.settings.epochs}"


def cost_of(kind: str) -> float:
    """Return the relative cost of a kind of run."""
    _, _, method, epochs = kind.split(" ")
    return COST[method] * int(epochs)


def run_jobs(jobs: Sequence[Job], folder: Path, at_once: int, reporter: Reporter) -> None:
    """Make every run that is not finished yet.

    Parameters
    ----------
    jobs : sequence of Job
        Each after the one it starts from.
    folder : Path
        Holds one folder per job.
    at_once : int
        With 1 the runs are made in this process, which several devices need; otherwise each of ``at_once``
        processes uses its share of the cores.
    reporter : Reporter

    Raises
    ------
    InputError
        What went wrong in a run; the others that were under way are finished and kept. Or if a process was killed.
    KeyboardInterrupt
        After every run under way has saved a checkpoint.
    """
    clock = Clock(jobs, at_once)
    if at_once == 1:
        for job in jobs:
            found = (folder / job.name / METRICS).is_file()
            reporter.note(f"{job.name}: {'already finished' if found else 'begins'}")
            start = time.perf_counter()
            _train(job, folder, Silent() if found else reporter)
            clock.made(job, None if found else time.perf_counter() - start)
            reporter.note(_line(job, clock, len(jobs)))
        return
    context = multiprocessing.get_context("spawn")
    threads = max(1, torch.get_num_threads() // at_once)
    pool = ProcessPoolExecutor(at_once, context, initializer=torch.set_num_threads, initargs=(threads,))
    try:
        _feed(pool, jobs, folder, clock, reporter)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _feed(pool: ProcessPoolExecutor, jobs: Sequence[Job], folder: Path, clock: Clock, reporter: Reporter) -> None:
    waiting = list(jobs)
    done: set[str] = set()
    running: dict[Future, Job] = {}
    while waiting or running:
        for job in ready(waiting, done)[: clock.at_once - len(running)]:
            waiting.remove(job)
            running[pool.submit(_in_process, job, folder)] = job
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            job = running.pop(future)
            try:
                problems, seconds = future.result()
            except BrokenProcessPool:
                what = "a process of the study was ended from outside, perhaps for want of memory"
                mend = "run the same command again with a smaller --batch; finished runs are kept"
                raise InputError.one(what, folder, mend) from None
            if problems:
                raise InputError(problems)
            done.add(job.name)
            clock.made(job, seconds)
            reporter.note(_line(job, clock, len(jobs)))


def _in_process(job: Job, folder: Path) -> tuple[tuple[Problem, ...], float | None]:
    """Make one run in a process of the pool; errors travel as problems."""
    found, start = (folder / job.name / METRICS).is_file(), time.perf_counter()
    try:
        _train(job, folder, Silent())
    except InputError as error:
        return error.problems, None
    return (), None if found else time.perf_counter() - start


def _train(job: Job, folder: Path, reporter: Reporter) -> None:
    init = folder / job.init if job.init is not None else None
    train(job.settings, job.method, folder / job.name, init, reporter, job.stage)


def _line(job: Job, clock: Clock, total: int) -> str:
    left = clock.remaining_s()
    estimate = "" if left is None or not clock.left else f"; about {max(1, round(left / 60))} min left"
    return f"{total - len(clock.left)} of {total} runs finished ({job.name}){estimate}"
