"""Simulated expressions: rates, co-occurrence, dynamics, independence of chunks."""

from __future__ import annotations

import numpy as np
import pytest

from assets.standin import STANDIN_CORPORA, standin_corpus
from assets.units import MIRROR, UNIT_INDEX, UNITS
from synth.standin.behaviour import BLINK_SLOT_S, blink, gaze, head_angles, speech
from synth.standin.cooccurrence import (
    AU_COLUMN,
    LATENT_CORRELATION,
    PERFORMED_AUS,
    latent_correlation,
    rate_threshold,
)
from synth.standin.expressions import displays_of
from synth.standin.sequence import standin_sequences
from synth.standin.timeline import Slots, inverse_smoothstep, smoothstep, wander
from synth.standin.weights import Face

SEED = 11


def _coded(name: str, people: int, seed: int = SEED) -> np.ndarray:
    """Occurrence (N, 17) of many people of a corpus, apparent genders in the corpus's ratio."""
    corpus = standin_corpus(name)
    time = np.arange(0.0, 24.0, 0.4)
    parts = []
    for i in range(people):
        gender = "female" if i % (corpus.females + corpus.males) < corpus.females else "male"
        for recording in corpus.sequences[:3]:
            seen, _ = displays_of(corpus, f"p{i}", recording, gender, seed).coded(time)
            parts.append(seen >= corpus.onset_level)
    return np.concatenate(parts)


@pytest.mark.parametrize("name", STANDIN_CORPORA)
def test_rates_are_the_published_ones(name: str) -> None:
    corpus = standin_corpus(name)
    people = 2 * (corpus.females + corpus.males)
    found = _coded(name, people).mean(0)
    for number, rate in {**corpus.rates, **corpus.unlabelled_rates}.items():
        # displays of a person hang together: about six independent ones for each person
        error = np.sqrt(rate * (1 - rate) / (6 * people))
        assert abs(found[AU_COLUMN[number]] - rate) < 3.5 * error, (number, found[AU_COLUMN[number]], rate)


def test_units_come_together_as_the_table_says() -> None:
    present = _coded("standin-bp4d", 120).astype(float)
    found = np.corrcoef(present.T)
    for (a, b), value in LATENT_CORRELATION.items():
        if abs(value) >= 0.3:
            assert np.sign(found[AU_COLUMN[a], AU_COLUMN[b]]) == np.sign(value), (a, b)
    strong = [found[AU_COLUMN[a], AU_COLUMN[b]] for a, b in ((6, 12), (1, 2), (10, 12), (6, 7))]
    assert min(strong) > 0.25


def test_correlations_are_a_correlation_matrix_near_the_table() -> None:
    matrix = latent_correlation()
    assert np.allclose(np.diag(matrix), 1.0)
    assert np.allclose(matrix, matrix.T)
    assert np.linalg.eigvalsh(matrix).min() > 0.01
    assert all(abs(matrix[AU_COLUMN[a], AU_COLUMN[b]] - v) < 0.06 for (a, b), v in LATENT_CORRELATION.items())


def test_threshold_gives_the_rate_of_the_mixture() -> None:
    draws = np.random.Generator(np.random.PCG64(0)).standard_normal(200_000)
    draws[:50_000] += 0.8
    found = (draws > rate_threshold(0.3, (0.8, 0.0), (1.0, 3.0))).mean()
    assert abs(found - 0.3) < 0.005


def test_women_smile_more_by_the_gap() -> None:
    corpus = standin_corpus("standin-gft")
    time = np.arange(0.0, 20.0, 0.5)

    def rate(gender: str) -> float:
        found = [displays_of(corpus, f"s{i}", "table", gender, SEED).coded(time)[0] for i in range(60)]
        return float((np.stack(found)[..., AU_COLUMN[12]] >= corpus.onset_level).mean())

    assert rate("female") > rate("male") + 0.03


@pytest.mark.parametrize("name", STANDIN_CORPORA)
def test_any_chunk_gives_the_same_bits(name: str) -> None:
    sequence = standin_sequences(name, 3, 70, SEED)[-1]
    whole = sequence.truth()
    for cut in (1, 13, 31):
        parts = [sequence.truth(0, cut), sequence.truth(cut, cut + 5), sequence.truth(cut + 5)]
        for field in ("intensity", "weights", "rotation", "eyes_px", "px_per_mm", "gaze_rad"):
            joined = np.concatenate([getattr(part, field) for part in parts])
            assert np.array_equal(joined, getattr(whole, field)), field


def test_seed_subject_and_recording_each_change_the_face() -> None:
    one = standin_sequences("standin-bp4d", 2, 70, 0)
    assert np.array_equal(one[0].truth().weights, standin_sequences("standin-bp4d", 2, 70, 0)[0].truth().weights)
    others = [standin_sequences("standin-bp4d", 2, 70, 1)[0], one[1], one[2]]
    for other in others:
        assert not np.allclose(one[0].truth().weights[:30], other.truth().weights[:30])


def test_intensity_is_smooth_and_rises_faster_than_it_falls() -> None:
    corpus = standin_corpus("standin-bp4d")
    time = np.arange(0.0, 240.0, 0.02)
    level = displays_of(corpus, "F001", "T1", "female", SEED).intensity(time)
    assert level.min() >= 0.0
    assert level.max() <= 5.0
    change = np.diff(level, axis=0)
    assert np.abs(change).max() < 0.02 * 5.0 * 1.5 / 0.2 + 1e-9  # 1.5 is the steepest slope of the ramp
    moving = np.abs(change) > 1e-6
    assert (change[moving] > 0).mean() < 0.45
    assert (~moving).mean() > 0.2  # apex and rest


def test_a_label_is_the_coded_intensity_above_onset() -> None:
    sequence = standin_sequences("standin-disfa", 4, 200, SEED)[0]
    labels, seen = sequence.labels, sequence.displays.coded(sequence.time_s)[0]
    columns = [AU_COLUMN[n] for n in labels.numbers]
    assert labels.source == "simulated"
    assert np.array_equal(labels.au == 1, seen[:, columns] >= 2.0)
    assert labels.mask.all()
    assert np.nanmax(np.abs(labels.intensity - seen[:, columns])) <= 0.5


def test_doubtful_labels_are_masked_and_rare() -> None:
    masks = np.concatenate([s.labels.mask for s in standin_sequences("standin-gft", 30, 60, SEED)])
    labels = np.concatenate([s.labels.au for s in standin_sequences("standin-gft", 30, 60, SEED)])
    assert 0.005 < 1.0 - masks.mean() < 0.045
    assert (labels[masks == 0] == 0).all()


def test_present_units_show_and_absent_ones_do_not() -> None:
    corpus = standin_corpus("standin-bp4d")
    face = Face(corpus, "F001", SEED)
    time = np.zeros(1)
    rest = face.weights(np.zeros((1, len(PERFORMED_AUS))), time + 1e-3, "T1")
    for number, unit in ((1, "browInnerUp"), (4, "browDownLeft"), (12, "mouthSmileRight"), (26, "jawOpen")):
        intensity = np.zeros((1, len(PERFORMED_AUS)))
        intensity[0, AU_COLUMN[number]] = 4.0
        more = face.weights(intensity, time + 1e-3, "T1") - rest
        assert more[0, UNIT_INDEX[unit]] > 0.2
        assert more.min() > -1e-6


def test_pressed_lips_keep_the_mouth_shut() -> None:
    face = Face(standin_corpus("standin-bp4d"), "M001", SEED)
    both = np.zeros((1, len(PERFORMED_AUS)))
    both[0, [AU_COLUMN[24], AU_COLUMN[26]]] = 4.0
    assert face.weights(both, np.zeros(1), "T1")[0, UNIT_INDEX["jawOpen"]] < 0.15


def test_weights_are_in_range_and_asymmetric() -> None:
    truth = standin_sequences("standin-gft", 3, 300, SEED)[2].truth()
    assert truth.weights.shape == (300, len(UNITS))
    assert truth.weights.min() >= 0.0
    assert truth.weights.max() <= 1.0
    assert np.abs(truth.weights - truth.weights[:, MIRROR]).max() > 0.02
    faces = [Face(standin_corpus("standin-gft"), f"{i}", SEED).resting for i in range(40)]
    assert np.max(faces) <= 0.12
    assert np.std(faces, axis=0).max() > 0.01


def test_people_blink_as_often_as_people_do() -> None:
    time = np.arange(0.0, 600.0, 0.02)
    lids = blink(time, SEED, ("standin", "c", "s", "r"))
    closing = np.flatnonzero((lids[1:] >= 0.5) & (lids[:-1] < 0.5))
    assert 60.0 / BLINK_SLOT_S * 0.7 < len(closing) / 10.0 < 60.0 / BLINK_SLOT_S
    assert 0.02 < (lids > 0.5).mean() < 0.10


def test_head_and_eyes_stay_in_human_range() -> None:
    for corpus in STANDIN_CORPORA.values():
        time = np.arange(0.0, 300.0, 0.1)
        angles = np.concatenate([head_angles(corpus, time, SEED, ("standin", corpus.name, f"{i}", "r"))
                                 for i in range(6)])  # fmt: skip
        assert np.abs(angles[:, 0]).max() < np.radians(60)
        assert np.abs(angles[:, 1]).max() < np.radians(40)
        assert np.abs(np.diff(angles[: len(time)], axis=0)).max() / 0.1 < np.radians(200)
        eyes = gaze(corpus, time, angles[: len(time), 0], SEED, ("standin", corpus.name, "0", "r"))
        assert eyes.shape == (len(time), 2, 2)
        assert np.abs(eyes).max() <= 0.45
    assert np.std(head_angles(STANDIN_CORPORA["standin-gft"], time, 0, ("a", "b", "c", "d"))[:, 0]) > 0.15


def test_speech_fills_its_share_of_the_time() -> None:
    corpus = standin_corpus("standin-gft")
    time = np.arange(0.0, 900.0, 0.1)
    jaw = speech(corpus, time, SEED, ("standin", corpus.name, "x", "table"))["jawOpen"]
    talking = np.convolve(jaw, np.ones(10), "same") > 0.1
    assert abs(talking.mean() - corpus.speech_rate) < 0.12
    assert speech(standin_corpus("standin-disfa"), time, SEED, ("a", "b", "c", "d")) == {}


def test_smoothstep_and_its_inverse_agree() -> None:
    y = np.linspace(0.0, 1.0, 41)
    assert np.allclose(smoothstep(inverse_smoothstep(y)), y, atol=1e-12)


def test_slots_are_drawn_by_number_alone() -> None:
    slots = Slots(SEED, ("a",), 2.0, lambda rng: rng.random(2))
    numbers, drawn = slots.around(np.array([0.5, 5.0, 4.1]), 1, 1)
    assert numbers.tolist() == [[-1, 0, 1], [1, 2, 3], [1, 2, 3]]
    assert np.array_equal(drawn[1], slots.around(np.array([5.9]), 1, 1)[1][0])
    assert slots.around(np.zeros(0), 1, 1)[1].shape == (0, 3, 2)


def test_wander_has_unit_variance_and_is_smooth() -> None:
    time = np.arange(0.0, 2000.0, 0.05)
    noise = wander(np.random.Generator(np.random.PCG64(4)), time, 3, (0.05, 0.5))
    assert np.allclose(noise.std(0), 1.0, atol=0.1)
    assert np.abs(np.diff(noise, axis=0)).max() < 0.05 * 2 * np.pi * 0.5 * np.sqrt(24)
