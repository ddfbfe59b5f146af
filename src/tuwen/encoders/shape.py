"""Shape: directions of edges, and the outline of what stands out, by OpenCV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tuwen.arrays import Array
from tuwen.encoders._descriptor import Descriptor, at_least, grey, needed

_LEAST = 1e-12  # Hu moments below this are noise


@dataclass(kw_only=True, eq=False)
class Shape(Descriptor):
    """Shape: which way the edges run, and what the outline of the foreground is like.

    Holds, one after the other:

    - a histogram of the directions of edge pixels (Canny), as shares of them, over 360 degrees
      counterclockwise, from dark-to-bright rightwards, and the share of pixels that are no edges
      (Jain & Vailaya, 1996; the 73 numbers of NUS-WIDE), the whole scaled to length one;
    - the seven moments of Hu (1962) of the silhouette, on a signed logarithmic scale from -1 to 1,
      times `weight`;
    - its area and the area of its upright box as shares of the picture, its share of that box and of its
      convex hull, how round it is (4 pi area / outline²), and how long (1 - minor / major axis), times
      `weight`.

    The silhouette is the lighter or the darker part by Otsu's threshold (1979), whichever has less of
    the picture's border.

    Attributes:
        directions: Bins of the histogram.
        weight: Of moments and outline beside the histogram.
    """

    extra: ClassVar[str] = "classic"
    square: ClassVar[bool] = False
    image_size = 256
    runtime = "OpenCV"

    directions: int = 72
    weight: float = 0.25

    def describe(self, rgb: Array) -> Array:
        """Directions, no edge, Hu's moments, outline."""
        cv2 = needed("cv2", "shape", "OpenCV")
        luma = grey(rgb)
        edges = _edges(cv2, luma, self.directions)
        mask = _silhouette(cv2, luma)
        outline = np.concatenate([_hu(cv2, mask), _outline(cv2, mask)])
        return np.concatenate([edges, self.weight * outline]).astype(np.float32)

    def _check_options(self) -> None:
        at_least(1, directions=self.directions)
        at_least(0, weight=self.weight)

    def _width(self) -> int:
        return self.directions + 1 + 7 + 6


def _edges(cv2: Any, luma: Array, directions: int) -> Array:
    """Shares of edge pixels by direction, and of pixels that are none, scaled to length one."""
    smooth = cv2.GaussianBlur(luma, (5, 5), 1.0)
    right = cv2.Sobel(smooth, cv2.CV_16S, 1, 0)
    down = cv2.Sobel(smooth, cv2.CV_16S, 0, 1)
    edge = cv2.Canny(right, down, 50, 150, L2gradient=True) > 0
    # the half bin puts 0, 90, ... degrees in the middle of their bins, where noise does not split them
    angle = np.arctan2(-down[edge].astype(np.float32), right[edge]) / (2 * np.pi) * directions + 0.5
    counts = np.bincount(np.floor(angle).astype(np.intp) % directions, minlength=directions)
    found = np.append(counts / max(1, counts.sum()), 1 - edge.mean())
    return np.asarray(found / np.linalg.norm(found))


def _silhouette(cv2: Any, luma: Array) -> Array:
    """What stands out as a mask of 0 and 1, (h, w) uint8; nothing in a picture of one tone."""
    _, light = cv2.threshold(luma, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    border = np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]])
    if luma.min() == luma.max():
        return np.zeros_like(luma)
    return np.asarray(1 - light if border.mean() > 0.5 else light)


def _hu(cv2: Any, mask: Array) -> Array:
    """Hu's seven moments, signed logarithms from -1 to 1; they stay when the mask moves, turns or grows."""
    moments = cv2.HuMoments(cv2.moments(mask, binaryImage=True)).ravel()
    return np.asarray(np.sign(moments) * np.log10(1 + np.abs(moments) / _LEAST) / -np.log10(_LEAST))


def _outline(cv2: Any, mask: Array) -> Array:
    """Area, box, share of the box and of the hull, roundness, length: six numbers from 0 to 1."""
    area = float(mask.sum())
    if not area:
        return np.zeros(6)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = float((rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1))
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    around = sum(cv2.arcLength(contour, True) for contour in contours)
    hull = cv2.convexHull(np.concatenate(contours))
    # contours run through the centres of pixels: add the half pixel outside them
    hull_area = cv2.contourArea(hull) + cv2.arcLength(hull, True) / 2 + 1
    return np.array(
        [
            area / mask.size,
            box / mask.size,
            area / box,
            min(1.0, area / hull_area),
            min(1.0, 4 * np.pi * area / max(around, 1.0) ** 2),
            _length(cv2, mask),
        ]
    )


def _length(cv2: Any, mask: Array) -> float:
    """1 - minor / major axis of the ellipse of the same second moments."""
    found = cv2.moments(mask, binaryImage=True)
    a, b, c = found["mu20"], found["mu11"], found["mu02"]
    spread = np.sqrt((a - c) ** 2 + 4 * b**2)
    return float(1 - np.sqrt(max(0.0, a + c - spread) / (a + c + spread))) if a + c > 0 else 0.0
