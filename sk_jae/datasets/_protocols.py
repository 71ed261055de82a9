"""The tasks of the paper's experiments, and fewer labels for them."""

from __future__ import annotations

import numbers
import os
from collections.abc import Mapping
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state, column_or_1d

from sk_jae._sklearn_types import Bunch, RandomState

from ._cifar10 import CLASSES as CIFAR10_CLASSES
from ._home import check_subset
from ._mnist import load_mnist
from ._usps import load_usps


def split_by_class(
    X: np.ndarray, y: np.ndarray, groups: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Make tasks of the classes of one data set.

    Parameters
    ----------
    X : array of shape (n_samples, ...)
        The samples.
    y : array of shape (n_samples,)
        The class of each sample.
    groups : dict
        For each task, its name and the label or the labels that belong to it.

    Returns
    -------
    X_tasks : dict of array
        The samples of each task, in the same order as in `X`.
    y_tasks : dict of array
        Their labels, unchanged.

    Raises
    ------
    ValueError
        If `X` and `y` differ in length, or if a task has no samples.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae.datasets import split_by_class
    >>> X, y = np.arange(8).reshape(4, 2), np.array([0, 1, 2, 1])
    >>> X_tasks, y_tasks = split_by_class(X, y, {"ones": 1, "others": [0, 2]})
    >>> y_tasks
    {'ones': array([1, 1]), 'others': array([0, 2])}
    """
    X, y = np.asanyarray(X), np.asarray(y)
    if len(X) != len(y):
        raise ValueError(f"X has {len(X)} samples, but y has {len(y)} labels.")
    X_tasks, y_tasks = {}, {}
    for task, labels in groups.items():
        chosen = np.isin(y, np.atleast_1d(labels))
        if not chosen.any():
            raise ValueError(
                f"Task {task!r} would have no samples: none of the labels "
                f"{np.atleast_1d(labels).tolist()} is in y, which has "
                f"{np.unique(y).tolist()}."
            )
        X_tasks[task], y_tasks[task] = X[chosen], y[chosen]
    return X_tasks, y_tasks


def digit_halves(
    X: np.ndarray, y: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Make two tasks of digits, 0-4 and 5-9.

    Parameters
    ----------
    X : array of shape (n_samples, ...)
        The samples.
    y : array of shape (n_samples,)
        The digit of each sample.

    Returns
    -------
    X_tasks : dict of array
        The samples of the tasks "0-4" and "5-9".
    y_tasks : dict of array
        Their labels, unchanged.

    Raises
    ------
    ValueError
        If `X` and `y` differ in length, or if a task has no samples.

    References
    ----------
    B. Epstein, R. Meir, T. Michaeli, Joint autoencoders: a flexible multi-task learning
    framework, 2017: the unsupervised MNIST experiment and Table 2.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sk_jae.datasets import digit_halves
    >>> digits = load_digits()
    >>> X, y = digit_halves(digits.images, digits.target)
    >>> X["0-4"].shape, X["5-9"].shape
    ((901, 8, 8), (896, 8, 8))
    """
    return split_by_class(X, y, {"0-4": range(5), "5-9": range(5, 10)})


def cifar10_class_pair(
    X: np.ndarray, y: np.ndarray, first: str, second: str
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Make two tasks of two CIFAR-10 classes.

    Parameters
    ----------
    X : array of shape (n_samples, 32, 32, 3)
        CIFAR-10 images.
    y : array of shape (n_samples,)
        Their classes, 0-9.
    first, second : str
        The names of two classes. The paper pairs "airplane", "deer", "horse" and
        "ship".

    Returns
    -------
    X_tasks : dict of array
        The images of the two tasks, whose names are those of the classes.
    y_tasks : dict of array
        Their labels, unchanged.

    Raises
    ------
    ValueError
        If a name is not a class of CIFAR-10, if both names are the same, or if a class
        has no samples.

    References
    ----------
    B. Epstein, R. Meir, T. Michaeli, Joint autoencoders: a flexible multi-task learning
    framework, 2017: Table 1.

    Examples
    --------
    >>> from sk_jae.datasets import cifar10_class_pair, load_cifar10
    >>> X, y = load_cifar10(return_X_y=True)  # doctest: +SKIP
    >>> X, y = cifar10_class_pair(X, y, "deer", "horse")  # doctest: +SKIP
    >>> X["deer"].shape  # doctest: +SKIP
    (5000, 32, 32, 3)
    """
    unknown = [name for name in (first, second) if name not in CIFAR10_CLASSES]
    if unknown or first == second:
        raise ValueError(
            f"first and second must be two different classes of {CIFAR10_CLASSES}, "
            f"got {first!r} and {second!r} instead."
        )
    return split_by_class(
        X, y, {name: CIFAR10_CLASSES.index(name) for name in (first, second)}
    )


@overload
def load_mnist_usps(
    *,
    data_home: str | os.PathLike[str] | None = ...,
    subset: Literal["train", "test"] = ...,
    n_mnist: int = ...,
    n_usps: int = ...,
    random_state: RandomState = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[False] = ...,
) -> Bunch: ...
@overload
def load_mnist_usps(
    *,
    data_home: str | os.PathLike[str] | None = ...,
    subset: Literal["train", "test"] = ...,
    n_mnist: int = ...,
    n_usps: int = ...,
    random_state: RandomState = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[True],
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]: ...
def load_mnist_usps(
    *,
    data_home: str | os.PathLike[str] | None = None,
    subset: Literal["train", "test"] = "train",
    n_mnist: int = 2000,
    n_usps: int = 1800,
    random_state: RandomState = 0,
    download_if_missing: bool = False,
    return_X_y: bool = False,
) -> Bunch | tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Load MNIST and USPS as two tasks, with few training samples.

    The training samples are drawn at random, without replacement, from the official
    training sets. The part "test" consists of the two complete official test sets.

    Parameters
    ----------
    data_home : path-like, default=None
        The data folder; see :func:`~sk_jae.datasets.get_data_home`.
    subset : {"train", "test"}, default="train"
        The training samples that were drawn, or the official test sets (10,000 and
        2,007 samples).
    n_mnist, n_usps : int, default=2000 and 1800
        The number of training samples.
    random_state : int, RandomState instance or None, default=0
        Decides which training samples are drawn.
    download_if_missing : bool, default=False
        If True, torchvision downloads files that are missing or incomplete. If False,
        nothing is written.
    return_X_y : bool, default=False
        If True, return `(data, target)` instead of a Bunch.

    Returns
    -------
    digits : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with these attributes.

        data : dict of ndarray of dtype uint8
            "mnist" of shape (n_mnist, 28, 28) and "usps" of shape (n_usps, 16, 16).
        target : dict of ndarray of dtype int64
            The digits 0-9, one array of shape (n_samples,) per task.
        target_names : ndarray of shape (10,)
            The names of the classes.
        source_index : dict of ndarray of dtype int64
            The position of each sample in the official set.
        subset_note : None
            Always None, because both sets are complete.
        DESCR : str
            Description, citation and terms of use.
    (data, target) : tuple of dict if `return_X_y` is True
        Only `data` and `target`.

    Raises
    ------
    OSError
        If a file is missing, incomplete or not the expected one, or if it cannot be
        downloaded.
    ValueError
        If `subset` is unknown, or if a training set has fewer samples than wanted.

    References
    ----------
    M. Long et al., Transfer feature learning with joint distribution adaptation, ICCV
    2013, and E. Tzeng et al., Adversarial discriminative domain adaptation, CVPR 2017.

    Examples
    --------
    >>> from sk_jae.datasets import load_mnist_usps
    >>> X, y = load_mnist_usps(return_X_y=True)  # doctest: +SKIP
    >>> X["mnist"].shape, X["usps"].shape  # doctest: +SKIP
    ((2000, 28, 28), (1800, 16, 16))
    """
    check_subset(subset, ("train", "test"))
    rng = check_random_state(random_state)
    sources = {
        "mnist": load_mnist(
            data_home=data_home, subset=subset, download_if_missing=download_if_missing
        ),
        "usps": load_usps(
            data_home=data_home, subset=subset, download_if_missing=download_if_missing
        ),
    }
    index = {}
    for (task, source), n_samples in zip(
        sources.items(), (n_mnist, n_usps), strict=True
    ):
        n_available = len(source.target)
        if subset == "test":
            index[task] = np.arange(n_available)
            continue
        if not 1 <= n_samples <= n_available:
            raise ValueError(
                f"n_{task} must lie between 1 and {n_available}, the size of the "
                f"training set, got {n_samples} instead."
            )
        index[task] = np.sort(rng.choice(n_available, n_samples, replace=False))
    data = {task: source.data[index[task]] for task, source in sources.items()}
    target = {task: source.target[index[task]] for task, source in sources.items()}
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        target_names=np.arange(10),
        source_index=index,
        subset_note=None,
        DESCR="\n".join(source.DESCR for source in sources.values()),
    )


def keep_labels(
    y: ArrayLike, n_per_class: int, *, random_state: RandomState = 0
) -> np.ndarray:
    """Hide all labels except a few of each class.

    With the same `random_state`, a larger `n_per_class` keeps all labels that a smaller
    one keeps, and more. Use it for the labels of a training set, not of a test set.

    Parameters
    ----------
    y : array-like of int or str of shape (n_samples,)
        The labels. Samples that are unlabeled already (-1, and beside text None or a
        missing value too) are no class.
    n_per_class : int
        The number of labels of each class that are kept.
    random_state : int, RandomState instance or None, default=0
        Decides which labels are kept.

    Returns
    -------
    y_few : ndarray of int or object of shape (n_samples,)
        A copy of `y` in which each label that is not kept is replaced by -1, and by
        None if the labels are text.

    Raises
    ------
    ValueError
        If `n_per_class` is negative, if a class has fewer labels than that, or if `y`
        does not have one dimension.
    TypeError
        If `y` has neither integers nor text.

    References
    ----------
    B. Epstein, R. Meir, T. Michaeli, Joint autoencoders: a flexible multi-task learning
    framework, 2017: Figure 3 keeps 5 to 50 labels per digit.

    Examples
    --------
    >>> from sk_jae.datasets import keep_labels
    >>> keep_labels([0, 0, 0, 1, 1, 1], 1, random_state=0)
    array([-1, -1,  0, -1, -1,  1])
    >>> keep_labels(["oak", "oak", "beech", "beech"], 1)
    array(['oak', None, None, 'beech'], dtype=object)
    """
    labels: np.ndarray = column_or_1d(y)
    if labels.dtype.kind in "iu":
        known = labels != -1
        y_few = np.full(labels.shape, -1, dtype=np.int64)
    else:
        labels = labels.astype(object)
        known = _is_text(labels)
        y_few = np.full(labels.shape, None, dtype=object)
    classes, counts = np.unique(labels[known], return_counts=True)
    if n_per_class < 0:
        raise ValueError(f"n_per_class must not be negative, got {n_per_class}.")
    if len(counts) and n_per_class > counts.min():
        raise ValueError(
            f"n_per_class={n_per_class} labels of each class cannot be kept, because "
            f"class {classes[counts.argmin()]} has only {counts.min()}."
        )
    rng = check_random_state(random_state)
    for label in classes:
        # The whole class is shuffled even if few labels are kept, so that a larger
        # number keeps what a smaller one keeps.
        kept = rng.permutation(np.flatnonzero(labels == label))[:n_per_class]
        y_few[kept] = label
    return y_few


def _is_text(labels: np.ndarray) -> np.ndarray:
    """Find the labels that are text, beside which all others have to be marks."""
    known = np.array([isinstance(label, str) for label in labels], dtype=bool)
    for label in labels[~known]:
        if isinstance(label, numbers.Real) and label == label and label != -1:
            raise TypeError(
                f"y must hold integers or text, got {label!r} in an array of dtype "
                f"{labels.dtype}; encode the classes as integers."
            )
    return known
