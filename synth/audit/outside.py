"""An estimator from elsewhere as a judge: its table of estimates, picture by picture of the run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from assets.action_units import ACTION_UNITS
from assets.errors import InputError, Problem
from assets.shard import Shard
from synth.audit.estimate_tables import EstimateTable, column_texts, read_estimates, visible_changes
from synth.audit.geometry import AUDITED
from synth.audit.reading import ESTIMATORS, SIDES, Readings, labels_of
from synth.picture_names import AGAIN, chosen, in_file_order, picture_names
from synth.sources.csv_table import raise_problems

_DEPTH = 4
"""Parts of a picture's name."""

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_NAME = re.compile(r"[\w][\w.+-]{0,31}")
_PICTURES, _COPIES = "pictures", "second copies"
_NO_ROW, _NO_READING, _NO_COPY = "pictures have no row", "rows hold no reading", "second copies have no row"
_MENDS = {
    _NO_ROW: "run the estimator on them, or they count for nothing",
    _NO_READING: "see whether it finds a face there; they count for nothing",
    _NO_COPY: "write them with `synth extract --again`, and run the estimator on `real_again`, too",
}


@dataclass(frozen=True)
class Outside:
    """Estimates of one estimator that had no part in the fit.

    Attributes
    ----------
    name : str
    source : Path
        Table, or folder of tables.
    columns : dict of int to str
        For each audited Action Unit with estimates, where they stand.
    visible : (A,) float64
        Change that counts as variation.
    values : dict of str to (A,) float64
        Estimates of each picture, by its name.
    places : dict of str to str
        File and row of each picture's estimates.
    """

    name: str
    source: Path
    columns: dict[int, str]
    visible: np.ndarray
    values: dict[str, np.ndarray]
    places: dict[str, str]

    def _of(self, names: list[str]) -> np.ndarray:
        unknown = np.full(len(AUDITED), np.nan)
        return np.array([self.values.get(name, unknown) for name in names]).reshape(len(names), len(AUDITED))

    def readings(self, shard: Shard, rows: np.ndarray) -> Readings | None:
        """Return what this estimator alone says about some rows of a shard; None if there are none.

        Its values know no sides, so those of left and right are NaN.
        """
        if not len(rows):
            return None
        names = picture_names(shard)
        values = np.full((1, len(shard.images), len(rows), len(AUDITED), len(SIDES)), np.nan)
        for index, image in enumerate(shard.images):
            values[0, index, ..., 0] = self._of(chosen(names[image], rows))
        again = np.full(values.shape[:4], np.nan)
        again[0, 0] = self._of(chosen(names[AGAIN], rows))
        return Readings(shard.subject, shard.images, rows, values, again, *labels_of(shard, rows), (self.name,),
                        self.visible)  # fmt: skip

    def beside(self, readings: Readings, shard: Shard) -> Readings:
        """Return the readings of a shard with those of this estimator added as the last."""
        own = self.readings(shard, readings.rows)
        if own is None:
            return readings
        return replace(
            readings,
            values=np.concatenate([readings.values, own.values]),
            again=np.concatenate([readings.again, own.again]),
            estimators=(*readings.estimators, self.name),
            visible=self.visible,
        )


def read_outside(source: Path, name: str | None, shards: Iterable[Path]) -> Outside:
    """Read tables of estimates and find the picture of every row.

    Parameters
    ----------
    source : Path
        A CSV file, or a folder of such files. A table without a column of file names (OpenFace, ``-fdir``) must lie
        where its folder of pictures lies, ``…/shard/sequence/image.csv``, and count its frames from 1 to the last.
    name : str or None
        What the estimator is called; None takes the name of the file or folder.
    shards : iterable of Path
        Of the run.

    Raises
    ------
    InputError
        If a table cannot be read, or a row belongs to no picture, to several, or to one that has a row already.
    """
    called = name or source.stem
    if not _NAME.fullmatch(called) or called in ESTIMATORS:
        what = f"{called!r} cannot name an estimator"
        mend = f"pass a short word with --estimates-name, none of {', '.join(ESTIMATORS)}"
        raise InputError.one(what, source, mend)
    tables = read_estimates(source)
    names: dict[str, list[str]] = {}
    for path in shards:
        with Shard(path) as shard:
            names |= {f"{path.stem}/{image}": rows for image, rows in picture_names(shard).items()}
    visible = visible_changes(tables)
    values, places = _matched(tables, names)
    return Outside(called, source, column_texts(tables), visible, values, places)


def _matched(tables: list[EstimateTable], names: dict[str, list[str]]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    endings = _endings(names)
    folders = in_file_order(names)
    values: dict[str, np.ndarray] = {}
    places: dict[str, str] = {}
    problems: list[Problem] = []
    for table in tables:
        found: list[str]
        if table.names is None:
            found, wrong = _by_order(table, folders)
        else:
            found, wrong = _by_name(table, endings)
        problems += wrong
        doubles: list[int] = []
        for index, picture in enumerate(found):
            if picture and picture in places:
                doubles.append(index)
            elif picture:
                values[picture] = table.values[index]
                places[picture] = f"{table.path} row {table.lines[index]}"
        if doubles:
            first = found[doubles[0]]
            what = (
                f"{len(doubles)} rows are about a picture that has a row already, the first {first!r} ({places[first]})"
            )
            mend = "keep one row for each picture; of several faces, that of the largest"
            problems.append(Problem(what, f"{table.path} row {table.lines[doubles[0]]}", mend))
    raise_problems(problems)
    return values, places


def _endings(names: dict[str, list[str]]) -> dict[tuple[str, ...], str | None]:
    """Return the picture of every name and of every end of one; None where several end like this."""
    endings: dict[tuple[str, ...], str | None] = {}
    for rows in names.values():
        for name in filter(None, rows):
            parts = tuple(name.split("/"))
            for length in range(1, _DEPTH + 1):
                endings[parts[-length:]] = None if parts[-length:] in endings else name
    return endings


def _by_name(table: EstimateTable, endings: dict[tuple[str, ...], str | None]) -> tuple[list[str], list[Problem]]:
    """Return the picture of each row, empty where there is none, and what is wrong."""
    found: list[str] = []
    unknown: list[int] = []
    several: list[int] = []
    for index, text in enumerate(table.names or ()):
        parts = PurePosixPath(_SUFFIX.sub("", text.replace("\\", "/"))).parts
        picture = endings.get(parts[-_DEPTH:], "")
        found.append(picture or "")
        if not picture:
            (several if picture is None else unknown).append(index)
    mend = "call each picture as `synth extract` did, shard/sequence/image/frame.jpg, and drop the rows of other runs"
    problems = []
    for rows, what in ((unknown, "name no picture of this run"), (several, "name several pictures of this run")):
        if rows:
            first = (table.names or ())[rows[0]]
            where = f"{table.path} row {table.lines[rows[0]]}"
            problems.append(Problem(f"{len(rows)} rows {what}, the first {first!r}", where, mend))
    return found, problems


def _by_order(table: EstimateTable, folders: dict[str, list[str]]) -> tuple[list[str], list[Problem]]:
    """Return the picture of each row of a table that only counts the pictures of a folder."""
    folder = "/".join(table.path.resolve().with_suffix("").parts[1 - _DEPTH :])
    if folder not in folders:
        what = "no column names the pictures, and the table does not lie where a folder of pictures does"
        mend = "add a column `file`, or write one table per folder of pictures to …/shard/sequence/image.csv"
        return [], [Problem(what, f"{table.path} row 1", mend)]
    pictures = folders[folder]
    frames = [] if table.frames is None else [int(frame) for frame in table.frames]
    if sorted(frames) != list(range(1, len(pictures) + 1)):
        what = f"its {len(frames)} rows do not count the {len(pictures)} pictures of the folder {folder} from 1"
        mend = "run the estimator on the whole folder again, or add a column `file`"
        return [], [Problem(what, table.path.as_posix(), mend)]
    return [pictures[frame - 1] for frame in frames], []


def coverage(outside: Outside, paths: list[Path], readings: list[Readings]) -> dict[str, object]:
    """Return, for the record of an audit, which of the audited pictures have estimates.

    Parameters
    ----------
    outside : Outside
    paths : list of Path
        Shards that were audited.
    readings : list of Readings
        Their readings.

    Raises
    ------
    InputError
        If not a single real frame, or not a single twin, has estimates.
    """
    for kind, images in (("real frame", slice(0, 1)), ("twin", slice(1, None))):
        if all(np.isnan(one.values[-1, images]).all() for one in readings):
            what = f"it says nothing about any {kind} that is audited"
            raise InputError.one(
                what, outside.source, "run the estimator on all that `synth extract` writes of this run"
            )
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    used = 0
    for path, one in zip(paths, readings, strict=True):
        with Shard(path) as shard:
            names = picture_names(shard)
        for image in (*one.images, AGAIN):
            for name in chosen(names[image], one.rows):
                gap = _gap(outside, name, again=image == AGAIN)
                used += name in outside.values
                counts[_COPIES if image == AGAIN else _PICTURES] += 1
                counts[gap] += 1
                first.setdefault(gap, name)
    second = counts[_COPIES] > counts[_NO_COPY]
    return {
        "name": outside.name, "source": outside.source.name, "pictures": counts[_PICTURES],
        "without_row": counts[_NO_ROW], "without_reading": counts[_NO_READING], "second_readings":
        counts[_COPIES] - counts[_NO_COPY], "unused_rows": len(outside.values) - used,
        "gaps": [str(_problem(outside, gap, counts, first[gap], second)) for gap in _MENDS if counts[gap]],
        "columns": {ACTION_UNITS[number].column: text for number, text in outside.columns.items()},
    }  # fmt: skip


def _problem(outside: Outside, gap: str, counts: Counter[str], first: str, second: bool) -> Problem:
    of = {_NO_ROW: counts[_PICTURES], _NO_COPY: counts[_COPIES]}.get(gap, counts[_PICTURES] + counts[_COPIES])
    mend = _MENDS[gap] + ("" if second or gap != _NO_COPY else "; without them there is no share")
    return Problem(f"{counts[gap]} of {of} {gap}, the first {first}", str(outside.source), mend)


def _gap(outside: Outside, name: str, again: bool) -> str:
    """Return what is missing of a picture's estimates, empty if nothing is."""
    if name not in outside.values:
        return _NO_COPY if again else _NO_ROW
    return _NO_READING if np.isnan(outside.values[name]).all() else ""
