"""Small trees in the exact layout of each corpus, with everything in them known.

Every picture is of one colour that says which frame it is, so that a test sees which picture was delivered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from scipy.io import savemat

from assets.corpora import CORPORA
from assets.keyed import rng_for
from assets.landmarks import SCHEMES
from synth.landmarks.canonical import canonical_face_mm

HEIGHT, WIDTH = 48, 64
BP4D_CODED = (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22, 23, 24, 27, 28, 33)
GFT_CODED = (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 17, 23, 24)
FERA_UNITS = (6, 10, 12, 14, 17)


@dataclass
class Truth:
    """What was written for one sequence; rows in the order of the frames."""

    gender: str
    frames: np.ndarray
    au: np.ndarray
    mask: np.ndarray
    has_picture: np.ndarray
    points_px: np.ndarray | None = None
    intensity: np.ndarray | None = None
    split: str = ""
    picture_numbers: np.ndarray = field(default_factory=lambda: np.zeros(0, int))


Tree = dict[tuple[str, str], Truth]


def colour_of(number: int) -> tuple[int, int, int]:
    """Return the RGB colour of picture ``number``."""
    return 10 * (number % 24) + 8, 10 * (number // 24 % 24) + 8, 128


def number_in(picture: np.ndarray) -> int:
    """Return the number whose colour a picture has."""
    red, green = (round((value - 8) / 10) for value in picture.mean((0, 1))[:2])
    return red + 24 * green


def flat_picture(number: int) -> np.ndarray:
    """Return the (H, W, 3) BGR picture of a number."""
    return np.full((HEIGHT, WIDTH, 3), colour_of(number)[::-1], np.uint8)


def write_picture(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix.lower(), flat_picture(number))[1].tobytes())


def write_video(path: Path, numbers: range | list[int], rate: float = 20.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, (WIDTH, HEIGHT))
    assert writer.isOpened()
    for number in numbers:
        writer.write(flat_picture(number))
    writer.release()


def write_text(path: Path, lines: list[str], newline: str = "\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((newline.join(lines) + newline).encode())


def face_points(rng: np.random.Generator, count: int, scheme: str) -> np.ndarray:
    """Return (count, L, 2) pixels counted from 0, with two decimals: an average face that moves, turns and trembles."""
    face_mm = canonical_face_mm()[0][list(SCHEMES[scheme].points), :2]
    roll, px_per_mm = rng.uniform(-0.2, 0.2, count), rng.uniform(0.19, 0.21, count)
    cosine, sine = px_per_mm * np.cos(roll), px_per_mm * np.sin(roll)
    turn = np.stack([np.stack([cosine, sine], -1), np.stack([sine, -cosine], -1)], -2)
    centre = np.array([WIDTH, HEIGHT]) / 2 + rng.uniform(-2, 2, (count, 1, 2))
    return np.round(centre + face_mm @ turn.swapaxes(1, 2) + rng.normal(0, 0.05, (count, len(face_mm), 2)), 2)


def point_row(points_px: np.ndarray, first: float = 1.0) -> list[str]:
    """Return x1 y1 x2 y2 … with pixels counted from ``first``."""
    return [f"{value + first:.2f}" for value in points_px.ravel()]


def _columns(codes: np.ndarray, coded: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    chosen = codes[:, [coded.index(number) for number in wanted]]
    mask = (chosen != 9).astype(np.uint8)
    return (chosen == 1).astype(np.uint8), mask


def make_bp4d(root: Path) -> Tree:
    """Write three subjects with two tasks each.

    Odd on purpose: CRLF and shuffled rows, unpadded and padded picture names and capitals, files that are no frames,
    pictures without code, a code without picture, code 9, points as a file per sequence and as lists.
    """
    rng = rng_for(0, "bp4d-tree")
    wanted = CORPORA["bp4d"].au_numbers
    tree: Tree = {}
    listed: list[tuple[str, str]] = []
    for subject in ("F001", "F002", "M001"):
        for task in ("T1", "T2"):
            count = 14 if task == "T1" else 9
            frames = np.sort(rng.choice(np.arange(20, 60), count, replace=False))
            codes = rng.choice([0, 1, 9], (count, len(BP4D_CODED)), p=[0.5, 0.3, 0.2])
            has_picture = np.ones(count, bool)
            has_picture[3] = False
            au, mask = _columns(codes, BP4D_CODED, wanted)
            truth = Truth("female" if subject[0] == "F" else "male", frames, au, mask, has_picture)
            truth.picture_numbers = np.where(has_picture, frames, -1)
            order = rng.permutation(count) if subject == "F002" else np.arange(count)
            rows = [",".join(map(str, (frames[i], *codes[i]))) for i in order]
            newline = "\r\n" if subject == "F002" else "\n"
            header = ",".join(map(str, (0, *BP4D_CODED)))
            write_text(root / "AUCoding" / "AU_OCC" / f"{subject}_{task}.csv", [header, *rows], newline)
            _write_bp4d_pictures(root / "Sequences(2D+3D)" / subject / task, subject, truth)
            _write_bp4d_intensity(root, subject, task, truth, rng)
            truth.points_px = face_points(rng, count, "ibug49")
            if subject == "F001":
                truth.points_px[2] = np.nan
                write_text(root / "landmarks" / f"{subject}_{task}.txt", _frame_rows(frames, truth.points_px))
            else:
                truth.points_px[1] = np.nan
                for i in np.flatnonzero(~np.isnan(truth.points_px[:, 0, 0])):
                    name = f"{subject}/{task}/{frames[i]}.jpg"
                    listed.append((name, " ".join(point_row(truth.points_px[i]))))
            tree[subject, task] = truth
    (root / "AUCoding" / "AU_OCC" / "._F001_T1.csv").write_bytes(b"left by another system")
    write_text(root / "landmarks" / "BP4D_part1_path.txt", [name for name, _ in listed], "\r\n")
    write_text(root / "landmarks" / "BP4D_part1_land.txt", [row for _, row in listed], "\r\n")
    return tree


def _frame_rows(frames: np.ndarray, points_px: np.ndarray) -> list[str]:
    return [
        ",".join([str(frame), *(["0"] * points[..., 0].size * 2 if np.isnan(points).any() else point_row(points))])
        for frame, points in zip(frames, points_px, strict=True)
    ]


def _write_bp4d_pictures(folder: Path, subject: str, truth: Truth) -> None:
    names = {"F001": "{}.jpg", "F002": "{:04d}.jpg", "M001": "{:05d}.JPG"}[subject]
    for frame in [5, *truth.frames[truth.has_picture], 99]:
        write_picture(folder / names.format(frame), int(frame))
    for odd in (".DS_Store", "Thumbs.db", "._0005.jpg", "notes.txt", "mean_face.jpg"):
        (folder / odd).write_bytes(b"no picture")


def _write_bp4d_intensity(root: Path, subject: str, task: str, truth: Truth, rng: np.random.Generator) -> None:
    wanted = CORPORA["bp4d"].au_numbers
    truth.intensity = np.full(truth.au.shape, np.nan, np.float32)
    for number in FERA_UNITS:
        values = rng.choice([0, 1, 2, 3, 4, 5, 9], len(truth.frames))
        known = values != 9
        truth.intensity[known, wanted.index(number)] = values[known]
        rows = [f"{frame},{value}" for frame, value in zip(truth.frames, values, strict=True)]
        name = f"{subject}_{task}_AU{number:02d}.csv" if number != 17 else f"{subject}_{task}.csv"
        lines = ["frame,code", "7,3", *rows] if number == 6 else rows
        write_text(root / "AU Intensity Codes3.0" / f"AU{number:02d}" / name, lines, "\r\n")


DISFA_UNITS = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)


def make_disfa(root: Path, camera: str = "Left") -> Tree:
    """Write three subjects: one video with a frame too many, one with a frame too few, one that fits.

    Landmark files are named from 0 (SN001), by l from 1 with one missing (SN010), by l from 0 (SN031).
    """
    rng = rng_for(0, "disfa-tree")
    wanted = CORPORA["disfa"].au_numbers
    tree: Tree = {}
    genders = {"SN001": "female", "SN010": "male", "SN031": "female"}
    for subject, pictures in (("SN001", 13), ("SN010", 11), ("SN031", 12)):
        rows = 12
        codes = rng.integers(0, 6, (rows, len(DISFA_UNITS)))
        for column, number in enumerate(DISFA_UNITS):
            lines = [f"{frame},{codes[frame - 1, column]}" for frame in range(1, rows + 1)]
            path = root / "ActionUnit_Labels" / subject / f"{subject}_au{number}.txt"
            write_text(path, lines, "\r\n" if subject == "SN010" else "\n")
        write_video(root / f"Video_{camera}Camera" / f"{camera}Video{subject}_comp.avi", range(pictures))
        count = min(rows, pictures)
        intensity = codes[:count, [DISFA_UNITS.index(number) for number in wanted]].astype(np.float32)
        au = (intensity > 1).astype(np.uint8)
        frames = np.arange(1, count + 1)
        truth = Truth(genders[subject], frames, au, np.ones_like(au), np.ones(count, bool), intensity=intensity)
        truth.picture_numbers = frames - 1
        truth.points_px = face_points(rng, count, "ibug66")
        _write_mats(root / "Landmark_Points" / subject / "tmp_frame_lm", subject, truth)
        tree[subject, f"{camera}Video{subject}_comp"] = truth
    write_text(root / "gender.csv", ["subject,apparent_gender", "SN001,F", "SN010,male", "SN031,f"], "\r\n")
    return tree


def _write_mats(folder: Path, subject: str, truth: Truth) -> None:
    assert truth.points_px is not None
    folder.mkdir(parents=True)
    if subject == "SN010":
        truth.points_px[4] = np.nan
    for index, points in enumerate(truth.points_px):
        name = {
            "SN001": f"SN001_{index:04d}_lm.mat",
            "SN010": f"l{index + 1:05d}_lm.mat",
            "SN031": f"l{index:05d}_lm.mat",
        }[subject]
        if not np.isnan(points).any():
            savemat(folder / name, {"pts": points})


def gft_partition() -> dict[str, str]:
    """Return a made-up partition of 32 groups of three: 60, 18 and 18."""
    groups = [f"{group:03d}" for group in range(1, 33)]
    splits = ["train"] * 20 + ["val"] * 6 + ["test"] * 6
    return {f"{group}{seat}": split for group, split in zip(groups, splits, strict=True) for seat in "ABC"}


def write_partition(path: Path, partition: dict[str, str]) -> None:
    write_text(path, ["subject,split", *(f"{subject},{split}" for subject, split in partition.items())])


def make_gft(root: Path) -> Tree:
    """Write four subjects: pictures unpadded and padded, and two videos, one of them a frame short."""
    rng = rng_for(0, "gft-tree")
    wanted = CORPORA["gft"].au_numbers
    partition = gft_partition()
    tree: Tree = {}
    for subject, kind in (("001A", "unpadded"), ("001B", "padded"), ("021C", "video"), ("032A", "short video")):
        count = 10
        frames = np.arange(1, count + 1)
        codes = rng.choice([0, 1, 9], (count, len(GFT_CODED)), p=[0.6, 0.3, 0.1])
        texts = np.where(codes == 9, rng.choice(["9", "999", "-1", ""], codes.shape), codes.astype(str))
        rows = [",".join(map(str, (frames[i], *texts[i]))) for i in range(count)]
        header = ",".join(["frame", *(f"AU{number}" for number in GFT_CODED)])
        write_text(root / "labels" / f"{subject}.csv", [header, *rows], "\r\n" if subject == "001B" else "\n")
        kept = count - 1 if kind == "short video" else count
        au, mask = _columns(codes[:kept], GFT_CODED, wanted)
        truth = Truth("male" if subject.endswith("B") else "female", frames[:kept], au, mask, np.ones(kept, bool))
        truth.split = partition[subject]
        if "video" in kind:
            write_video(root / "images" / f"{subject}.avi", range(1, kept + 1), 30.0)
        else:
            truth.has_picture[6] = False
            for frame in frames[truth.has_picture]:
                name = f"{frame}.jpg" if kind == "unpadded" else f"{frame:05d}.png"
                write_picture(root / "images" / subject / name, int(frame))
        truth.picture_numbers = np.where(truth.has_picture, truth.frames, -1)
        truth.points_px = face_points(rng, kept, "ibug49")
        lines = [" ".join([str(f), *point_row(p)]) for f, p in zip(truth.frames, truth.points_px, strict=True)]
        write_text(root / "landmarks" / f"{subject}.txt", lines)
        tree[subject, subject] = truth
    genders = [f"{subject},{'M' if subject.endswith('B') else 'F'}" for subject in partition]
    write_text(root / "gender.csv", ["subject,sex", *genders])
    write_partition(root / "partition.csv", partition)
    return tree


MAKERS = {"bp4d": make_bp4d, "disfa": make_disfa, "gft": make_gft}


def edit(path: Path, row: int, line: str | None) -> None:
    """Replace a row, counted from 1, or take it out."""
    lines = path.read_text().splitlines()
    lines[row - 1 : row] = [] if line is None else [line]
    write_text(path, lines)


def cell(path: Path, row: int, column: int, text: str) -> None:
    cells = path.read_text().splitlines()[row - 1].split(",")
    cells[column] = text
    edit(path, row, ",".join(cells))
