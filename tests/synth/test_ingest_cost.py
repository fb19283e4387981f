"""What an ingest computes and what it leaves out, and how much memory a frame keeps."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

import synth.landmarks.track as track_module
import synth.run.place as place_module
import synth.run.subject as subject_module
from assets.keyed import rng_for
from assets.shard import Shard
from assets.shard_format import IMAGE_REAL, Status
from assets.units import NETWORK_UNITS
from synth.appearance.evidence import pixel_evidence
from synth.appearance.features import features
from synth.appearance.measures import LAYOUT
from synth.fit.face_model import FITTED_UNITS, face_model
from synth.fit.settings import FitSettings
from synth.landmarks.litert import Detection
from synth.landmarks.window import Window, window_around
from synth.run.crop import crop_maps
from synth.run.ingest import IngestConfig, plan_ingest
from synth.run.place import place_subject
from synth.run.plan import shard_folder
from synth.run.run import subject_jobs
from synth.run.scratch_rows import ScratchRows, joined
from synth.run.subject import render_subject
from synth.run.tracks import fit_subject
from synth.shards.stored_points import BLOCK_ROWS, StoredPoints
from synth.tracks import ExpressionTrack, FrameTrack
from tests.synth.fit_cases import (
    default_rig,
    fitted,
    ideal_scores,
    swinging_pose,
    track_of,
    unit_weights,
)

POINTS_IN_CROP = np.array([[128.0, 102.0], [64.0, 102.0], [192.0, 102.0], [128.0, 205.0]])


class NoLabels:
    """Stands for a sequence without labels."""

    labels = None


def acted(frames: int, **moved: float) -> FrameTrack:
    """Return the track of a face that swings and twice makes an expression."""
    course = np.sin(np.linspace(0, 2 * np.pi, frames)) ** 2
    weights = unit_weights(frames, **{name: most * course for name, most in moved.items()})
    model = face_model(default_rig())
    heads = model.neutral + np.tensordot(fitted(weights), model.units, ([1], [2]))
    points = swinging_pose(frames).project(heads)
    return track_of(points + rng_for(0, "noise").normal(0, 0.3, points.shape), ideal_scores(weights))


def refused(*_: object, **__: object) -> None:
    raise AssertionError("an ingest has no use for this")


class ToldNetworks:
    """Stands for the networks: the first pixel of a picture says which of the known faces it shows."""

    name = "told"

    def __init__(self, points_px: np.ndarray) -> None:
        self.points_px, self.scored = points_px, 0

    def _shown(self, picture: np.ndarray) -> np.ndarray:
        return self.points_px[int(picture[0, 0, 0])].astype(np.float64)

    def detect(self, picture: np.ndarray) -> list[Detection]:
        points = self._shown(picture)[:, :2]
        size = float((points.max(0) - points.min(0)).max())
        return [Detection(window_around(self._shown(picture)), size, 0.9)]

    def landmarks(self, picture: np.ndarray, window: Window) -> tuple[np.ndarray, float]:
        return self._shown(picture), 0.99

    def blendshapes(self, points_px: np.ndarray) -> np.ndarray:
        self.scored += 1
        return np.zeros(len(NETWORK_UNITS), np.float32)


def test_an_ingest_neither_fits_expressions_nor_measures_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = 8
    networks = ToldNetworks(acted(frames).landmarks_px)
    monkeypatch.setattr(subject_module, "_networks", lambda detector: networks)
    monkeypatch.setattr(subject_module, "fit_subject", refused)
    monkeypatch.setattr(subject_module, "ScratchRows", refused)
    monkeypatch.setattr(track_module, "measure", refused)
    monkeypatch.setattr(place_module, "FitSettings", lambda: FitSettings(identity_frames=4))
    for frame in range(frames):
        picture = rng_for(frame, "picture").integers(0, 255, (360, 640, 3), np.uint8)
        picture[:30, :30] = frame
        (tmp_path / "s").mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / "s" / f"{frame}.png"), picture)
    config = IngestConfig("folder", (str(tmp_path / "s"),), size=64)
    plan = plan_ingest(config)
    shard_folder(tmp_path).mkdir()
    (job,) = subject_jobs(config, plan, tmp_path, "none", list(plan.subjects))
    counts = render_subject(job, lambda steps: None)
    assert counts["real_only"] == frames
    assert networks.scored == 4, "only the frames that tell who it is are scored"
    with Shard(shard_folder(tmp_path) / plan.subjects[0].file_name) as shard:
        shard.validate()
        shown = shard.status == Status.REAL_ONLY
        assert not shard.array("frames/weights").any()
        assert np.isnan(shard.array("frames/residual_px")).all()
        assert "frames/network_weights" not in shard.file
        assert np.isfinite(shard.array("frames/crop_from_source")[shown]).all()
        assert (shard.offsets[IMAGE_REAL][shown, 1] > 0).all()


def crops(fit: ExpressionTrack) -> np.ndarray:
    return crop_maps(fit.eyes_px, fit.px_per_mm, fit.rotation, 256).astype(float)


@pytest.mark.parametrize(
    "moved", [{"jawOpen": 0.8}, {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9}], ids=["jaw", "smile"]
)
def test_crops_lie_where_those_with_twins_lie(moved: dict[str, float]) -> None:
    """The largest distance between the two crops is below half a hundredth of their side."""
    track = acted(24, **moved)
    whole = crops(fit_subject([track], (NoLabels(),), default_rig(), 0.0, False))  # type: ignore[arg-type]
    bare = replace(track, network_weights=None)
    scores = iter(track.network_weights[np.arange(24)])  # type: ignore[index]
    placed = place_subject([bare], default_rig(), [lambda points_px: next(scores)])
    seen = np.einsum("tij,tlj->tli", np.linalg.inv(whole[:, :, :2]), POINTS_IN_CROP - whole[:, None, :, 2])
    moved_to = np.einsum("tij,tlj->tli", crops(placed)[:, :, :2], seen) + crops(placed)[:, None, :, 2]
    assert np.linalg.norm(moved_to - POINTS_IN_CROP, axis=2).max() < 1.3
    assert np.isfinite(placed.translation_mm).all()
    np.testing.assert_array_equal(placed.status, track.status)


def test_rows_without_a_face_and_several_people_keep_their_places() -> None:
    one, other = acted(20, jawOpen=0.5), acted(20)
    points = np.concatenate([one.landmarks_px, 1.3 * other.landmarks_px])
    points[7] = np.nan
    track = replace(track_of(points), person=np.repeat([0, 1], 20).astype(np.int16))
    placed = place_subject([track, track_of(points[:5])], default_rig(), [None, None])
    assert placed.status[7] == Status.NO_FACE
    assert np.isnan(placed.px_per_mm[7])
    assert len(placed.status) == 45
    assert placed.notes["people"] == 2
    known = np.delete(np.arange(40), 7)
    assert np.isfinite(placed.eyes_px[known]).all()
    ratio = np.nanmedian(placed.px_per_mm[20:40]) / np.nanmedian(placed.px_per_mm[:20])
    assert ratio == pytest.approx(1.3, rel=0.02)
    nobody = place_subject([track_of(np.full((3, 478, 3), np.nan))], default_rig(), [None])
    assert (nobody.status == Status.NO_FACE).all()
    assert nobody.notes["identity_frames"] == 0


def peak_bytes(function: Callable[[], object]) -> int:
    """Return the most that a call holds; what a first call leaves behind must be there already."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def stored(folder: Path, frames: int) -> StoredPoints:
    """Return the landmarks of a swinging face on disk."""
    some = acted(BLOCK_ROWS).landmarks_px
    file = h5py.File(folder / f"{frames}-{len(list(folder.iterdir()))}.h5", "w")
    dataset = file.create_dataset("points", (frames, 478, 3), "float32", chunks=(BLOCK_ROWS, 478, 3))
    for start in range(0, frames, BLOCK_ROWS):
        dataset[start : start + BLOCK_ROWS] = some[: frames - start]
    return StoredPoints(dataset, np.arange(frames), 478, 3)


def long_track(folder: Path, frames: int) -> FrameTrack:
    rows = np.arange(frames)
    return FrameTrack(
        "s", "q", rows, "mediapipe478", stored(folder, frames), (640, 360), None,  # type: ignore[arg-type]
        np.ones(frames, np.float32), np.ones(frames, np.int16), np.zeros(frames, np.uint8),
    )  # fmt: skip


def test_placing_keeps_few_bytes_per_frame(tmp_path: Path) -> None:
    tracks = [long_track(tmp_path, frames) for frames in (256, 256, 768)]
    _, few, many = (peak_bytes(lambda t=t: place_subject([t], default_rig(), [None])) for t in tracks)  # type: ignore[misc]
    assert (many - few) / (768 - 256) < 250


def test_evidence_from_pixels_keeps_few_bytes_per_frame(tmp_path: Path) -> None:
    """Measures are 1.6 kB a frame; what is made of them must not hold them all."""
    peaks = []
    for frames in (512, 512, 2048):
        with ScratchRows(tmp_path, frames, LAYOUT.count) as rows:
            fill(rows, frames)
            size = len(FITTED_UNITS)
            known = (np.zeros((frames, size)), np.tile(np.eye(3), (frames, 1, 1)), np.zeros((frames, 2, 2)))
            rest = np.zeros((frames, 1), bool)
            peaks.append(
                peak_bytes(lambda rows=rows, known=known, rest=rest: pixel_evidence(rows, *known, rest, 1.0, 1.0))  # type: ignore[misc]
            )
    assert (peaks[2] - peaks[1]) / (2048 - 512) < 2500


def fill(rows: ScratchRows, frames: int) -> np.ndarray:
    values = rng_for(1, "measures").normal(1.0, 0.2, (frames, LAYOUT.count)).astype(np.float32)
    values[:, LAYOUT.eyes_px] = 80.0
    for row in range(0, frames, 1):
        rows[row] = values[row]
    return values


def test_measures_on_disk_are_those_in_memory(tmp_path: Path) -> None:
    with ScratchRows(tmp_path, 700, LAYOUT.count) as rows:
        assert not any(tmp_path.iterdir()), "the file has no name, so that nothing is left of a killed run"
        values = fill(rows[100:600], 500)
        whole = np.full((700, LAYOUT.count), np.nan, np.float32)
        whole[100:600] = values
        np.testing.assert_array_equal(np.asarray(rows), whole)
        np.testing.assert_array_equal(np.asarray(rows[np.array([650, 101, 599])]), whole[[650, 101, 599]])
        np.testing.assert_array_equal(
            np.asarray(joined([rows[300:400], rows[90:110]])), whole[[*range(300, 400), *range(90, 110)]]
        )
        calm = rng_for(2, "calm").uniform(size=700)
        np.testing.assert_array_equal(features(rows, calm), features(whole, calm))
        with pytest.raises(ValueError, match="numbers for a row"):
            rows[3] = np.zeros(5)
    assert not any(tmp_path.iterdir())


def test_features_do_not_depend_on_the_blocks_they_are_read_in(monkeypatch: pytest.MonkeyPatch) -> None:
    values = rng_for(3, "measures").normal(1.0, 0.2, (600, LAYOUT.count)).astype(np.float32)
    values[[4, 500]] = np.nan
    calm = rng_for(4, "calm").uniform(size=600)
    in_blocks = features(values, calm)
    monkeypatch.setattr("synth.appearance.features._BLOCK_ROWS", 1000)
    np.testing.assert_allclose(in_blocks, features(values, calm), atol=1e-9)


def test_long_stretches_without_a_face_are_not_kept_in_memory(tmp_path: Path) -> None:
    """Rows of NaN between two faces far apart were once piled up: 5.7 kB a frame."""
    with h5py.File(tmp_path / "points.h5", "w") as file:
        shape = (20_000, 478, 3)
        dataset = file.create_dataset("p", shape, "float32", chunks=(64, 478, 3), fillvalue=np.nan)
        points = StoredPoints(dataset, np.arange(20_000), 478, 3)

        def write() -> None:
            for row in (0, 1, 70, 19_990):
                points[row] = np.full((478, 3), row)
            points.flush()

        tracemalloc.start()
        write()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 5e6
        found = points[np.array([0, 1, 2, 69, 70, 71, 19_989, 19_990, 19_991])][:, 0, 0]
        nan = np.nan
        np.testing.assert_array_equal(found, [0, 1, nan, nan, 70, nan, nan, 19_990, nan])
