"""Every mistake of a user: one line per problem on stderr, an exit code of its own, no traceback."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest

from assets.errors import InputError, NoFaceError
from cli.errors import run_command
from cli.synth_main import main

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "synth"))
from footage import write_image, write_lines, write_video  # noqa: E402


def failing(error: BaseException) -> click.Command:
    @click.command()
    def command() -> None:
        raise error

    return command


def synth(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, list[str]]:
    """Run the command in this process; return its exit code and the lines of stderr."""
    code = run_command(main, "synth", [str(arg) for arg in args])
    lines = capsys.readouterr().err.splitlines()
    assert all(line.startswith("synth: error: ") for line in lines), lines
    return code, lines


@pytest.mark.parametrize(
    ("error", "code", "count"),
    [
        (InputError.one("what", "where", "mend"), 2, 1),
        (InputError([*InputError.one("a", "b", "c").problems, *InputError.one("d", "e", "f").problems]), 2, 2),
        (NoFaceError.one("no face", "clip", "mend"), 3, 1),
        (click.UsageError("no such option"), 2, 1),
        (KeyboardInterrupt(), 130, 1),
    ],
)
def test_errors_become_lines_and_codes(capsys, error: BaseException, code: int, count: int) -> None:
    assert run_command(failing(error), "synth", []) == code
    assert len([line for line in capsys.readouterr().err.splitlines() if line]) == count


def test_faults_of_the_program_keep_their_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        run_command(failing(ZeroDivisionError()), "synth", [])


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    write_video(tmp_path / "clip.avi")
    return tmp_path / "clip.avi"


def wrong_inputs(folder: Path) -> dict[str, tuple[list[object], str]]:
    """Return arguments of ``synth render`` that are each wrong in one way, and a part of the message."""
    write_video(folder / "clip.avi")
    clip = ["--source", folder / "clip.avi"]
    write_image(folder / "one" / "1.png")
    (folder / "noise.mp4").write_bytes(b"no video" * 50)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut off")
    au = write_lines(folder / "au.csv", "frame,AU99", "0,1")
    far = write_lines(folder / "far.csv", "frame,AU12", *[f"{i},1" for i in range(500, 512)])
    double = write_lines(folder / "double.csv", "frame,AU12", "0,1", "0,0")
    gender = write_lines(folder / "gender.csv", "path,gender", "one/1.png,womn")
    gone = write_lines(folder / "gone.csv", "path", "one/2.png")
    toml = write_lines(folder / "bad.toml", "seed = ")
    np.savez(folder / "wrong.npz", points_px=np.zeros((12, 50, 2), np.float32))
    half = np.zeros((12, 68, 2), np.float32)
    half[3, 5] = np.nan
    np.savez(folder / "half.npz", points_px=half)
    write_lines(folder / "bundle.txt", "no bundle")
    (folder / "rig").mkdir()
    write_lines(folder / "rig" / "manifest.json", "{")
    return {
        "missing video": (["--source", folder / "gone.mp4"], "gone.mp4"),
        "corrupt video": (["--source", folder / "noise.mp4"], "cannot be decoded"),
        "corrupt picture": (["--source", folder / "broken.jpg"], "broken.jpg"),
        "empty folder": (["--source", folder / "rig"], "no picture and no video"),
        "unknown kind": (["--source", folder / "bundle.txt"], "no video, picture, folder or CSV"),
        "unknown name": (["--source", "standin-bp5d"], "did you mean 'standin-bp4d'"),
        "unknown AU": ([*clip, "--labels", au], "AU99"),
        "labels of another video": ([*clip, "--labels", far], "far.csv row 2"),
        "labels twice": ([*clip, "--labels", double], "double.csv row 3"),
        "unknown gender": (["--source", gender], "gender.csv row 2"),
        "unknown gender option": ([*clip, "--gender", "womn"], "--gender"),
        "missing picture of a manifest": (["--source", gone], "gone.csv row 2"),
        "wrong landmark count": ([*clip, "--landmarks", folder / "wrong.npz"], "50 landmarks"),
        "NaN landmarks": ([*clip, "--landmarks", folder / "half.npz"], "half.npz"),
        "odd avatars": ([*clip, "--avatars", 3], "multiple such as 2 or 4"),
        "unknown axis": ([*clip, "--axes", "gender,skn"], "did you mean 'skin'"),
        "avatars that make no tuple": ([*clip, "--axes", "gender,skin", "--avatars", 8], "multiple such as 6 or 12"),
        "one rig of two": ([*clip, "--assets", "female=hm08"], "female=NAME,male=NAME"),
        "no avatars": ([*clip, "--avatars", 0], "--avatars"),
        "unknown renderer": ([*clip, "--renderer", "vulkan"], "choose one of: auto"),
        "impossible samples": ([*clip, "--samples", 10], "choose one of: 1, 2, 4, 9, 16"),
        "unknown detector": ([*clip, "--detector", "dlib"], "--detector"),
        "unknown rig": ([*clip, "--assets", "nobody"], "no built-in rig"),
        "broken bundle": ([*clip, "--assets", folder / "rig"], "manifest.json"),
        "too many subjects": ([*clip, "--subjects", 2], "--subjects"),
        "broken configuration": (["--config", toml], "bad.toml"),
        "no workers": ([*clip, "--workers", 0], "--workers"),
        "wrong type": (["--frames", "many"], "--frames"),
        "unknown option": (["--framse", "3"], "--framse"),
        "output below a file": ([*clip, "--out", folder / "bundle.txt" / "out"], "cannot be written"),
    }


NAMES = (
    "missing video", "corrupt video", "corrupt picture", "empty folder", "unknown kind", "unknown name", "unknown AU",
    "labels of another video", "labels twice", "unknown gender", "unknown gender option",
    "missing picture of a manifest", "wrong landmark count", "NaN landmarks", "odd avatars", "unknown axis",
    "avatars that make no tuple", "one rig of two", "no avatars",
    "unknown renderer", "impossible samples", "unknown detector", "unknown rig", "broken bundle", "too many subjects",
    "broken configuration", "no workers", "wrong type", "unknown option", "output below a file",
)  # fmt: skip


def test_every_wrong_input_is_tried(tmp_path: Path) -> None:
    assert tuple(wrong_inputs(tmp_path)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_wrong_input_is_one_clear_line(capsys, tmp_path: Path, name: str) -> None:
    arguments, part = wrong_inputs(tmp_path)[name]
    if "--out" not in arguments:
        arguments = [*arguments, "--out", tmp_path / "out"]
    code, lines = synth(capsys, "render", *arguments)
    assert code == 2
    assert len(lines) == 1
    assert part in lines[0]
    assert not list((tmp_path / "out").glob("shards/*"))


def test_several_mistakes_are_told_at_once(capsys) -> None:
    code, lines = synth(capsys, "render", "--avatars", 5, "--renderer", "x", "--size", 5, "--encoding", "gif")
    assert (code, len(lines)) == (2, 4)


def test_commands_and_folders_that_do_not_exist(capsys, tmp_path: Path) -> None:
    for arguments in (
        ["rendr"],
        ["view", tmp_path],
        ["verify", tmp_path / "no"],
        ["extract", tmp_path, tmp_path / "x"],
    ):
        code, lines = synth(capsys, *arguments)
        assert (code, len(lines)) == (2, 1)


def test_help_pages_come_fast_and_name_every_command() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from cli.synth_main import main; main(['--help'])"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in ("render", "verify", "view", "extract", "assets", "doctor", "bench"):
        assert f"\n  {name} " in done.stdout


@pytest.mark.slow
def test_footage_without_a_face_has_its_own_exit_code(capsys, tmp_path: Path, clip: Path) -> None:
    out = tmp_path / "out"
    code, lines = synth(capsys, "render", "--source", clip, "--out", out, "--workers", 1)
    assert code == 3
    assert len(lines) == 1
    assert "no face was found in any of 12 frames" in lines[0]
    assert synth(capsys, "verify", out)[0] == 0


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_leaves_finished_work(tmp_path: Path, clip: Path) -> None:
    program = "from cli.synth_main import main\nif __name__ == '__main__':\n    main()\n"
    (tmp_path / "program.py").write_text(program)

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    done = subprocess.run(
        [sys.executable, str(tmp_path / "program.py"), "render", "--source", str(clip), "--out", str(tmp_path / "out"),
         "--workers", "1"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_DISABLE_JIT": "0"}, capture_output=True, text=True,
        check=False, preexec_fn=limit,
    )  # fmt: skip
    lines = [line for line in done.stderr.splitlines() if line]
    assert done.returncode == 2, done.stderr
    assert len(lines) == 1
    assert "the disk is full" in lines[0]
    assert not list((tmp_path / "out").glob("shards/*"))


def test_a_missing_extra_names_the_command_that_brings_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(failing(ModuleNotFoundError("no", name="torch.nn")), "train", []) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert run_command(failing(ModuleNotFoundError("no", name="onnx")), "train", []) == 2
    assert "twinface[export]" in capsys.readouterr().err
    with pytest.raises(ModuleNotFoundError):
        run_command(failing(ModuleNotFoundError("no", name="numpy.nothing")), "train", [])
