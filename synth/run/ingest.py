"""Real frames without twins: aligned crops, labels, masks and landmarks in the same shard format.

The same plan, workers and shards as ``synth.run.run``, with no avatars: every row that has its crop is REAL_ONLY.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import ClassVar

from assets.corpora import is_standin
from assets.errors import InputError, Problem, closest
from synth.corpora.options import names_in, parse_options
from synth.corpora.registry import LICENCE, OPENERS, open_corpus
from synth.run.plan import RunPlan, plan_source
from synth.sources.csv_table import raise_problems
from synth.sources.images import IMAGE_SUFFIXES
from synth.sources.open import STANDIN_CORPORA, Source, SourceSpec, open_source
from synth.sources.video import VIDEO_SUFFIXES
from synth.tracks import Sequence

FOOTAGE = ("video", "folder", "csv")
"""Sources that are no corpus: video files, picture folders, CSV manifests."""

CORPUS_OPTIONS = ("subjects", "tasks", "aus", "camera", "split", "images", "labels", "landmarks", "intensity", "gender",
                  "partition", "columns", "missing_codes")  # fmt: skip
"""Settings that are handed to the reader of a licensed corpus."""

PAIRING = "no twins: real crops only"


@dataclass(frozen=True)
class IngestConfig:
    """Everything that decides what an ingest writes. How many workers there are does not.

    Attributes
    ----------
    corpus : str
        A key of ``synth.corpora.registry.OPENERS``, one of ``FOOTAGE``, or a stand-in corpus.
    root : tuple of str
        The corpus folder; for footage one or more files or folders; empty for a stand-in.
    subjects : str or None
        Names with commas between; for a stand-in, how many.
    tasks, aus, columns, missing_codes : str or None
        Options of the corpus, with commas between (``T1,T2``; ``1,2,AU12``; ``frame=Frame,AU12=au12``; ``9,999``).
    camera, split, images, labels, landmarks, intensity, gender, partition : str or None
        Options of the corpus; ``labels`` and ``landmarks`` of footage are files and ``gender`` is a value.
    frame_offset : int
        Added to the frame numbers of GFT's tables.
    au_threshold : float
        Least value of an ``AU…_r`` column of footage that counts as active.
    frames : int or None
        Frames per subject, spread evenly; None takes all.
    seed : int
        Seeds a stand-in corpus; nothing else is random.
    size : int
        Side of every crop in pixels.
    encoding, detector, face_rule, assets : str
        As in ``synth.run.config.RenderConfig``; the rig measures the head, which places the crop.
    """

    VERB: ClassVar[str] = "ingest"
    label_prior: ClassVar[float] = 0.0
    samples: ClassVar[int] = 1

    corpus: str = "video"
    root: tuple[str, ...] = ()
    subjects: str | None = None
    tasks: str | None = None
    aus: str | None = None
    camera: str | None = None
    split: str | None = None
    images: str | None = None
    labels: str | None = None
    landmarks: str | None = None
    intensity: str | None = None
    gender: str | None = None
    partition: str | None = None
    columns: str | None = None
    missing_codes: str | None = None
    frame_offset: int = 0
    au_threshold: float = 1.0
    frames: int | None = None
    seed: int = 0
    size: int = 256
    encoding: str = "jpeg"
    detector: str = "litert"
    face_rule: str = "largest"
    assets: str = "hm08"

    @property
    def source(self) -> tuple[str, ...]:
        """What was read, for messages."""
        return self.root or (self.corpus,)

    def to_json(self) -> str:
        """Return one line of JSON with every value."""
        return json.dumps(asdict(self), sort_keys=True)


def plan_ingest(config: IngestConfig) -> RunPlan:
    """Open the source and plan one shard without avatars for each subject that can be read.

    Subjects that could not be opened are in ``source.failed`` of the plan.

    Raises
    ------
    InputError
        If the corpus or an option is unknown, a side file is missing, or nothing can be read.
    """
    if config.corpus in OPENERS:
        source = _open_corpus(config)
    else:
        _refuse_corpus_options(config)
        source = _open_standin(config) if is_standin(config.corpus) else _open_footage(config)
    return plan_source(source, 0, [()] * len(source.subjects), PAIRING)


def _open_corpus(config: IngestConfig) -> Source:
    """Open a licensed corpus through its reader."""
    if len(config.root) != 1:
        what = "no corpus folder" if not config.root else "more than one corpus folder"
        raise InputError.one(what, "--root", "name the one folder of the corpus")
    texts = {name: getattr(config, name) for name in CORPUS_OPTIONS}
    texts["frame_offset"] = config.frame_offset or None
    opened = open_corpus(config.corpus, config.root[0], frames=config.frames, **parse_options(texts))
    subjects: dict[str, tuple[Sequence, ...]] = {
        name: tuple(one for one in opened.sequences if one.subject == name) for name in opened.subjects
    }
    return Source(config.corpus, False, LICENCE, subjects, dict(opened.failed))


def _open_standin(config: IngestConfig) -> Source:
    if config.root:
        raise InputError.one("a stand-in corpus lies in no folder", "--root", "leave the option out")
    if config.subjects is not None and not (config.subjects.isascii() and config.subjects.isdigit()):
        raise InputError.one(f"{config.subjects!r} is no number", "--subjects", "say how many subjects of the stand-in")
    count = None if config.subjects is None else int(config.subjects)
    spec = SourceSpec((config.corpus,), subjects=count, frames=config.frames, seed=config.seed)
    return open_source(spec)


def _open_footage(config: IngestConfig) -> Source:
    """Open videos, folders or manifests; one that cannot be read is listed and the others go on."""
    if config.corpus not in FOOTAGE:
        hint = closest(config.corpus, (*OPENERS, *FOOTAGE, *STANDIN_CORPORA))
        raise InputError.one(f"unknown corpus {config.corpus!r}", "--corpus", hint)
    if not config.root:
        raise InputError.one(f"no {config.corpus} named", "--root", "name one or more")
    failed: dict[str, tuple[Problem, ...]] = {}
    good: list[str] = []
    for root in config.root:
        try:
            _check_kind(Path(root), config.corpus)
            good.append(root)
        except InputError as error:
            failed[Path(root).stem] = error.problems
    if not good:
        raise InputError(problem for problems in failed.values() for problem in problems)
    spec = SourceSpec(
        tuple(good), config.labels, config.landmarks, config.gender or "unknown", config.au_threshold, None,
        config.frames, config.seed,
    )  # fmt: skip
    try:
        source = open_source(spec)
    except InputError as error:
        raise InputError([*(p for problems in failed.values() for p in problems), *error.problems]) from None
    failed |= source.failed
    wanted = list(source.subjects) if config.subjects is None else names_in(config.subjects)
    raise_problems(
        Problem(f"subject {name!r} is not there", "--subjects", closest(name, source.subjects))
        for name in wanted
        if name not in source.subjects
    )
    subjects = {name: found for name, found in source.subjects.items() if name in wanted}
    return replace(source, subjects=subjects, failed=failed)


def _check_kind(path: Path, corpus: str) -> None:
    """Check that a path is what ``--corpus`` says."""
    suffix = path.suffix.lower()
    if not path.exists():
        raise InputError.one("there is no such file or folder", path, "check --root")
    kind = "folder" if path.is_dir() or suffix in IMAGE_SUFFIXES else "video" if suffix in VIDEO_SUFFIXES else "csv"
    if kind != corpus:
        raise InputError.one(f"this is no {corpus}", path, f"pass --corpus {kind}, or check --root")


def _refuse_corpus_options(config: IngestConfig) -> None:
    """Refuse options that only a licensed corpus has, and all that a stand-in cannot use."""
    shared = ("subjects",) if is_standin(config.corpus) else ("subjects", "labels", "landmarks", "gender")
    names = [name for name in CORPUS_OPTIONS if name not in shared]
    given = [name for name in names if getattr(config, name) is not None]
    given += ["frame_offset"] if config.frame_offset else []
    raise_problems(
        Problem(f"{config.corpus} takes no such option", f"--{name.replace('_', '-')}", "leave it out")
        for name in given
    )
