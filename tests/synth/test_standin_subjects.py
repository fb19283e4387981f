"""Simulated people, their scenes and cameras."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from assets.corpora import CORPORA, fold_subjects
from assets.errors import InputError
from assets.standin import DEFAULT_FRAMES_PER_SUBJECT, STANDIN_CORPORA, standin_corpus, standin_table
from synth.render.background import paint_background
from synth.render.scene import Sensor
from synth.render.scenes import scene_from_json, scene_to_json
from synth.standin.exposure import Exposure, Film
from synth.standin.placement import placement_of, rotations
from synth.standin.scenes import auto_exposure, subject_scene
from synth.standin.sequence import LEAST_RATE_HZ, recording_frames, standin_sequences
from synth.standin.subjects import subject_spec, subjects_of

SEED = 5


PARTS = ("hair_bob", "hair_short_male", "hair_long_female", "cloth_shirt")


def _rig(names: tuple[str, ...] = PARTS) -> SimpleNamespace:
    parts = [SimpleNamespace(name=name, optional=True) for name in ("skin", *names)]
    axes = {"gender": None, "age": None, "ancestry_african": None}
    return SimpleNamespace(name="hm08", parts=parts, axes=axes, identity_mm=np.zeros((20, 3, 3)))


@pytest.mark.parametrize("name", STANDIN_CORPORA)
def test_every_prefix_keeps_the_gender_ratio(name: str) -> None:
    corpus = standin_corpus(name)
    total = corpus.females + corpus.males
    people = subjects_of(corpus, total, SEED)
    women = np.cumsum([p.apparent_gender == "female" for p in people])
    assert women[-1] == corpus.females
    expected = np.arange(1, total + 1) * corpus.females / total
    assert np.abs(women - expected).max() < 1.0
    assert subjects_of(corpus, 7, SEED) == people[:7]


@pytest.mark.parametrize("name", STANDIN_CORPORA)
def test_tones_are_dealt_by_their_shares(name: str) -> None:
    corpus = standin_corpus(name)
    people = subjects_of(corpus, 200, SEED)
    assert sum(corpus.tones.values()) == pytest.approx(1.0)
    for tone, share in corpus.tones.items():
        assert abs(sum(p.tone == tone for p in people) / 200 - share) < 0.02


def test_names_are_those_of_the_mimicked_corpora() -> None:
    bp4d = {p.name for p in subjects_of(standin_corpus("standin-bp4d"), 41, SEED)}
    assert bp4d == {name for part in fold_subjects("bp4d") for name in part}
    disfa = {p.name for p in subjects_of(standin_corpus("standin-disfa"), 27, SEED)}
    assert disfa == {name for part in fold_subjects("disfa") for name in part}
    gft = [p.name for p in subjects_of(standin_corpus("standin-gft"), 96, SEED)]
    assert gft[:4] == ["001A", "001B", "001C", "002A"]
    assert gft[-1] == "032C"
    for name in STANDIN_CORPORA:
        many = [p.name for p in subjects_of(standin_corpus(name), 150, SEED)]
        assert len(set(many)) == 150


def test_facts_agree_with_the_published_corpora() -> None:
    for corpus in STANDIN_CORPORA.values():
        published = CORPORA[corpus.mimics]
        assert corpus.au_numbers == published.au_numbers
        if published.women:
            assert (corpus.females, corpus.males) == (published.women, published.men)
        assert not set(corpus.rates) & set(corpus.unlabelled_rates)
        assert corpus.females + corpus.males == published.subjects


def test_looks_depend_on_the_subject_alone() -> None:
    corpus = standin_corpus("standin-bp4d")
    people = subjects_of(corpus, 12, SEED)
    specs = [subject_spec(_rig(), corpus, person, SEED) for person in people]
    assert specs == [subject_spec(_rig(), corpus, person, SEED) for person in people]
    assert len({spec.identity for spec in specs}) == 12
    for person, spec in zip(people, specs, strict=True):
        female = person.apparent_gender == "female"
        assert (spec.attributes["gender"] < 0) == female
        assert set(spec.attributes) <= {"gender", "age", "ancestry_african"}
        assert max(map(abs, spec.identity)) <= 2.0
        assert spec.beard == 0.0 or not female
        assert spec.hair in (("hair_bob", "hair_long_female") if female else ("hair_bob", "hair_short_male"))
        assert spec.cloth == "cloth_shirt"
        assert -46.0 <= spec.skin_ita_deg <= 60.0
    assert subject_spec(_rig(()), corpus, people[0], SEED).hair == ""


def test_dark_and_light_tones_differ_in_ita() -> None:
    corpus = standin_corpus("standin-bp4d")
    ita = {tone: [] for tone in corpus.tones}
    for person in subjects_of(corpus, 60, SEED):
        ita[person.tone].append(subject_spec(_rig(), corpus, person, SEED).skin_ita_deg)
    assert max(ita["dark"]) < min(ita["olive"]) < max(ita["olive"]) < np.mean(ita["light"])


def test_scenes_differ_between_corpora_and_subjects() -> None:
    scenes = {name: subject_scene(corpus, "x", 40.0, SEED) for name, corpus in STANDIN_CORPORA.items()}
    assert len({scene.lights for scene in scenes.values()}) == 3
    assert scenes["standin-gft"].background.texture > scenes["standin-bp4d"].background.texture
    assert scenes["standin-gft"].sensor.jpeg_quality < scenes["standin-bp4d"].sensor.jpeg_quality
    for name, scene in scenes.items():
        assert len(scene.lights) <= 4
        assert all(np.isclose(np.linalg.norm(light.direction), 1.0) for light in scene.lights)
        assert scene != subject_scene(standin_corpus(name), "y", 40.0, SEED)
        assert scene == subject_scene(standin_corpus(name), "x", 40.0, SEED)


def test_rotation_signs() -> None:
    yaw, pitch, roll = rotations(np.eye(3) * 0.3)
    forward, up = np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])
    assert (yaw @ forward)[0] > 0.2
    assert (pitch @ forward)[1] > 0.2
    assert (roll @ up)[0] > 0.2
    turns = rotations(np.random.Generator(np.random.PCG64(1)).normal(0, 0.4, (50, 3)))
    assert np.allclose(np.einsum("tij,tkj->tik", turns, turns), np.eye(3), atol=1e-12)
    assert np.allclose(np.linalg.det(turns), 1.0)


@pytest.mark.parametrize("name", STANDIN_CORPORA)
def test_faces_stay_in_the_picture_but_not_in_its_middle(name: str) -> None:
    corpus = standin_corpus(name)
    camera = corpus.camera
    time = np.arange(0.0, 60.0, 0.5)
    offsets = []
    for person in subjects_of(corpus, 20, SEED):
        place = placement_of(corpus, time, SEED, ("standin", name, person.name, corpus.sequences[0]))
        apart = place.px_per_mm * 63.0
        assert camera.eye_distance_px[0] * 0.93 < apart.min() <= apart.max() < camera.eye_distance_px[1] * 1.07
        # 60 mm to either side, 60 mm of forehead and 115 mm down to the chin are inside
        left, top = (place.eyes_px - place.px_per_mm[:, None] * [60, 60]).min(0)
        right, bottom = (place.eyes_px + place.px_per_mm[:, None] * [60, 115]).max(0)
        assert left > 0
        assert top > 0
        assert right < camera.width_px
        assert bottom < camera.height_px
        offsets.append(place.eyes_px.mean(0) - [camera.width_px / 2, camera.height_px * 0.43])
    assert np.std(offsets, axis=0)[0] > 0.03 * camera.width_px


def test_exposure_depends_on_the_frame_number_alone() -> None:
    picture = np.full((60, 80, 3), 120, np.uint8)
    sensor = Sensor(noise=4.0, blur_px=0.7, gain=(1.05, 1.0, 0.95))
    once = Exposure(sensor, SEED, "a")
    frames = [once.expose(picture, i) for i in range(5)]
    assert np.array_equal(Exposure(sensor, SEED, "a").expose(picture, 3), frames[3])
    assert not np.array_equal(frames[3], frames[4])
    stack = np.stack(frames).astype(float)
    assert np.allclose(stack.mean((0, 1, 2)), [126.0, 120.0, 114.0], atol=1.0)
    assert abs(stack.std((0, 1, 2)).mean() - 4.0) < 0.6
    assert np.array_equal(Exposure(Sensor(), SEED, "a").expose(picture, 0), picture)


def test_compression_loses_detail() -> None:
    picture = np.random.Generator(np.random.PCG64(2)).integers(0, 255, (64, 64, 3), np.uint8)
    film = Film()
    coarse, fine = (
        film.keep("roll", q, Exposure(Sensor(jpeg_quality=q), SEED, "a").record(picture, 0)) for q in (40, 97)
    )
    assert np.abs(coarse - picture.astype(float)).mean() > np.abs(fine - picture.astype(float)).mean() > 0


def test_film_keeps_one_subject_within_its_limit() -> None:
    coded = Exposure(Sensor(jpeg_quality=90), SEED, "a").record(np.zeros((16, 16, 3), np.uint8), 0)
    film = Film(2 * len(coded))
    for place in range(3):
        assert film.keep("F001", place, coded).shape == (16, 16, 3)
    assert [film.find("F001", place) is not None for place in range(3)] == [True, True, False]
    assert film.find("F002", 0) is None
    film.keep("F002", 7, coded)
    assert film.find("F001", 0) is None
    assert film.find("F002", 7) is not None


@pytest.mark.parametrize("frames", [1, 5, 32, 64, 97, 3570])
def test_recordings_hold_the_planned_frames(frames: int) -> None:
    corpus = standin_corpus("standin-bp4d")
    recordings = recording_frames(corpus, frames)
    assert sum(map(len, recordings)) == frames
    assert len(recordings) <= len(corpus.sequences)
    for numbers in recordings:
        steps = np.diff(numbers)
        assert (steps >= 1).all()
        assert (steps <= corpus.frame_rate_hz / LEAST_RATE_HZ).all()
    assert (np.diff(recording_frames(corpus, 3570)[0]) == 1).all()


def test_sequences_cover_subjects_in_order() -> None:
    sequences = standin_sequences("standin-bp4d", 30, DEFAULT_FRAMES_PER_SUBJECT, 0)
    assert len({s.subject for s in sequences}) == 30
    assert len({(s.subject, s.name) for s in sequences}) == len(sequences)
    assert sum(s.apparent_gender == "female" for s in sequences if s.name == "T1") in (16, 17)
    first = sequences[0]
    assert first.labels.au.shape == (len(first.frames), 12)
    assert first.given_landmarks is None
    assert np.allclose(np.diff(first.time_s), np.diff(first.frames) / 25.0)


def test_bad_requests_say_what_is_wrong() -> None:
    with pytest.raises(InputError, match="standin-gft"):
        standin_sequences("standin-gtf", 3, 3, 0)
    with pytest.raises(InputError, match="--subjects"):
        standin_sequences("standin-gft", 0, 3, 0)
    with pytest.raises(InputError, match="--frames"):
        standin_sequences("standin-gft", 3, 0, 0)


def test_the_document_holds_the_table_of_facts() -> None:
    document = Path(__file__).resolve().parents[2] / "docs" / "stand-ins.md"
    assert standin_table() in document.read_text(encoding="utf-8"), "paste standin_table() into docs/stand-ins.md"


@pytest.mark.parametrize("name", STANDIN_CORPORA)
def test_scenes_survive_their_description(name: str) -> None:
    scene = subject_scene(standin_corpus(name), "x", 12.0, SEED)
    assert scene_from_json(scene_to_json(scene)) == scene


def test_a_cluttered_background_has_edges_that_a_plain_one_lacks() -> None:
    busy = subject_scene(standin_corpus("standin-gft"), "x", 40.0, SEED).background
    plain = replace(busy, clutter=0)
    steps = [np.abs(np.diff(paint_background(b, 128).astype(int), axis=1)).max() for b in (busy, plain)]
    assert steps[0] > 3 * steps[1]
    assert np.array_equal(paint_background(busy, 64), paint_background(busy, 64))


def test_cameras_brighten_dark_skin_but_do_not_make_it_light() -> None:
    factors = [auto_exposure(ita) for ita in (55.0, 30.0, 0.0, -30.0)]
    assert factors == sorted(factors)
    assert 0.9 <= factors[0] < 1.0
    assert factors[-1] <= 1.5


def test_recordings_travel_to_worker_processes() -> None:
    recording = standin_sequences("standin-disfa", 2, 20, SEED)[1]
    assert recording.labels.au.shape == (20, 8)
    copy = pickle.loads(pickle.dumps(recording))
    assert np.array_equal(copy.truth().weights, recording.truth().weights)
    assert (copy.subject, copy.name) == (recording.subject, recording.name)
