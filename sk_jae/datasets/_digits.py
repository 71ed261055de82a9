"""Two related tasks made from the digits that scikit-learn contains."""

from __future__ import annotations

from typing import Literal, overload

import numpy as np
from scipy import ndimage
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from sk_jae._sklearn_types import Bunch, RandomState

from ._home import Subset, check_subset

SLANT = 0.4
SLANT_SPREAD = 0.05

DESCR = """\
Two tasks made from scikit-learn's digits (1,797 images of 8x8). Each task has half of
the images, and no image is in both. "optical" has its images as they are, with shape
(n, 8, 8). "pen" has its images drawn at 16x16, slanted and with a thicker stroke, with
shape (n, 16, 16).

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits,
UCI Machine Learning Repository, 1998 (CC BY 4.0); see sklearn.datasets.load_digits.
"""


@overload
def load_digits_pair(
    *,
    subset: Subset = ...,
    test_size: float = ...,
    random_state: RandomState = ...,
    return_X_y: Literal[False] = ...,
) -> Bunch: ...
@overload
def load_digits_pair(
    *,
    subset: Subset = ...,
    test_size: float = ...,
    random_state: RandomState = ...,
    return_X_y: Literal[True],
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]: ...
def load_digits_pair(
    *,
    subset: Subset = "train",
    test_size: float = 0.25,
    random_state: RandomState = 0,
    return_X_y: bool = False,
) -> Bunch | tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Load two related tasks of different shapes, made from real digits.

    The images that scikit-learn contains are divided between two tasks, so that no
    image is in both. The task "optical" has its 8x8 images as they are. The task "pen"
    has its images drawn at 16x16, slanted and with a thicker stroke. A classifier that
    is trained on one task is right for about half of the samples of the other. Nothing
    is downloaded.

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        The part of both tasks to return. With the same `random_state` and `test_size`,
        "train" and "test" have no sample in common and together are "all".
    test_size : float, default=0.25
        Fraction of the samples of each task that is kept for "test".
    random_state : int, RandomState instance or None, default=0
        Decides which image goes into which task and how much each image of "pen" is
        slanted. Pass an int to get matching parts from several calls.
    return_X_y : bool, default=False
        If True, return `(data, target)` instead of a Bunch.

    Returns
    -------
    digits : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with these attributes.

        data : dict of ndarray of dtype uint8
            "optical" of shape (n_optical, 8, 8) and "pen" of shape (n_pen, 16, 16),
            with values from 0 (background) to 255.
        target : dict of ndarray of dtype int64
            The digits 0-9, one array of shape (n,) per task.
        target_names : ndarray of shape (10,)
            The names of the classes.
        source_index : dict of ndarray of dtype int64
            The position of every sample in scikit-learn's digits.
        DESCR : str
            Description and source.
    (data, target) : tuple of dict if `return_X_y` is True
        Only `data` and `target`.

    Raises
    ------
    ValueError
        If `subset` is not one of the three names.

    Examples
    --------
    >>> from sk_jae.datasets import load_digits_pair
    >>> X, y = load_digits_pair(return_X_y=True)
    >>> X["optical"].shape, X["pen"].shape
    ((673, 8, 8), (674, 16, 16))
    >>> X_test, y_test = load_digits_pair(subset="test", return_X_y=True)
    >>> y_test["pen"].shape
    (225,)
    """
    check_subset(subset)
    rng = check_random_state(random_state)
    source = load_digits()
    images = np.rint(source.images * (255 / 16)).astype(np.uint8)
    labels = source.target.astype(np.int64)

    slants = SLANT + SLANT_SPREAD * rng.standard_normal(len(labels))
    halves = train_test_split(
        np.arange(len(labels)), test_size=0.5, stratify=labels, random_state=rng
    )
    index = {}
    for task, half in zip(("optical", "pen"), halves, strict=True):
        train, test = train_test_split(
            half, test_size=test_size, stratify=labels[half], random_state=rng
        )
        index[task] = {"train": train, "test": test, "all": half}[subset]

    pen = index["pen"]
    data = {
        "optical": images[index["optical"]],
        "pen": _draw_with_pen(images[pen], slants[pen]),
    }
    target = {task: labels[positions] for task, positions in index.items()}
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        target_names=source.target_names,
        source_index=index,
        DESCR=DESCR,
    )


def _draw_with_pen(images: np.ndarray, slants: np.ndarray) -> np.ndarray:
    """Return 8x8 images as smooth, slanted and thicker images of 16x16."""
    large = ndimage.zoom(
        images.astype(np.float32), (1, 2, 2), grid_mode=True, mode="grid-constant"
    )
    center = np.array([7.5, 7.5])
    for image, slant in zip(large, slants, strict=True):
        shear = np.array([[1.0, 0.0], [slant, 1.0]])
        image[:] = ndimage.affine_transform(
            image.copy(), shear, offset=center - shear @ center, order=1
        )
    thick = ndimage.grey_dilation(large, size=(1, 2, 2))
    drawn: np.ndarray = np.rint(np.clip(thick, 0, 255)).astype(np.uint8)
    return drawn
