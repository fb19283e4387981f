"""The stand-ins of ``train``."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli.train_standin import standin_folder, standin_folders
from synth.render import choose


@pytest.mark.parametrize("twins", [True, False])
def test_a_graphics_card_changes_nothing(twins: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[tuple[Any, Any, Path]] = []

    def run(config: Any, plan: Any, folder: Path, *_: Any, **__: Any) -> Any:
        planned.append((config, plan, folder))
        return SimpleNamespace(failed={})

    def card(name: str) -> choose.RendererProbe:
        return choose.RendererProbe(name, True, "a graphics card", "")

    monkeypatch.setattr("synth.run.run.run", run)
    without = standin_folder(tmp_path, "standin-gft", twins, 2, 8)
    monkeypatch.setattr(choose, "probe", card)
    assert choose.choose_renderer("auto") == "egl", "the trial of this test must be one that auto would follow"
    assert standin_folder(tmp_path, "standin-gft", twins, 2, 8) == without

    for config, plan, _ in planned:
        assert choose.choose_renderer(config.renderer) == "software", "what draws the twins"
        drawn_by = {sequence.renderer for subject in plan.subjects for sequence in subject.sequences}
        assert drawn_by == {"software"}, "what draws the pictures called real"
        assert bool(plan.avatars) == twins
    assert len(planned) == 2


def test_each_size_has_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.train_standin._render", lambda *_: None)
    sizes = ((2, 8), (3, 8), (2, 9))
    folders = {folder for size in sizes for folder in standin_folders(tmp_path, "standin-bp4d", "standin-gft", *size)}
    assert len(folders) == 6
