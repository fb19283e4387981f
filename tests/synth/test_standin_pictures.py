"""Pictures of the stand-in corpora: drawn lazily, alike however they are asked for, and with a face in them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from assets.shard_format import Status
from assets.standin import STANDIN_CORPORA, standin_corpus
from synth.landmarks.track import track_sequence
from synth.standin import StandinSequence, standin_sequences, studio
from synth.standin.exposure import Film

SEED = 3


def _recordings(corpus: str, subjects: int, frames: int) -> list[StandinSequence]:
    return standin_sequences(corpus, subjects, frames, SEED)


def test_any_part_of_a_recording_is_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = _recordings("standin-gft", 1, 19)[0]
    whole = list(recording.pictures())
    assert len(whole) == 19
    for start, stop in ((0, 3), (5, 11), (16, None), (17, 40)):
        part = list(recording.pictures(start, stop))
        assert len(part) == len(whole[start:stop])
        assert all(np.array_equal(a, b) for a, b in zip(part, whole[start:stop], strict=True))
    monkeypatch.setattr(studio, "_FILM", Film(0))  # nothing kept: everything is drawn again
    for start, stop in ((0, 3), (5, 11), (16, None)):
        again = list(recording.pictures(start, stop))
        assert all(np.array_equal(a, b) for a, b in zip(again, whole[start:stop], strict=True))
    longer = _recordings("standin-gft", 1, 31)[0]
    assert np.array_equal(next(longer.pictures(4, 5)), whole[4])
    assert list(recording.pictures(19)) == []


def test_two_recordings_drawn_in_turns_do_not_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studio, "_FILM", Film(0))
    first, second = _recordings("standin-gft", 2, 3)
    alone = [list(first.pictures()), list(second.pictures())]
    pairs = list(zip(first.pictures(), second.pictures(), strict=True))
    for row, (a, b) in enumerate(pairs):
        assert np.array_equal(a, alone[0][row])
        assert np.array_equal(b, alone[1][row])


def test_pictures_are_drawn_one_at_a_time() -> None:
    (recording,) = _recordings("standin-gft", 1, 30)
    pictures = recording.pictures()
    assert isinstance(pictures, Iterator)
    two = list(itertools.islice(pictures, 2))
    assert not np.array_equal(*two)


@pytest.mark.parametrize("name", STANDIN_CORPORA)
def test_the_landmark_network_finds_the_drawn_face(name: str) -> None:
    camera = standin_corpus(name).camera
    for recording in _recordings(name, 1, 4):
        assert next(recording.pictures()).shape == (camera.height_px, camera.width_px, 3)
        track, truth = track_sequence(recording), recording.truth()
        assert (track.status == Status.OK).all()
        lids = track.landmarks_px[:, [33, 133, 362, 263], :2].mean(1)  # the four corners of the eyes
        apart = truth.px_per_mm * 63.0
        assert (np.linalg.norm(lids - truth.eyes_px, axis=1) < 0.25 * apart).all()


@pytest.mark.slow
def test_a_smile_and_an_open_mouth_move_the_landmarks() -> None:
    recordings = _recordings("standin-bp4d", 2, 32)
    jaw, gap = [], []
    for recording in recordings:
        track, truth = track_sequence(recording), recording.truth()
        found = track.status == Status.OK
        lips = track.landmarks_px[found][:, [13, 14], :2]
        opening = np.linalg.norm(lips[:, 1] - lips[:, 0], axis=1) / truth.px_per_mm[found]
        wide = truth.weights[found][:, [24, 33, 34]].sum(1)
        jaw.append(wide - wide.mean())
        gap.append(opening - opening.mean())
    assert np.corrcoef(np.concatenate(jaw), np.concatenate(gap))[0, 1] > 0.5
