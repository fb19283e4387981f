"""docs/method.md names functions that exist, and figures that are true."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from assets.corpora import CORPORA, corpus_named, cross_domain_aus, fold_subjects, paper_tables
from assets.errors import InputError
from train.methods.registry import METHODS
from train.settings import PAPER_ADAPT, PAPER_BASE, STANDIN_ADAPT, STANDIN_BASE, TrainSettings, option_of

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "method.md").read_text(encoding="utf-8")


def test_every_function_named_in_the_document_exists() -> None:
    names = sorted(set(re.findall(r"`(train\.[\w.]+)`", TEXT)))
    assert len(names) >= 20
    for name in names:
        parts = name.split(".")
        for cut in range(len(parts), 0, -1):
            try:
                found = import_module(".".join(parts[:cut]))
            except ModuleNotFoundError:
                continue
            for part in parts[cut:]:
                found = getattr(found, part)
            break
        else:
            pytest.fail(name)


def test_every_method_and_every_option_of_the_document_exists() -> None:
    assert all(f"| `{name}` |" in TEXT for name in METHODS)
    known = {option_of(name) for name in TrainSettings.__dataclass_fields__} | {
        "--no-mask-untransferred",
        "--protocol",
        "--apply",
    }
    assert set(re.findall(r"--[a-z][a-z0-9-]+", TEXT)) <= known


def test_the_schedule_of_the_document_is_that_of_the_program() -> None:
    row = {name: re.search(rf"^\| {name} \|(.*)\|$", TEXT, re.M).group(1).split("|") for name in ("epochs", "batch")}
    for name, cells in row.items():
        presets = (PAPER_BASE, PAPER_ADAPT, STANDIN_BASE, STANDIN_ADAPT)
        assert [int(cell) for cell in cells] == [preset[name] for preset in presets]
    assert (PAPER_BASE["lr"], PAPER_ADAPT["lr"]) == (1e-4, 1e-6)
    assert (TrainSettings().alpha, TrainSettings().beta, TrainSettings().num_k) == (0.3, 0.5, 1)


@pytest.mark.parametrize("table", ["table3_f1", "table4_eo", "table5_spd"])
def test_printed_averages_follow_from_printed_cells_up_to_rounding(table: str) -> None:
    odd = []
    for method, row in paper_tables()[table].items():
        for target in ("disfa", "gft"):
            cells = row[target]
            assert len(cells) == len(paper_tables()["aus"][target]) == len(cross_domain_aus("bp4d", target))
            if abs(sum(cells) / len(cells) - row[f"{target}_avg"]) > 0.07:
                odd.append((method, target))
    assert odd == ([("jaanet", "gft")] if table == "table3_f1" else [])


def test_corpora_agree_with_their_folds() -> None:
    for name, subjects in (("bp4d", 41), ("disfa", 27)):
        parts = fold_subjects(name)
        people = [person for part in parts for person in part]
        assert len(people) == len(set(people)) == subjects == CORPORA[name].subjects
    women = sum(person.startswith("F") for part in fold_subjects("bp4d") for person in part)
    assert (women, 41 - women) == (CORPORA["bp4d"].women, CORPORA["bp4d"].men)
    for corpus in CORPORA.values():
        assert set(corpus.positive_rates) in (set(), set(corpus.au_numbers))
    assert corpus_named("standin-gft").name == "gft"
    with pytest.raises(InputError, match="no published folds"):
        fold_subjects("gft")
