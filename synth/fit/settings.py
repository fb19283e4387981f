"""What a user may change about the fit."""

from __future__ import annotations

from dataclasses import dataclass

from assets.errors import InputError, Problem


@dataclass(frozen=True)
class FitSettings:
    """Settings of ``fit_track``; the defaults suit the built-in landmark network on ordinary video.

    Attributes
    ----------
    noise_mm : float
        Standard deviation of one landmark coordinate at the size of the face.
    independent_points : int
        How many landmarks err independently of each other; neighbours share their errors.
    depth_trust : float
        Weight of the landmarks' depth against their place in the picture, in [0, 1].
    sparsity : float
        Strength of the pull of every weight towards 0; 1 is the default strength.
    symmetry : float
        Strength of the belief that both sides of the face differ only as far as the network sees it.
    under_reading : float
        How far weights are raised to make up for movements that the landmark network sees only in part, in [0, 1].
        Landmarks that the user brings are taken as they are.
    network : float
        Strength of the prior from the network's own scores; 0 is landmarks only.
    pixels : float
        Strength of the evidence from pixels, in [0, 1], where the track has it; 0 is landmarks and scores only.
    amplitude : float
        How far movements that are there are given back what the prior takes from them, in [0, 1].
    smooth : float
        Strength of the temporal term; 0 fits every frame alone. Blinks are spared.
    identity : bool
        Whether the subject's own resting shape is fitted. False takes the rig's mean.
    identity_frames : int
        Most frames used for the identity.
    camera_distance_mm : float or None
        Distance from camera to face; None estimates it for each subject.
    largest_residual_px : float
        Frames with a larger residual, in pixels of the 256-pixel crop, get the status FIT_BAD.
    batch : int
        Frames solved at once.
    """

    noise_mm: float = 0.8
    independent_points: int = 60
    depth_trust: float = 0.1
    sparsity: float = 1.0
    symmetry: float = 1.0
    under_reading: float = 1.0
    network: float = 1.0
    pixels: float = 1.0
    amplitude: float = 1.0
    smooth: float = 1.0
    identity: bool = True
    identity_frames: int = 64
    camera_distance_mm: float | None = None
    largest_residual_px: float = 6.0
    batch: int = 256

    def __post_init__(self) -> None:
        problems = [
            Problem(f"{name} is {value}", "fit settings", f"give a value of at least {least}")
            for name, least in (
                ("noise_mm", 0.0), ("independent_points", 1), ("depth_trust", 0.0), ("sparsity", 0.0),
                ("symmetry", 0.0), ("under_reading", 0.0), ("network", 0.0), ("pixels", 0.0),
                ("amplitude", 0.0), ("smooth", 0.0), ("identity_frames", 1), ("largest_residual_px", 0.0), ("batch", 1),
            )
            if not (value := getattr(self, name)) >= least
        ]  # fmt: skip
        if self.camera_distance_mm is not None and not self.camera_distance_mm >= 150:
            problems.append(
                Problem("camera_distance_mm is below 150", "fit settings", "give a distance in millimetres")
            )
        if problems:
            raise InputError(problems)
