"""Maps in layers: fields in classes over the ground, and what is not known hatched."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pluvial.figures.relief import Relief, grey
from pluvial.figures.sheet import bare
from pluvial.figures.style import DEPTH_CLASSES, NO_DATA, Classes


def show(axes: Axes, *layers: tuple[NDArray[np.floating], Classes | None]) -> None:
    """Images over each other; what none of them covers is hatched: no data."""
    for field, classes in layers:
        axes.imshow(
            field,
            cmap=classes.colormap if classes else None,
            norm=classes.norm if classes else None,
            aspect="auto",
            interpolation="nearest",
            rasterized=True,
        )
    axes.patch.set(**NO_DATA)
    bare(axes)


def show_depth(axes: Axes, relief: Relief, water: NDArray[np.floating]) -> None:
    """Water depth float[rows, cols] in m over the grey ground."""
    show_over(axes, relief, water, DEPTH_CLASSES)


def show_over(axes: Axes, relief: Relief, field: NDArray[np.floating], classes: Classes) -> None:
    """A field float[rows, cols] over the grey ground; NaN is hatched."""
    ground = grey(relief)
    ground[np.isnan(field)] = 0
    show(axes, (ground, None), (field, classes))
