"""Landmark schemes: which points they hold, which is whose mirror image, which do not move with expressions.

The reference scheme is ``mediapipe478``: 468 points of the canonical face mesh and ten of the irises.
The iBUG schemes count their 68 points from the jaw (subject's right to left) over brows, nose and eyes to
the mouth; ``ibug66`` (DISFA) lacks the two inner mouth corners, ``ibug49`` (BP4D, GFT) also the jaw.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_JAW = (234, 93, 132, 58, 172, 150, 149, 176, 152, 400, 378, 379, 397, 288, 361, 323, 454)
_BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
_NOSE = (168, 197, 5, 1, 98, 97, 2, 326, 327)
_EYES = (33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380)
_OUTER_LIPS = (61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181)
_INNER_LIPS = (78, 82, 13, 312, 308, 317, 14, 87)

MEDIAPIPE_COUNT = 478
IBUG68 = _JAW + _BROWS + _NOSE + _EYES + _OUTER_LIPS + _INNER_LIPS
IBUG66 = tuple(point for i, point in enumerate(IBUG68) if i not in (60, 64))
IBUG49 = IBUG66[17:]


@dataclass(frozen=True)
class Scheme:
    """A numbered set of face points.

    Attributes
    ----------
    name : str
    points : tuple of int
        For each point the ``mediapipe478`` point at the same place on the face.
    """

    name: str
    points: tuple[int, ...]

    @property
    def count(self) -> int:
        """Number of points."""
        return len(self.points)


SCHEMES: dict[str, Scheme] = {
    scheme.name: scheme
    for scheme in (
        Scheme("mediapipe478", tuple(range(MEDIAPIPE_COUNT))),
        Scheme("ibug68", IBUG68),
        Scheme("ibug66", IBUG66),
        Scheme("ibug49", IBUG49),
    )
}

RIGHT_IRIS = (468, 469, 470, 471, 472)
LEFT_IRIS = (473, 474, 475, 476, 477)
"""Centre, then four points of the rim, of the subject's right and left iris."""

# fmt: off
RIGHT_EYE_RING = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
LEFT_EYE_RING = (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249)
"""The lid margins from the outer corner over the upper lid to the inner corner and back below."""

INNER_LIP_RING = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
"""The inner lip line from the subject's right corner over the upper lip to the left corner and back below."""

OUTER_LIP_RING = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)

FACE_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)
"""The outline of the face; the detector places it on the visible contour, not at fixed points of the skin."""

RIGID_WEIGHTS: dict[int, float] = {
    4: .0709, 6: .0321, 10: .0084, 33: .0587, 54: .0077, 67: .0091, 117: .0098, 119: .0146, 121: .0186, 127: .0052,
    129: .1206, 132: .0056, 133: .0533, 143: .0148, 147: .0143, 198: .0255, 205: .0473, 263: .0587, 284: .0077,
    297: .0091, 346: .0098, 348: .0146, 350: .0186, 356: .0052, 358: .1206, 361: .0056, 362: .0533, 372: .0148,
    376: .0143, 420: .0255, 425: .0473,
}
"""Points that move little with expressions and how much each counts in a rigid alignment.

Source: the alignment basis inside the face landmarker's geometry data, without its two points on the jaw.
"""

_MIRROR_PAIRS = (
    (3, 248), (7, 249), (20, 250), (21, 251), (22, 252), (23, 253), (24, 254), (25, 255), (26, 256), (27, 257),
    (28, 258), (29, 259), (30, 260), (31, 261), (32, 262), (33, 263), (34, 264), (35, 265), (36, 266), (37, 267),
    (38, 268), (39, 269), (40, 270), (41, 271), (42, 272), (43, 273), (44, 274), (45, 275), (46, 276), (47, 277),
    (48, 278), (49, 279), (50, 280), (51, 281), (52, 282), (53, 283), (54, 284), (55, 285), (56, 286), (57, 287),
    (58, 288), (59, 289), (60, 290), (61, 291), (62, 292), (63, 293), (64, 294), (65, 295), (66, 296), (67, 297),
    (68, 298), (69, 299), (70, 300), (71, 301), (72, 302), (73, 303), (74, 304), (75, 305), (76, 306), (77, 307),
    (78, 308), (79, 309), (80, 310), (81, 311), (82, 312), (83, 313), (84, 314), (85, 315), (86, 316), (87, 317),
    (88, 318), (89, 319), (90, 320), (91, 321), (92, 322), (93, 323), (95, 324), (96, 325), (97, 326), (98, 327),
    (99, 328), (100, 329), (101, 330), (102, 331), (103, 332), (104, 333), (105, 334), (106, 335), (107, 336),
    (108, 337), (109, 338), (110, 339), (111, 340), (112, 341), (113, 342), (114, 343), (115, 344), (116, 345),
    (117, 346), (118, 347), (119, 348), (120, 349), (121, 350), (122, 351), (123, 352), (124, 353), (125, 354),
    (126, 355), (127, 356), (128, 357), (129, 358), (130, 359), (131, 360), (132, 361), (133, 362), (134, 363),
    (135, 364), (136, 365), (137, 366), (138, 367), (139, 368), (140, 369), (141, 370), (142, 371), (143, 372),
    (144, 373), (145, 374), (146, 375), (147, 376), (148, 377), (149, 378), (150, 379), (153, 380), (154, 381),
    (155, 382), (156, 383), (157, 384), (158, 385), (159, 386), (160, 387), (161, 388), (162, 389), (163, 390),
    (165, 391), (166, 392), (167, 393), (169, 394), (170, 395), (171, 396), (172, 397), (173, 398), (174, 399),
    (176, 400), (177, 401), (178, 402), (179, 403), (180, 404), (181, 405), (182, 406), (183, 407), (184, 408),
    (185, 409), (186, 410), (187, 411), (188, 412), (189, 413), (190, 414), (191, 415), (192, 416), (193, 417),
    (194, 418), (196, 419), (198, 420), (201, 421), (202, 422), (203, 423), (204, 424), (205, 425), (206, 426),
    (207, 427), (208, 428), (209, 429), (210, 430), (211, 431), (212, 432), (213, 433), (214, 434), (215, 435),
    (216, 436), (217, 437), (218, 438), (219, 439), (220, 440), (221, 441), (222, 442), (223, 443), (224, 444),
    (225, 445), (226, 446), (227, 447), (228, 448), (229, 449), (230, 450), (231, 451), (232, 452), (233, 453),
    (234, 454), (235, 455), (236, 456), (237, 457), (238, 458), (239, 459), (240, 460), (241, 461), (242, 462),
    (243, 463), (244, 464), (245, 465), (246, 466), (247, 467), (468, 473), (469, 476), (470, 475), (471, 474),
    (472, 477),
)
# fmt: on


def _permutation() -> tuple[int, ...]:
    mirror = list(range(MEDIAPIPE_COUNT))
    for one, other in _MIRROR_PAIRS:
        mirror[one], mirror[other] = other, one
    return tuple(mirror)


MIRROR_POINTS: tuple[int, ...] = _permutation()
"""``points[MIRROR_POINTS]`` with x negated are the points of the mirrored face."""

EYE_CORNERS: tuple[tuple[int, int], tuple[int, int]] = ((263, 362), (33, 133))
"""Outer and inner corner of the subject's left and right eye."""


def mirror_of(scheme: str) -> tuple[int, ...]:
    """Return the permutation of a scheme's points that a mirror image needs.

    Parameters
    ----------
    scheme : str
        A name of ``SCHEMES``.
    """
    points = SCHEMES[scheme].points
    place = {point: i for i, point in enumerate(points)}
    return tuple(place[MIRROR_POINTS[point]] for point in points)


def eye_centres(points: np.ndarray, scheme: str = "mediapipe478") -> np.ndarray:
    """Return the midpoints of the left and the right eye's corners.

    Parameters
    ----------
    points : (..., L, D) float
        Landmarks of the scheme.
    scheme : str

    Returns
    -------
    (..., 2, D) float
        Left eye first, in the unit of ``points``.
    """
    place = {point: i for i, point in enumerate(SCHEMES[scheme].points)}
    corners = [[place[point] for point in eye] for eye in EYE_CORNERS]
    return np.asarray(points)[..., corners, :].mean(-2)
