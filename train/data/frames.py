"""Which frames of which shards a run uses, and their labels."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from assets.action_units import parse_au
from assets.corpora import UNKNOWN
from assets.errors import InputError, Problem, closest
from assets.shard import Shard
from assets.shard_format import IMAGE_REAL, NOT_TRANSFERRED, Status
from train.data.store import PictureStore


@dataclass(frozen=True)
class FrameTable:
    """Frames with a picture, over several shards; nothing here depends on labels.

    Attributes
    ----------
    shards : tuple of Shard
        One per subject.
    shard : (N,) int64
        Number of the shard of each frame, which is the number of its subject.
    row : (N,) int64
        Row inside the shard.
    paired : (N,) bool
        Whether the whole tuple of twins exists.
    twins : tuple of str
        Names of the twins; empty if no shard has any.
    size_px : int
        Side of every picture.
    store : PictureStore
        Decoded pictures, shared by all tables of a run.
    """

    shards: tuple[Shard, ...]
    shard: np.ndarray
    row: np.ndarray
    paired: np.ndarray
    twins: tuple[str, ...]
    size_px: int
    store: PictureStore = field(default_factory=lambda: PictureStore(0), compare=False)

    def __len__(self) -> int:
        return len(self.row)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Identifier of each subject."""
        return tuple(shard.subject for shard in self.shards)

    @property
    def splits(self) -> tuple[str, ...]:
        """Side of the official partition that each shard names, empty where it names none."""
        return tuple(str(shard.file.attrs.get("split", "")) for shard in self.shards)

    def place(self, row: int) -> tuple[Shard, int]:
        """Return the shard of a row of the table, and the row inside that shard."""
        return self.shards[self.shard[row]], int(self.row[row])

    def only(self, keep: np.ndarray) -> FrameTable:
        """Return the table of the frames where ``keep`` (N,) bool holds."""
        return replace(self, shard=self.shard[keep], row=self.row[keep], paired=self.paired[keep])


@dataclass(frozen=True)
class Labels:
    """Labels of the frames of a table: ``au`` and ``au_mask`` (N, A) float32, ``twin_mask`` (N, A) float32."""

    au: np.ndarray
    au_mask: np.ndarray
    twin_mask: np.ndarray


def frame_table(shards: Sequence[Shard], store: PictureStore | None = None) -> FrameTable:
    """List the frames that have a real picture.

    Parameters
    ----------
    shards : sequence of Shard
    store : PictureStore or None
        Where decoded pictures are kept; None keeps none.

    Raises
    ------
    InputError
        If a shard is damaged or unfinished, pictures differ in size, or twins differ in number.
    """
    problems = [problem for shard in shards for problem in _damage(shard)]
    if problems:
        raise InputError(problems)
    sizes = {int(shard.file.attrs["size_px"]) for shard in shards}
    tuples = {shard.twins for shard in shards if shard.twins}
    where = str(shards[0].path.parent)
    if len(sizes) > 1:
        raise InputError.one(f"shards hold pictures of different sides {sorted(sizes)}", where, "render them alike")
    if len(tuples) > 1:
        raise InputError.one(f"shards hold different twins {sorted(tuples)}", where, "render them alike")
    twins = next(iter(tuples), ())
    parts = []
    for number, shard in enumerate(shards):
        rows = np.flatnonzero(shard.offsets[IMAGE_REAL][:, 1] > 0)
        whole = shard.status[rows] == Status.OK
        for twin in shard.twins:
            whole &= shard.offsets[twin][rows, 1] > 0
        parts.append((np.full(len(rows), number), rows, whole & bool(shard.twins)))
    shard_of, row, paired = (np.concatenate(column) for column in zip(*parts, strict=True))
    table = FrameTable(tuple(shards), shard_of, row, paired, twins, sizes.pop(), store or PictureStore(0))
    if not len(table):
        raise InputError.one("no frame has a picture", where, "look at `synth report` for what became of the frames")
    return table


def _damage(shard: Shard) -> list[Problem]:
    """Return what makes a shard unfit for training."""
    mend = "run `synth verify` on the folder"
    try:
        shard.validate()
        if not shard.file.attrs["complete"]:
            return [Problem("the shard is unfinished", str(shard.path), "run the same `synth render` command again")]
        out = []
        for image in shard.images:
            ends = shard.offsets[image].sum(1)
            size = shard.file[f"images/{image}/blob"].shape[0]
            if len(ends) and (ends.max() > size or shard.offsets[image].min() < 0):
                out.append(Problem(f"pictures of {image!r} end outside the file", str(shard.path), mend))
        return out
    except InputError as error:
        return list(error.problems)
    except (OSError, RuntimeError, KeyError) as error:
        return [Problem(f"the shard cannot be read ({' '.join(str(error).split())})", str(shard.path), mend)]


def read_labels(table: FrameTable, columns: Sequence[str], mask_missing: bool = True) -> Labels:
    """Read the labels of Action Units by name.

    Parameters
    ----------
    table : FrameTable
    columns : sequence of str
        ``AU01`` and so on; an Action Unit that a shard does not code is masked there.
    mask_missing : bool
        Mask, for twins only, Action Units that the rig misses according to the shard's coverage, and those that
        an audit found on some twin not to be shown (``synth audit --apply``).

    Raises
    ------
    InputError
        If no shard codes one of the columns.
    """
    coded = {parse_au(name).column for shard in table.shards for name in shard.au_names}
    absent = [column for column in columns if column not in coded]
    if absent:
        where = str(table.shards[0].path.parent)
        raise InputError(
            Problem(f"no shard codes {column}", where, f"leave it out of --aus ({closest(column, coded)})")
            for column in absent
        )
    au = np.zeros((len(table), len(columns)), np.float32)
    mask, twin_mask = np.zeros_like(au), np.zeros_like(au)
    for number, shard in enumerate(table.shards):
        here = np.flatnonzero(table.shard == number)
        names = [parse_au(name).column for name in shard.au_names]
        cover = shard.json("coverage") if mask_missing else {}
        unseen = _not_transferred(shard) if mask_missing else np.zeros(len(names), bool)
        for out, column in enumerate(columns):
            if column not in names:
                continue
            index = names.index(column)
            au[here, out] = shard.au[table.row[here], index] == 1
            mask[here, out] = shard.au_mask[table.row[here], index] == 1
            shown = not (isinstance(cover.get(column), dict) and cover[column].get("status") == "missing")
            twin_mask[here, out] = mask[here, out] * (shown and not unseen[index])
    return Labels(au * mask, mask, twin_mask)


def _not_transferred(shard: Shard) -> np.ndarray:
    """Return which columns (A,) bool an audit found at least one twin not to show; none where no audit was applied."""
    if NOT_TRANSFERRED not in shard.file:
        return np.zeros(len(shard.au_names), bool)
    return np.asarray(shard.array(NOT_TRANSFERRED).any(0))


def check_both_classes(labels: Labels, columns: Sequence[str], where: object) -> None:
    """Refuse Action Units without a known label, or with one class only.

    Raises
    ------
    InputError
        One problem per Action Unit.
    """
    problems = []
    for index, column in enumerate(columns):
        known = labels.au[labels.au_mask[:, index] > 0, index]
        if not len(known):
            problems.append(Problem(f"{column} has no known label", str(where), "leave it out of --aus"))
        elif known.min() == known.max():
            state = "active" if known[0] else "inactive"
            problems.append(
                Problem(f"{column} is {state} in every frame", str(where), "leave it out of --aus or add subjects")
            )
    if problems:
        raise InputError(problems)


def genders(table: FrameTable, given: dict[str, str] | None = None) -> tuple[str, ...]:
    """Return the apparent gender of each subject: from ``given`` by subject name, otherwise from the shard."""
    listed = given or {}
    return tuple(listed.get(shard.subject, shard.apparent_gender) or UNKNOWN for shard in table.shards)


def rows_digest(table: FrameTable) -> str:
    """Return a hash over whose frames are in a table, in their order, in 16 hex digits."""
    digest = hashlib.sha256()
    for number in np.unique(table.shard):
        digest.update(f"{table.subjects[number]}\x1f".encode())
        digest.update(np.ascontiguousarray(table.row[table.shard == number]).tobytes())
    return digest.hexdigest()[:16]


def fingerprint(table: FrameTable, with_labels: bool) -> str:
    """Return a hash over subjects, frames, picture positions and, if asked for, labels and masks, in 16 hex digits.

    The labels of a target are left out, so that nothing of an adaptation run reads them.
    """
    digest = hashlib.sha256()
    for shard in sorted(table.shards, key=lambda item: item.subject):
        digest.update(f"{shard.subject}\x1f{shard.file.attrs['seed']}\x1f{shard.file.attrs['config']}".encode())
        labels = [shard.au, shard.au_mask] if with_labels else []
        if with_labels and (unseen := _not_transferred(shard)).any():
            labels.append(unseen)
        for array in (shard.status, *labels, *(shard.offsets[image] for image in shard.images)):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
