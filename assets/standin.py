"""Facts of the stand-in corpora: simulated subjects that take the place of licensed footage.

Each stand-in mimics the *setting* of one published corpus (how often each Action Unit occurs, who takes
part, camera, compression, head movement) and nothing else of it. Published rates and head counts are those
of ``assets.corpora``; what is an assumption is listed in ``StandinCorpus.assumed``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from assets.corpora import CORPORA
from assets.errors import InputError, closest

DEFAULT_FRAMES_PER_SUBJECT = 64
"""Frames per subject of a run on the defaults: 30 subjects and 60 avatars take about two minutes on two cores."""

PAPER_FRAMES = 107_073
"""Frames of the 30 subjects of the paper; two twins of each make its 214,146 pictures."""

_GFT_RATES = {
    1: 0.04, 2: 0.13, 4: 0.04, 6: 0.28, 10: 0.25, 12: 0.29, 14: 0.03, 15: 0.11, 23: 0.25, 24: 0.14,
}  # fmt: skip


def _published_rates(name: str) -> dict[int, float]:
    corpus = CORPORA[name]
    return {number: corpus.mean_rate(number) or 0.0 for number in corpus.au_numbers}


@dataclass(frozen=True)
class CameraFacts:
    """What the camera of a stand-in corpus is like; pairs are the ends of a range over subjects.

    Attributes
    ----------
    width_px, height_px : int
        Size of the pictures.
    eye_distance_px : (float, float)
        Distance between the eye centres of a frontal face.
    distance_mm : (float, float)
        From the camera to the face.
    off_centre : float
        Largest displacement of the face from the middle, as a fraction of the picture.
    yaw_rad, pitch_rad, roll_rad : float
        Standard deviation of the slow head movement.
    turn_rate, turn_rad : float
        Share of the time in which the head is turned to somebody beside the camera, and by how much.
    noise : (float, float)
        Sensor noise in grey levels.
    blur_px : (float, float)
        Lens blur.
    jpeg_quality : (int, int)
        Compression of the footage.
    """

    width_px: int
    height_px: int
    eye_distance_px: tuple[float, float]
    distance_mm: tuple[float, float]
    off_centre: float
    yaw_rad: float
    pitch_rad: float
    roll_rad: float
    turn_rate: float
    turn_rad: float
    noise: tuple[float, float]
    blur_px: tuple[float, float]
    jpeg_quality: tuple[int, int]


@dataclass(frozen=True)
class StandinCorpus:
    """One stand-in corpus.

    Attributes
    ----------
    name : str
        For example ``standin-bp4d``.
    mimics : str
        Key in ``assets.corpora.CORPORA`` of the published corpus whose setting it borrows.
    rates : dict of int to float
        Published share of frames in which each *labelled* Action Unit occurs; the order is the corpus's own.
    unlabelled_rates : dict of int to float
        The same for units that the faces perform but the labels leave out (assumed).
    females, males : int
        Apparent gender of the corpus's subjects; their ratio holds for any number of simulated subjects.
    sequences : tuple of str
        Names of the recordings of one subject, in order.
    frame_rate_hz : float
    onset_level : float
        Intensity (0 to 5) from which a coder calls a unit present.
    apex_level : (float, float)
        Range of the peak intensity of a unit that is present.
    coder_noise : float
        Standard deviation, in intensity levels, of the coder's error about one display of one unit.
    unknown_rate : float
        Share of labels that the coder could not give; their mask is 0.
    smile_gap : float
        How much more women than men smile, in standard deviations of the latent intensity of AU 6 and 12.
    display_s : float
        Mean time from one facial display to the next.
    expressiveness : float
        Mean visible strength of a unit, relative to its coded intensity.
    speech_rate : float
        Share of the time in which the subject speaks.
    tones : dict of str to float
        Share of each ancestry and skin-tone group among the subjects: ``light``, ``asian``, ``olive``, ``dark``.
    age : (float, float)
        Range along the rig's age axis, -1 young to +1 old.
    camera : CameraFacts
    assumed : str
        Which of these facts are assumptions.
    """

    name: str
    mimics: str
    rates: dict[int, float]
    unlabelled_rates: dict[int, float]
    females: int
    males: int
    sequences: tuple[str, ...]
    frame_rate_hz: float
    onset_level: float
    apex_level: tuple[float, float]
    coder_noise: float
    unknown_rate: float
    smile_gap: float
    display_s: float
    expressiveness: float
    speech_rate: float
    tones: dict[str, float]
    age: tuple[float, float]
    camera: CameraFacts
    assumed: str

    @property
    def au_numbers(self) -> tuple[int, ...]:
        """The labelled Action Units in the corpus's order."""
        return tuple(self.rates)


_BP4D = StandinCorpus(
    name="standin-bp4d",
    mimics="bp4d",
    rates=_published_rates("bp4d"),
    unlabelled_rates={5: 0.05, 9: 0.06, 20: 0.05, 25: 0.35, 26: 0.15},
    females=CORPORA["bp4d"].women or 0,
    males=CORPORA["bp4d"].men or 0,
    sequences=("T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8"),
    frame_rate_hz=25.0,
    onset_level=1.0,
    apex_level=(1.7, 4.8),
    coder_noise=0.2,
    unknown_rate=0.01,
    smile_gap=0.3,
    display_s=2.4,
    expressiveness=1.0,
    speech_rate=0.15,
    tones={"light": 0.49, "asian": 0.27, "olive": 0.10, "dark": 0.14},
    age=(-0.9, -0.2),
    camera=CameraFacts(
        width_px=400, height_px=300, eye_distance_px=(54.0, 64.0), distance_mm=(1100.0, 1500.0), off_centre=0.10,
        yaw_rad=0.10, pitch_rad=0.07, roll_rad=0.04, turn_rate=0.0, turn_rad=0.0,
        noise=(1.0, 2.0), blur_px=(0.3, 0.5), jpeg_quality=(92, 97),
    ),
    assumed="rates of AU 5, 9, 20, 25 and 26, skin-tone shares, ages, gap in smiling, camera",
)  # fmt: skip

_DISFA = StandinCorpus(
    name="standin-disfa",
    mimics="disfa",
    rates=_published_rates("disfa"),
    unlabelled_rates={5: 0.03, 7: 0.06, 10: 0.03, 14: 0.04, 15: 0.05, 17: 0.08, 20: 0.03, 23: 0.02, 24: 0.03},
    females=CORPORA["disfa"].women or 0,
    males=CORPORA["disfa"].men or 0,
    sequences=("LeftCamera",),
    frame_rate_hz=20.0,
    onset_level=2.0,
    apex_level=(2.3, 4.8),
    coder_noise=0.25,
    unknown_rate=0.0,
    smile_gap=0.3,
    display_s=3.0,
    expressiveness=0.95,
    speech_rate=0.0,
    tones={"light": 0.78, "asian": 0.11, "olive": 0.07, "dark": 0.04},
    age=(-0.9, 0.5),
    camera=CameraFacts(
        width_px=360, height_px=270, eye_distance_px=(42.0, 52.0), distance_mm=(900.0, 1200.0), off_centre=0.12,
        yaw_rad=0.07, pitch_rad=0.06, roll_rad=0.04, turn_rate=0.0, turn_rad=0.0,
        noise=(1.5, 3.0), blur_px=(0.5, 0.8), jpeg_quality=(80, 90),
    ),
    assumed="rates of AU 5, 7, 10, 14, 15, 17, 20, 23 and 24, who of the 27 is female, skin-tone shares, ages, "
    "gap in smiling, camera",
)  # fmt: skip

_GFT = StandinCorpus(
    name="standin-gft",
    mimics="gft",
    rates=_GFT_RATES,
    unlabelled_rates={5: 0.03, 7: 0.25, 9: 0.03, 17: 0.20, 20: 0.03, 25: 0.35, 26: 0.15},
    females=40,
    males=56,
    sequences=("table",),
    frame_rate_hz=30.0,
    onset_level=1.0,
    apex_level=(1.5, 4.4),
    coder_noise=0.3,
    unknown_rate=0.02,
    smile_gap=0.3,
    display_s=2.0,
    expressiveness=0.85,
    speech_rate=0.35,
    tones={"light": 0.80, "asian": 0.03, "olive": 0.05, "dark": 0.12},
    age=(-0.8, -0.4),
    camera=CameraFacts(
        width_px=320, height_px=240, eye_distance_px=(34.0, 44.0), distance_mm=(700.0, 1000.0), off_centre=0.16,
        yaw_rad=0.14, pitch_rad=0.12, roll_rad=0.07, turn_rate=0.35, turn_rad=0.38,
        noise=(2.5, 5.0), blur_px=(0.6, 1.0), jpeg_quality=(45, 70),
    ),
    assumed="every rate (they lie near those printed for the training set, but were not verified), gender ratio, "
    "skin-tone shares, gap in smiling, camera",
)  # fmt: skip

STANDIN_CORPORA: dict[str, StandinCorpus] = {corpus.name: corpus for corpus in (_BP4D, _DISFA, _GFT)}


def standin_corpus(name: str) -> StandinCorpus:
    """Return the stand-in corpus of this name.

    Raises
    ------
    InputError
        If there is none; the error names the nearest.
    """
    if name not in STANDIN_CORPORA:
        raise InputError.one(f"no stand-in corpus {name!r}", "corpus", closest(name, STANDIN_CORPORA))
    return STANDIN_CORPORA[name]


def standin_table() -> str:
    """Return the Markdown table of the stand-in corpora that docs/stand-ins.md holds."""
    rows = [("", *STANDIN_CORPORA)]
    corpora = list(STANDIN_CORPORA.values())

    def row(title: str, cell: Callable[[StandinCorpus], str]) -> None:
        rows.append((title, *map(cell, corpora)))

    row("takes the place of", lambda c: CORPORA[c.mimics].title)
    row("labelled AUs", lambda c: " ".join(map(str, c.au_numbers)))
    row("share of frames, %", lambda c: " ".join(f"{100 * rate:.0f}" for rate in c.rates.values()))
    row("present from intensity", lambda c: f"{c.onset_level:g} of 5")
    row("coder's error, levels", lambda c: f"{c.coder_noise:g}")
    row("unknown labels", lambda c: f"{100 * c.unknown_rate:g} %")
    row("apparent gender, female : male", lambda c: f"{c.females} : {c.males}")
    row("skin tones, %", lambda c: ", ".join(f"{name} {100 * share:.0f}" for name, share in c.tones.items()))
    row("recordings per subject", lambda c: str(len(c.sequences)))
    row("frames per second", lambda c: f"{c.frame_rate_hz:g}")
    row("picture, px", lambda c: f"{c.camera.width_px} × {c.camera.height_px}")
    row("between the eyes, px", lambda c: "{:.0f} to {:.0f}".format(*c.camera.eye_distance_px))
    row("head turns, SD of yaw", lambda c: f"{math.degrees(c.camera.yaw_rad):.0f}°")
    row("turned to a neighbour", lambda c: f"{100 * c.camera.turn_rate:.0f} % of the time")
    row("speaks", lambda c: f"{100 * c.speech_rate:.0f} % of the time")
    row("noise, grey levels", lambda c: "{:g} to {:g}".format(*c.camera.noise))
    row("JPEG quality", lambda c: "{} to {}".format(*c.camera.jpeg_quality))
    row("assumed, not verified", lambda c: c.assumed)
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]]) + "\n"
