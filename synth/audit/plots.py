"""Small plots as inline SVG; colours come from the page's style sheet."""

from __future__ import annotations

import numpy as np

MOST_POINTS = 160


def scatter(real: np.ndarray, twins: list[tuple[str, np.ndarray]], title: str, side: int = 150) -> str:
    """Return twin against real, both centred on their medians, with the diagonal.

    Parameters
    ----------
    real : (N,) float
    twins : list of (name, (N,) float)
        The name's first word is the class of the points: female or male.
    title : str
    side : int
        Pixels.
    """
    values = np.concatenate([real, *(twin for _, twin in twins)])
    known = values[np.isfinite(values)]
    if len(known) < 3:
        return ""
    low, high = np.quantile(known, (0.005, 0.995))
    reach = max(high - low, 1e-9)
    margin = 8

    def place(value: np.ndarray) -> np.ndarray:
        return margin + np.clip((value - low) / reach, 0, 1) * (side - 2 * margin)

    parts = [f'<line class="diagonal" x1="{margin}" y1="{side - margin}" x2="{side - margin}" y2="{margin}"/>']
    for name, twin in twins:
        fine = np.flatnonzero(np.isfinite(real) & np.isfinite(twin))
        fine = fine[:: max(1, -(-len(fine) // MOST_POINTS))]
        dots = "".join(f"M{x:.0f} {y:.0f}h0" for x, y in zip(place(real[fine]), side - place(twin[fine]), strict=True))
        parts.append(f'<path class="dots {name.split("_")[0]}" d="{dots}"/>')
    return (
        f'<figure><svg viewBox="0 0 {side} {side}" width="{side}" height="{side}" role="img" aria-label="{title}">'
        f"{''.join(parts)}</svg><figcaption>{title}</figcaption></figure>"
    )


def course(series: list[tuple[str, np.ndarray]], width: int = 620, height: int = 84) -> str:
    """Return measures over time, one line each.

    Parameters
    ----------
    series : list of (class, (T,) float)
    width, height : int
        Pixels.
    """
    known = np.concatenate([values[np.isfinite(values)] for _, values in series])
    if len(known) < 2:
        return ""
    low, high = np.quantile(known, (0.002, 0.998))
    reach = max(high - low, 1e-9)
    lines = []
    for name, values in series:
        step = max(1, -(-len(values) // 400))
        x = np.linspace(4, width - 4, len(values))[::step]
        y = height - 6 - np.clip((values[::step] - low) / reach, 0, 1) * (height - 12)
        path, pen = [], "M"
        for a, b in zip(x, y, strict=True):
            if not np.isfinite(b):
                pen = "M"
                continue
            path.append(f"{pen}{a:.0f} {b:.0f}")
            pen = "L"
        lines.append(f'<path class="line {name.split("_")[0]}" d="{"".join(path)}"/>')
    return f'<svg class="course" viewBox="0 0 {width} {height}" preserveAspectRatio="none">{"".join(lines)}</svg>'


def whisker(value: float | None, low: float | None, high: float | None, control: float | None, width: int = 130) -> str:
    """Return a correlation with its interval on a scale from −0.2 to 1, and the shuffled control as a grey bar."""
    if value is None or low is None or high is None:
        return ""

    def x(r: float) -> float:
        return 3 + (min(max(r, -0.2), 1.0) + 0.2) / 1.2 * (width - 6)

    bar = (
        ""
        if control is None
        else f'<rect class="control" x="3" y="2" width="{max(0.0, x(control) - 3):.1f}" height="12"/>'
    )
    return (
        f'<svg class="whisker" viewBox="0 0 {width} 16" width="{width}" height="16">{bar}'
        f'<line class="axis" x1="{x(0):.1f}" x2="{x(0):.1f}" y1="1" y2="15"/>'
        f'<line class="reach" x1="{x(low):.1f}" x2="{x(high):.1f}" y1="8" y2="8"/>'
        f'<circle cx="{x(value):.1f}" cy="8" r="3.4"/></svg>'
    )
