"""From settings to the frames of a run: which shards, which Action Units, who is trained on and who is tested."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.action_units import parse_au
from assets.corpora import CORPORA, FEMALE, MALE, base_name, cross_domain_aus
from assets.errors import InputError, Problem, closest
from assets.shard import Shard, find_shards
from train.data.frames import FrameTable, Labels, check_both_classes, frame_table, genders, read_labels
from train.data.people import refuse_trained_on
from train.data.splits import DEAL, FOLDS, folds_of, held_out, partition_of, rows_of
from train.data.store import PictureStore
from train.settings import TrainSettings


@dataclass(frozen=True)
class TestSet:
    """Frames that a run is scored on. Labels are not here: ``labels()`` reads them when scoring begins.

    Attributes
    ----------
    table : FrameTable
    columns : tuple of str
    gender : tuple of str
        Apparent gender of each subject of the table.
    name : str
        What the set is, in words.
    """

    table: FrameTable
    columns: tuple[str, ...]
    gender: tuple[str, ...]
    name: str

    def labels(self) -> Labels:
        """Read the labels."""
        return read_labels(self.table, self.columns)


@dataclass(frozen=True)
class RunData:
    """Everything a run reads.

    Attributes
    ----------
    columns : tuple of str
        Action Units, in the order of every output.
    source : FrameTable
    labels : Labels
        Of the source.
    target : FrameTable or None
        Frames that adaptation may see, without labels.
    val, test : TestSet or None
    source_name, target_name : str
        Corpus names; empty without target.
    simulated : bool
        Whether any frame of source or target was itself rendered.
    """

    columns: tuple[str, ...]
    source: FrameTable
    labels: Labels
    target: FrameTable | None
    val: TestSet | None
    test: TestSet | None
    source_name: str
    target_name: str
    simulated: bool


def open_corpus(name: str, data_root: str, option: str) -> tuple[Shard, ...]:
    """Open the shards of a corpus.

    Parameters
    ----------
    name : str
        A folder of shards, or the name of a folder under ``data_root``.
    data_root : str
    option : str
        The option to name in errors.

    Raises
    ------
    InputError
        If nothing is found.
    """
    folder = Path(name).expanduser()
    if data_root and not folder.exists():
        folder = Path(data_root).expanduser() / name
    if not folder.exists():
        known = (
            sorted(p.name for p in Path(data_root).iterdir() if p.is_dir()) if Path(data_root or ".").is_dir() else []
        )
        mend = (
            closest(name, known)
            if data_root and known
            else "pass a folder of shards, or --data-root with one per corpus"
        )
        raise InputError.one(f"no corpus {name!r} here", option, mend)
    return tuple(Shard(path) for path in find_shards(folder))


def corpus_of(shards: tuple[Shard, ...]) -> str:
    """Return the corpus name written in the shards."""
    return str(shards[0].file.attrs["corpus"])


def corpus_label(name: str, data_root: str, option: str) -> str:
    """Return the plain name of a corpus: that of the known corpus its shards name, otherwise its folder's.

    Raises
    ------
    InputError
        If nothing is found.
    """
    known = base_name(corpus_of(open_corpus(name, data_root, option)))
    return known if known in CORPORA else Path(name).name


def choose_columns(settings: TrainSettings, source: tuple[Shard, ...], target: tuple[Shard, ...]) -> tuple[str, ...]:
    """Return the Action Units of a run: those asked for, the published set of the pair, or what the shards share.

    Raises
    ------
    InputError
        If a name is unknown, or one that was asked for is not coded on both sides.
    """
    coded = [
        [parse_au(name).column for name in dict.fromkeys(n for shard in side for n in shard.au_names)]
        for side in (source, target)
        if side
    ]
    if settings.aus:
        asked = tuple(parse_au(part, "--aus").column for part in settings.aus.replace(",", " ").split())
        if not asked:
            raise InputError.one("no Action Unit is named", "--aus", "pass for example --aus 1,2,4, or leave it out")
        if len(set(asked)) < len(asked):
            raise InputError.one("an Action Unit is named twice", "--aus", "name each once")
        problems = [
            Problem(f"{column} is not coded by the {side} shards", "--aus", "choose out of: " + " ".join(names))
            for side, names in zip(("source", "target"), coded, strict=False)
            for column in asked
            if column not in names
        ]
        if problems:
            raise InputError(problems)
        return asked
    shared = [column for column in coded[0] if all(column in names for names in coded)]
    if target and all(base_name(corpus_of(side)) in CORPORA for side in (source, target)):
        published = [parse_au(number).column for number in cross_domain_aus(corpus_of(source), corpus_of(target))]
        shared = [column for column in published if column in shared] or shared
    if not shared:
        lists = " against ".join(" ".join(names) for names in coded)
        raise InputError.one(f"source and target code no Action Unit in common: {lists}", "--target", "choose another")
    return tuple(shared)


def assemble(settings: TrainSettings) -> RunData:
    """Open, check and split the corpora of a run. Labels of the target are not read.

    Raises
    ------
    InputError
        Whatever is wrong with the corpora.
    """
    if not settings.source:
        raise InputError.one("no source is given", "--source", "pass a corpus or a run folder of `synth render`")
    source_shards = open_corpus(settings.source, settings.data_root, "--source")
    target_shards = open_corpus(settings.target, settings.data_root, "--target") if settings.target else ()
    columns = choose_columns(settings, source_shards, target_shards)
    listed = read_genders(settings.gender_csv)
    source_name = corpus_of(source_shards)
    store = PictureStore(int(settings.cache_gb * 1e9))
    table = frame_table(source_shards, store)
    test, rest = _within_test(settings, table, source_name, columns, listed)
    val, rest = _validation(settings, table, rest, source_name, columns, listed)
    labels = read_labels(table, columns, settings.mask_untransferred)
    keep = rest & (labels.au_mask.any(1) | table.paired)
    labels = Labels(*(part[keep] for part in (labels.au, labels.au_mask, labels.twin_mask)))
    if not settings.allow_single_class:
        check_both_classes(labels, columns, "source labels")
    target = None
    if target_shards:
        target, test = _target(settings, frame_table(target_shards, store), corpus_of(target_shards), columns, listed)
        refuse_trained_on(table.only(keep), test.table)
    return RunData(
        columns,
        table.only(keep),
        labels,
        target,
        val,
        test,
        source_name,
        corpus_of(target_shards) if target_shards else "",
        any(shard.simulated for shard in (*source_shards, *target_shards)),
    )


def _subset(
    table: FrameTable, keep: np.ndarray, columns: tuple[str, ...], listed: dict[str, str], name: str
) -> TestSet:
    return TestSet(table.only(keep), columns, genders(table, listed), name)


def _within_test(
    settings: TrainSettings, table: FrameTable, corpus: str, columns: tuple[str, ...], listed: dict[str, str]
) -> tuple[TestSet | None, np.ndarray]:
    everything = np.ones(len(table), bool)
    if settings.partition:
        if settings.fold >= 0:
            raise InputError.one("a fold and a partition are asked for", "--partition", "leave one of them out")
        split = partition_of(table.subjects, corpus, settings.partition, table.splits)
        train, test = (
            rows_of(table.shard, table.subjects, [name for name in table.subjects if split[name] == part])
            for part in ("train", "test")
        )
        how = "dealt by group, no official list" if settings.partition == DEAL else "official"
        name = f"{corpus}, test subjects of the train/val/test partition ({how})"
        return _subset(table, test, columns, listed, name), train
    if settings.fold < 0:
        return None, everything
    fold = folds_of(table.subjects, corpus, groups=genders(table, listed))[settings.fold]
    out = rows_of(table.shard, table.subjects, fold)
    return _subset(table, out, columns, listed, f"{corpus}, fold {settings.fold} of {FOLDS}, subject-exclusive"), ~out


def _validation(
    settings: TrainSettings,
    table: FrameTable,
    rest: np.ndarray,
    corpus: str,
    columns: tuple[str, ...],
    listed: dict[str, str],
) -> tuple[TestSet | None, np.ndarray]:
    if settings.select != "source-val":
        return None, rest
    if settings.partition:
        split = partition_of(table.subjects, corpus, settings.partition, table.splits)
        out = rows_of(table.shard, table.subjects, [name for name in table.subjects if split[name] == "val"])
        return _subset(table, out, columns, listed, f"{corpus}, validation subjects of the partition"), rest
    if settings.val_share <= 0:
        mend = "pass for example --val-share 0.2"
        raise InputError.one("--select source-val needs held-out source subjects", "--val-share", mend)
    gender = genders(table, listed)
    left = [i for i in range(len(table.shards)) if (rest & (table.shard == i)).any()]
    names = [table.subjects[i] for i in left]
    chosen = held_out(names, settings.val_share, settings.seed, corpus, [gender[i] for i in left])
    out = rows_of(table.shard, table.subjects, chosen) & rest
    return _subset(table, out, columns, listed, f"{corpus}, {len(chosen)} held-out subjects"), rest & ~out


def _target(
    settings: TrainSettings, table: FrameTable, corpus: str, columns: tuple[str, ...], listed: dict[str, str]
) -> tuple[FrameTable, TestSet]:
    everything = np.ones(len(table), bool)
    if settings.evaluation == "transductive":
        name = f"{corpus}, all frames, which adaptation saw without labels (transductive, as in the paper)"
        return table, _subset(table, everything, columns, listed, name)
    gender = genders(table, listed)
    chosen = held_out(table.subjects, settings.held_out_share, settings.seed, corpus, gender)
    out = rows_of(table.shard, table.subjects, chosen)
    name = f"{corpus}, {len(chosen)} subjects that adaptation never saw (held-out)"
    return table.only(~out), _subset(table, out, columns, listed, name)


def read_genders(path: str) -> dict[str, str]:
    """Read a CSV with columns ``subject`` and ``gender`` (F, M, female, male); an empty path gives nothing.

    Raises
    ------
    InputError
        If the file is missing, lacks a column or holds another value.
    """
    if not path:
        return {}
    spelled = {"f": FEMALE, "female": FEMALE, "m": MALE, "male": MALE}
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError.one(f"the gender list cannot be read ({error})", path, "check --gender-csv") from None
    key = "gender" if rows and "gender" in rows[0] else "sex"
    problems = [
        Problem(f"line {number} has no gender F or M", path, "write subject,gender with F or M")
        for number, row in enumerate(rows, 2)
        if not row.get("subject") or (row.get(key) or "").strip().lower() not in spelled
    ]
    if problems or not rows:
        raise InputError(problems or Problem("the gender list is empty", path, "write subject,gender lines"))
    return {row["subject"].strip(): spelled[row[key].strip().lower()] for row in rows}
