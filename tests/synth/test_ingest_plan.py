"""What an ingest plans, and what it refuses, before any picture is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from corpus_trees import make_bp4d, make_disfa, make_gft, write_text, write_video

from assets.errors import InputError
from synth.run.config import config_toml, make_config, read_config
from synth.run.ingest import IngestConfig, plan_ingest


def test_a_corpus_is_planned_as_its_reader_reads_it(tmp_path: Path) -> None:
    tree = make_bp4d(tmp_path)
    plan = plan_ingest(IngestConfig("bp4d", (str(tmp_path),), aus="12, AU4", tasks="T1"))
    assert plan.avatars == 0
    assert plan.au_numbers == (4, 12)
    assert [subject.file_name for subject in plan.subjects] == ["F001.h5", "F002.h5", "M001.h5"]
    for subject in plan.subjects:
        assert subject.tuples == ()
        assert subject.frames == len(tree[subject.subject, "T1"].frames)
        assert subject.apparent_gender == tree[subject.subject, "T1"].gender
    assert plan.source.simulated is False
    assert "nothing of it may be passed on" in plan.source.licence


def test_subjects_that_cannot_be_read_are_kept_apart(tmp_path: Path) -> None:
    make_disfa(tmp_path)
    (tmp_path / "ActionUnit_Labels/SN010/SN010_au4.txt").unlink()
    plan = plan_ingest(IngestConfig("disfa", (str(tmp_path),)))
    assert [subject.subject for subject in plan.subjects] == ["SN001", "SN031"]
    assert set(plan.source.failed) == {"SN010"}


def test_gft_options_reach_the_reader(tmp_path: Path) -> None:
    make_gft(tmp_path)
    text = (tmp_path / "labels/001A.csv").read_text()
    (tmp_path / "labels/001A.csv").write_text(text.replace("frame", "nr").replace("AU12", "smile"))
    config = IngestConfig("gft", (str(tmp_path),), subjects="001A", columns="frame=nr, AU12=smile", split="train")
    assert plan_ingest(config).frames == 10
    with pytest.raises(InputError, match=r"'frame nr' is no key=column"):
        plan_ingest(IngestConfig("gft", (str(tmp_path),), columns="frame nr"))


def test_videos_go_on_without_the_one_that_is_broken(tmp_path: Path) -> None:
    write_video(tmp_path / "a.avi", range(5))
    write_video(tmp_path / "b.avi", range(7))
    (tmp_path / "c.avi").write_bytes(b"no video")
    roots = tuple(str(tmp_path / name) for name in ("a.avi", "b.avi", "c.avi", "d.avi"))
    plan = plan_ingest(IngestConfig("video", roots))
    assert [(subject.subject, subject.frames) for subject in plan.subjects] == [("a", 5), ("b", 7)]
    assert set(plan.source.failed) == {"c", "d"}
    with pytest.raises(InputError) as caught:
        plan_ingest(IngestConfig("video", roots[2:]))
    assert len(caught.value.problems) == 2


def test_footage_takes_labels_threshold_gender_and_names(tmp_path: Path) -> None:
    write_video(tmp_path / "a.avi", range(4))
    write_text(tmp_path / "au.csv", ["frame,AU12_r", "0,0.5", "1,1.5", "2,2.5", "3,9"])
    config = IngestConfig("video", (str(tmp_path / "a.avi"),), labels=str(tmp_path / "au.csv"), au_threshold=2.0,
                          gender="f", subjects="a")  # fmt: skip
    subject = plan_ingest(config).subjects[0]
    labels = subject.sequences[0].labels
    assert labels is not None
    assert labels.au[:, 0].tolist() == [0, 0, 1, 0]
    assert labels.mask[:, 0].tolist() == [1, 1, 1, 0]
    assert subject.apparent_gender == "female"
    with pytest.raises(InputError, match=r"--subjects: subject 'z' is not there"):
        plan_ingest(IngestConfig("video", (str(tmp_path / "a.avi"),), subjects="z"))


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (IngestConfig("bp5d", ("x",)), r"--corpus: unknown corpus 'bp5d'; did you mean 'bp4d'"),
        (IngestConfig("bp4d"), r"--root: no corpus folder"),
        (IngestConfig("bp4d", ("a", "b")), r"--root: more than one corpus folder"),
        (IngestConfig("bp4d", ("a",), camera="left"), r"--camera: bp4d takes no such option"),
        (IngestConfig("bp4d", ("nowhere",), aus="12,3"), r"--aus: '3' is not a known Action Unit"),
        (IngestConfig("video"), r"--root: no video named"),
        (IngestConfig("video", ("a.mp4",), split="train", frame_offset=1), r"--split: video takes no such option"),
        (IngestConfig("standin-gft", ("a",)), r"--root: a stand-in corpus lies in no folder"),
        (IngestConfig("standin-gft", subjects="001A"), r"--subjects: '001A' is no number"),
        (IngestConfig("standin-gft", labels="x.csv"), r"--labels: standin-gft takes no such option"),
    ],
)
def test_mistakes_name_their_option(config: IngestConfig, text: str) -> None:
    with pytest.raises(InputError, match=text):
        plan_ingest(config)


def test_kind_and_path_must_agree(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"this is no video; pass --corpus folder"):
        plan_ingest(IngestConfig("video", (str(tmp_path),)))


def test_the_saved_configuration_reads_back_as_the_same(tmp_path: Path) -> None:
    config = IngestConfig("gft", ("root",), subjects="001A,002B", missing_codes="9,,7", frame_offset=1, size=128)
    (tmp_path / "config.toml").write_text(config_toml(config))
    assert "synth ingest --config" in config_toml(config)
    assert make_config(read_config(tmp_path / "config.toml"), "", IngestConfig) == config
    with pytest.raises(InputError, match=r"--avatars: there is no such setting"):
        make_config({"avatars": 2}, "", IngestConfig)
