"""The main job: plan, resume, workers, record."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assets.coverage import coverage
from assets.errors import InputError, NoFaceError, Problem
from assets.models import FACE_MODEL_SHA256
from assets.rig import Rig
from assets.shard import Shard
from assets.shard_format import Status
from synth.avatars.levels import LevelTwin, check_rig, parse_axes, sample_tuples
from synth.render.choose import choose_renderer
from synth.run.config import RenderConfig
from synth.run.folder import (
    RUN_FILE,
    finished_subjects,
    prepare_folder,
    run_lock,
    shard_folder,
    write_checksums,
    write_json,
)
from synth.run.job import SubjectJob, TwinRole
from synth.run.plan import RunPlan, SubjectPlan
from synth.run.pool import run_jobs
from synth.run.rigs import load_rigs, rig_names, shared_coverage
from synth.run.subject import render_subject
from synth.run.unreadable import picture_problems
from synth.run.versions import library_versions
from synth.shards.checksums import file_sha256
from synth.shards.writer import image_groups
from synth.verify import shard_counts


@dataclass
class RunResult:
    """What a run came to.

    Attributes
    ----------
    out : Path
    counts : dict of str to dict
        Subject to ``planned`` and the count of each status.
    failed : dict of str to tuple of Problem
        Subjects without a shard, and why.
    flawed : dict of str to tuple of Problem
        Subjects with pictures that could not be read; their rows say so, the others are complete.
    kept : int
        Subjects that were finished before.
    renderer : str
    """

    out: Path
    counts: dict[str, dict[str, Any]] = field(default_factory=dict)
    failed: dict[str, tuple[Problem, ...]] = field(default_factory=dict)
    flawed: dict[str, tuple[Problem, ...]] = field(default_factory=dict)
    kept: int = 0
    renderer: str = ""

    def total(self, name: str) -> int:
        """Return the sum of one count over all subjects."""
        return sum(counts[name] for counts in self.counts.values())


class Watcher:
    """Hears how a run goes on; the command line shows it. This one is silent."""

    def begin(self, plan: RunPlan, kept: frozenset[str], renderer: str) -> None:
        """The plan is made and the subjects in ``kept`` are already finished."""

    def advance(self, subject: str, steps: int) -> None:
        """A worker finished so many steps of a subject (a tracked frame or a twin is one step)."""

    def finished(self, subject: str, counts: dict[str, Any] | None, problems: tuple[Problem, ...]) -> None:
        """A subject's shard is complete, or ``counts`` is None and it failed."""


def run(
    config: RenderConfig,
    plan: RunPlan,
    out: Path,
    workers: int,
    overwrite: bool = False,
    watcher: Watcher | None = None,
) -> RunResult:
    """Render what is planned and not finished yet; without avatars, write real crops only.

    Parameters
    ----------
    config : RenderConfig
    plan : RunPlan
        Of ``make_plan(config)``.
    out : Path
        Folder of the run; made if it does not exist.
    workers : int
        Processes; the result does not depend on it.
    overwrite : bool
        Begin anew, whatever the folder holds.
    watcher : Watcher or None

    Returns
    -------
    RunResult

    Raises
    ------
    InputError
        If the folder belongs to another run or cannot be written; finished shards stay.
    NoFaceError
        If no frame of any subject showed a face.
    """
    watcher = watcher or Watcher()
    rigs = _checked_rigs(config, plan)
    renderer = choose_renderer(config.renderer) if plan.avatars else "none"
    with run_lock(out):
        prepare_folder(out, config, plan, overwrite)
        done = finished_subjects(out, config, plan)
        result = RunResult(out, failed=dict(plan.source.failed), kept=len(done), renderer=renderer)
        for subject in (p for p in plan.subjects if p.subject in done):
            _count(result, subject, shard_counts(_shard(out, subject)))
        _record(out, config, plan, result)
        watcher.begin(plan, frozenset(done), renderer)
        todo = [p for p in plan.subjects if p.subject not in done]
        if todo and plan.avatars:
            _refuse_other_rig(out, plan, done, rigs)
        jobs = subject_jobs(config, plan, out, renderer, todo)
        names = [p.subject for p in todo]
        for outcome in run_jobs(render_subject, jobs, names, workers, lambda job, n: watcher.advance(names[job], n)):
            subject = todo[outcome.job]
            if outcome.value is None:
                result.failed[subject.subject] = outcome.problems
            else:
                _count(result, subject, outcome.value)
                done[subject.subject] = file_sha256(_shard(out, subject))
                write_checksums(out, plan, done)
            _record(out, config, plan, result)
            watcher.finished(subject.subject, outcome.value, outcome.problems)
            if outcome.fatal:
                raise InputError(outcome.problems)
        write_checksums(out, plan, done)
    seen = ("ok", "fit_bad", "render_failed", "real_only")
    if not result.failed and not any(result.total(name) for name in seen):
        what = f"no face was found in any of {plan.frames} frames"
        raise NoFaceError.one(
            what, ", ".join(config.source), "check that the source shows a face of at least 40 pixels"
        )
    return result


def _refuse_other_rig(out: Path, plan: RunPlan, done: dict[str, str], rigs: dict[str, Rig]) -> None:
    """Refuse to go on with a run whose finished subjects were drawn with another rig, or another version of one."""
    for subject in (p for p in plan.subjects if p.subject in done):
        with Shard(_shard(out, subject)) as shard:
            drawn = str(shard.json("versions")["rig"])
        if drawn.split()[-1] not in {rig.fingerprint for rig in rigs.values()}:
            mend = "choose another --out, or pass --overwrite to begin anew"
            what = f"the twins were drawn with rig {' '.join(drawn.split()[:-1])}, of which another build is here now"
            raise InputError.one(what, _shard(out, subject), mend)


def _count(result: RunResult, plan: SubjectPlan, counts: dict[str, Any]) -> None:
    """Take up a finished subject."""
    result.counts[plan.subject] = counts
    if counts["unreadable"] or counts["frame_missing"]:
        problems = picture_problems(plan, _shard(result.out, plan))
        if problems:
            result.flawed[plan.subject] = problems


def _shard(out: Path, plan: SubjectPlan) -> Path:
    return shard_folder(out) / plan.file_name


def _checked_rigs(config: RenderConfig, plan: RunPlan) -> dict[str, Rig]:
    """Return the rig of each apparent gender, each of which can show the levels of the axes."""
    rigs = load_rigs(config.assets)
    if plan.avatars:
        for rig in rigs.values():
            check_rig(rig, parse_axes(config.axes))
    return rigs


def subject_jobs(
    config: RenderConfig, plan: RunPlan, out: Path, renderer: str, todo: list[SubjectPlan]
) -> list[SubjectJob]:
    """Return one job per subject with the avatars of its tuples."""
    rigs = _checked_rigs(config, plan)
    tuples: tuple[tuple[LevelTwin, ...], ...] = ()
    if plan.avatars:
        tuples = sample_tuples(config.seed, rigs, parse_axes(config.axes), plan.avatars // len(plan.twin_names))
    names = rig_names(config.assets)
    jobs = []
    for subject in todo:
        twins = [twin for number in subject.tuples for twin in tuples[number]]
        images = image_groups(plan.twin_names, len(subject.tuples))[1:]
        roles = tuple(
            TwinRole(image, twin.spec, twin.person, twin.levels, names[twin.spec.apparent_gender])
            for image, twin in zip(images, twins, strict=True)
        )
        attributes = run_attributes(config, plan, rigs, renderer, roles)
        jobs.append(SubjectJob(config, str(out), subject, roles, plan.au_numbers, renderer, attributes))
    return jobs


def run_attributes(
    config: RenderConfig, plan: RunPlan, rigs: dict[str, Rig], renderer: str, roles: tuple[TwinRole, ...]
) -> dict[str, Any]:
    """Return the shard attributes that do not depend on what is in the frames of a subject."""
    used = {role.spec.apparent_gender: rigs[role.spec.apparent_gender] for role in roles} or dict([*rigs.items()][:1])
    names = {rig.fingerprint: rig for rig in used.values()}
    first, *others = names.values()
    tables = {key: coverage(rig, plan.au_numbers) for key, rig in names.items()}
    licences = {
        "rig": _licence(first),
        "landmark_model": {"name": "MediaPipe face landmarker", "spdx": "Apache-2.0"},
        "source": plan.source.licence,
    } | {f"rig_{number}": _licence(rig) for number, rig in enumerate(others, 2)}
    versions = library_versions() | {
        "rig": f"{first.name} {first.version} {first.fingerprint}",
        "landmark_model": FACE_MODEL_SHA256,
        "renderer": renderer,
    }
    attributes = {
        "corpus": plan.source.corpus,
        "simulated": plan.source.simulated,
        "size_px": config.size,
        "encoding": config.encoding,
        "seed": config.seed,
        "config": config.to_json(),
        "versions": json.dumps(versions, sort_keys=True),
        "licences": json.dumps(licences, sort_keys=True),
        "coverage": json.dumps(shared_coverage(list(tables.values())), sort_keys=True),
    }
    if roles:
        attributes["axes"] = ", ".join(roles[0].levels)
    if others:
        by_twin = {
            role.image: {"name": rig.name, "version": rig.version, "fingerprint": rig.fingerprint,
                         "coverage": tables[rig.fingerprint]}
            for role in roles
            for rig in (rigs[role.spec.apparent_gender],)
        }  # fmt: skip
        attributes["rigs"] = json.dumps(by_twin, sort_keys=True)
    return attributes


def _licence(rig: Rig) -> dict[str, Any]:
    return {"name": rig.name, "spdx": rig.licence.spdx, "attribution": rig.licence.attribution,
            "source": rig.licence.source, "may_train": rig.licence.may_train}  # fmt: skip


def _record(out: Path, config: RenderConfig, plan: RunPlan, result: RunResult) -> None:
    """Write ``run.json``; nothing in it depends on time or on the order of work."""
    results: dict[str, Any] = {name: {"state": "complete", **counts} for name, counts in result.counts.items()}
    for name, problems in result.flawed.items():
        results[name]["problems"] = [str(problem) for problem in problems]
    for name, problems in result.failed.items():
        results[name] = {"state": "failed", "problems": [str(problem) for problem in problems]}
    for subject in plan.subjects:
        results.setdefault(subject.subject, {"state": "planned"})
    totals = {code.name.lower(): result.total(code.name.lower()) for code in Status}
    write_json(
        out / RUN_FILE,
        {
            "config": json.loads(config.to_json()),
            "plan": plan.record(),
            "results": results,
            "totals": {"planned": plan.frames, **totals},
        },
    )
