"""Pictures that come as the columns of a table, told by how alike neighbors are."""

from __future__ import annotations

from math import isqrt

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.lazy_arrays import FEWEST_ROWS, SampleArray, some_rows

__all__ = ["flattened_pictures"]

_SMALLEST_SIDE = 7

# Of the pixels two apart, the part that are less alike than each is to the one between.
_SMOOTH = 0.85
# The least correlation of neighbors, and how much less that of others must be.
_ALIKE, _LESS, _MUCH_LESS = 0.2, 0.05, 0.1


def flattened_pictures(array: SampleArray) -> tuple[int, ...] | None:
    """Return the shape of the pictures that the columns seem to be, or None.

    The number of columns is a square, or three times one. Along both axes of the
    picture, a pixel is more alike to its neighbor than to the one behind it, and than
    to a pixel half a picture away. The ends of two lines are neighbors as columns, but
    not in a picture, which tells pictures from spectra and other smooth curves.

    Parameters
    ----------
    array : ndarray of shape (n_samples, ...)
        Finite numbers.

    Returns
    -------
    shape : tuple of int or None
        (height, width), (3, height, width) or (height, width, 3).

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer, load_digits
    >>> from sk_jae.tasks.flattened_pictures import flattened_pictures
    >>> flattened_pictures(load_digits().data)
    (8, 8)
    >>> flattened_pictures(load_breast_cancer().data) is None
    True
    """
    if array.ndim != 2 or len(array) < FEWEST_ROWS:
        return None
    shapes = _possible_shapes(array.shape[1])
    values = _standardized(array) if shapes else np.empty(0)
    for shape in shapes:
        pixels = values.reshape(len(values), *shape)
        axes = (3, 1, 2) if shape[-1] == 3 else (1, 2, 3)
        if _is_picture(np.moveaxis(pixels, axes, (1, 2, 3))):
            return shape[1:] if shape[0] == 1 else shape
    return None


def _possible_shapes(n_columns: int) -> list[tuple[int, int, int]]:
    side, color_side = isqrt(n_columns), isqrt(n_columns // 3)
    if side >= _SMALLEST_SIDE and side**2 == n_columns:
        return [(1, side, side)]
    if color_side >= _SMALLEST_SIDE and 3 * color_side**2 == n_columns:
        return [(3, color_side, color_side), (color_side, color_side, 3)]
    return []


def _standardized(array: SampleArray) -> NDArray[np.float64]:
    """Rows from the whole array, with NaN in constant columns."""
    rows = some_rows(array)
    rows -= rows.mean(0)
    scale = rows.std(0)
    scale[scale <= 1e-9 * scale.max()] = np.nan
    rows /= scale
    return rows


def _is_picture(pixels: NDArray[np.float64]) -> bool:
    """Tell whether standardized values (n, channels, height, width) are pictures."""
    upright = pixels.swapaxes(2, 3)
    along, across = _correlations(pixels, 1), _correlations(upright, 1)
    least = min(_mean(along), _mean(across))
    if not least >= _ALIKE:
        return False
    half = pixels.shape[3] // 2
    far_along, far_across = _correlations(pixels, half), _correlations(upright, half)
    # A table whose columns repeat, and a curve, have one of these.
    if _mean(across) - _mean(far_along) < _LESS:
        return False
    if _mean(along) - _mean(far_across) < _LESS:
        return False
    ends = (pixels[:, :, :-1, -1] * pixels[:, :, 1:, 0]).mean(0)
    if _mean(along) - _mean(ends) < _MUCH_LESS:
        return False
    return min(_smoothness(pixels), _smoothness(upright)) >= _SMOOTH


def _correlations(pixels: NDArray[np.float64], lag: int) -> NDArray[np.float64]:
    """Correlations of the pixels that are `lag` apart along the last axis."""
    found: NDArray[np.float64] = np.einsum(
        "nchw,nchw->chw", pixels[..., :-lag], pixels[..., lag:]
    )
    return found / len(pixels)


def _smoothness(pixels: NDArray[np.float64]) -> float:
    """How often the pixel between is the more alike one to both of its neighbors."""
    near, far = _correlations(pixels, 1), _correlations(pixels, 2)
    smaller = np.minimum(near[..., :-1], near[..., 1:])
    known = np.isfinite(smaller) & np.isfinite(far)
    return float((smaller > far)[known].mean()) if known.any() else 0.0


def _mean(values: NDArray[np.float64]) -> float:
    """The mean without NaN, which are constant pixels; 0 if there are no others."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else 0.0
