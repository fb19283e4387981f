"""Figures about corpora: the numbers are those of the labels, and stand-ins are called so."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from corpus_trees import make_bp4d

from assets.corpora import CORPORA
from assets.errors import InputError
from assets.keyed import rng_for
from cli.errors import run_command
from cli.synth_main import main
from synth.report.charts import draw_genders, draw_rates, write_figures
from synth.report.corpora import (
    GENDER_TABLE,
    RATE_TABLE,
    CorpusCount,
    SubjectCount,
    count_corpora,
    rate_of,
    write_tables,
)


def corpus(name: str, rates: dict[int, float], people: int = 12, frames: int = 200) -> tuple[CorpusCount, dict]:
    """A corpus of random labels; also the labels (frames of all subjects) by Action Unit."""
    labels = {n: rng_for(3, name, n).random((people, frames)) < rate for n, rate in rates.items()}
    known = {n: rng_for(4, name, n).random((people, frames)) < 0.9 for n in rates}
    subjects = tuple(
        SubjectCount(
            f"s{i}", "female" if i % 3 else "male",
            {n: int((labels[n][i] & known[n][i]).sum()) for n in rates}, {n: int(known[n][i].sum()) for n in rates},
            frames,
        )
        for i in range(people)
    )  # fmt: skip
    return CorpusCount(name, name.startswith("standin"), subjects), {n: labels[n][known[n]] for n in rates}


def test_rates_and_intervals_are_those_of_the_labels() -> None:
    count, labels = corpus("standin-bp4d", {1: 0.2, 12: 0.6})
    for number, values in labels.items():
        rate = rate_of(count, number)
        assert rate.rate == pytest.approx(values.mean())
        assert (rate.active, rate.known, rate.subjects) == (values.sum(), values.size, 12)
        error = np.std([s.active[number] / s.known[number] for s in count.subjects], ddof=1) / np.sqrt(12)
        assert rate.low < rate.rate < rate.high
        assert (rate.high - rate.low) / (2 * 1.96) == pytest.approx(error, rel=0.35)


def test_every_figure_with_a_stand_in_says_so(tmp_path: Path) -> None:
    counts = [corpus("standin-gft", {1: 0.1, 2: 0.2})[0], corpus("bp4d", {1: 0.2, 12: 0.5})[0]]
    for figure in (draw_rates(counts), draw_genders(counts)):
        assert any("simulated" in text.get_text() for text in figure.texts)
    named = [text.get_text() for text in draw_rates(counts).texts]
    assert any("GFT stand-in" in text for text in named)
    assert not any("Stand-in" in text.get_text() for text in draw_rates(counts[1:]).texts)
    first = [path.read_bytes() for path in write_figures(counts, tmp_path)]
    assert [path.read_bytes() for path in write_figures(counts, tmp_path)] == first
    assert first[0][:4] == b"\x89PNG"


def test_no_text_leaves_the_figure() -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    names = ("standin-bp4d", "standin-disfa", "standin-gft", "bp4d", "disfa", "gft")
    counts = [corpus(name, dict.fromkeys(CORPORA["bp4d"].au_numbers, 0.4))[0] for name in names]
    for figure in (draw_rates(counts), draw_genders(counts)):
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        width, height = figure.canvas.get_width_height()
        texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
        for text in texts:
            box = text.get_window_extent(canvas.get_renderer())
            assert box.x0 >= 0, text
            assert box.x1 <= width, text
            assert box.y0 >= 0, text
            assert box.y1 <= height, text


def test_tables_and_command_from_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = make_bp4d(tmp_path / "bp4d")
    assert run_command(main, "synth", ["ingest", "--corpus", "bp4d", "--root", str(tmp_path / "bp4d"), "--out",
                                       str(tmp_path / "run"), "--workers", "1"]) == 0  # fmt: skip
    code = run_command(main, "synth", ["report", "corpora", str(tmp_path / "run"), "--out", str(tmp_path / "rep")])
    assert code == 0
    rows = list(csv.DictReader((tmp_path / "rep" / RATE_TABLE).open()))
    truths = list(tree.values())
    for column, number in enumerate(CORPORA["bp4d"].au_numbers):
        au = np.concatenate([truth.au[:, column] for truth in truths])
        known = np.concatenate([truth.mask[:, column] for truth in truths]) == 1
        row = next(row for row in rows if row["AU"] == f"AU{number:02d}")
        assert float(row["rate"]) == pytest.approx(au[known].mean(), abs=1e-4)
        assert int(row["known_frames"]) == known.sum()
    (genders,) = csv.DictReader((tmp_path / "rep" / GENDER_TABLE).open())
    assert (genders["female"], genders["male"], genders["simulated"]) == ("2", "1", "0")
    assert {path.suffix for path in (tmp_path / "rep").iterdir()} == {".csv", ".png", ".svg"}
    assert run_command(main, "synth", ["report", "corpora", str(tmp_path), "--out", str(tmp_path / "rep")]) == 2
    assert "holds no shard" in capsys.readouterr().err


def test_a_run_named_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synth.report.corpora._standin", lambda name, seed: [
        (name, True, SubjectCount("F001", "female", {1: 1}, {1: 2}, 2))])  # fmt: skip
    with pytest.raises(InputError, match="stands there twice"):
        count_corpora(["standin-bp4d", "standin-bp4d"])
    assert write_tables(count_corpora(["standin-bp4d"]), tmp_path)[0].read_text().count("\n") == 2
