"""Worker processes: results come back, and a failing or dying job takes nothing with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from assets.errors import InputError
from synth.run.pool import Outcome, run_jobs
from synth.shards.failures import OutputError


def work(argument: tuple[str, int], tick) -> int:
    """What the workers do; the word says how it ends."""
    word, number = argument
    tick(number)
    if word == "raise":
        raise ArithmeticError("no such number")
    if word == "mistake":
        raise InputError.one("a wrong value", "row 3", "mend it")
    if word == "full":
        raise OutputError.one("the disk is full", "out", "free some space")
    if word == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "threads":
        return int(os.environ["OPENBLAS_NUM_THREADS"])
    return number * number


def outcomes(jobs: list[tuple[str, int]], workers: int) -> tuple[dict[int, Outcome], dict[int, int]]:
    steps: dict[int, int] = {}
    found = run_jobs(work, jobs, [f"s{i}" for i in range(len(jobs))], workers, lambda j, n: steps.update({j: n}))
    return {outcome.job: outcome for outcome in found}, steps


def test_every_job_gives_one_outcome_for_any_number_of_workers() -> None:
    jobs = [("square", n) for n in range(5)]
    for workers in (1, 2):
        found, steps = outcomes(jobs, workers)
        assert {job: outcome.value for job, outcome in found.items()} == {n: n * n for n in range(5)}
        assert steps == {n: n for n in range(5)}


def test_failures_stay_with_their_job() -> None:
    found, _ = outcomes([("die", 1), ("square", 2), ("raise", 3), ("mistake", 4), ("square", 5), ("threads", 6)], 1)
    assert (found[1].value, found[4].value, found[5].value) == (4, 25, 1)
    assert "code -9" in str(found[0].problems[0])
    assert "no such number" in str(found[2].problems[0])
    assert str(found[3].problems[0]) == "row 3: a wrong value; mend it"
    assert not any(outcome.fatal for outcome in found.values())


def test_a_full_disk_ends_the_run() -> None:
    found, _ = outcomes([("full", 1), ("square", 2), ("square", 3)], 1)
    assert found[0].fatal
    assert set(found) == {0}


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from test_run_pool import linger\n"
        "from synth.run.pool import run_jobs\n"
        "if __name__ == '__main__':\n"
        "    list(run_jobs(linger, [sys.argv[1]], ['a'], 1, lambda j, n: None))\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(program)
    note = tmp_path / "pid"
    root = Path(__file__).resolve().parents[2]
    paths = os.pathsep.join([str(root), str(root / "tests" / "synth")])
    parent = subprocess.Popen([sys.executable, str(script), str(note)], env={**os.environ, "PYTHONPATH": paths})
    worker = _wait_for_pid(note)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while _alive(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(worker)


def linger(note: str, tick) -> None:
    Path(note).write_text(str(os.getpid()))
    time.sleep(60)


def _wait_for_pid(note: Path) -> int:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if note.exists() and note.read_text():
            return int(note.read_text())
        time.sleep(0.05)
    raise AssertionError("the worker did not begin")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z")
