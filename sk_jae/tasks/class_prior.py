"""The shares of the classes that a user knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.labels import Labels
from sk_jae.tasks.wording import counted, listed, unknown_task

__all__ = ["check_class_prior"]

_ROUNDING = 1e-3


def check_class_prior(
    class_prior: object, names: Sequence[str], labels: Labels
) -> dict[int, NDArray[np.float64]]:
    """Check the shares of the classes and return them by the position of the task.

    Parameters
    ----------
    class_prior : sequence of float, or dict of {str: dict or sequence}, or None
        One share per class, in the order of the classes, for all tasks; or for some
        tasks such a sequence or a dict from classes to shares.
    names : sequence of str
        The names of the tasks.
    labels : Labels

    Returns
    -------
    shares : dict of {int: ndarray of shape (n_classes,)}
        They sum to 1.

    Raises
    ------
    ValueError, TypeError
        If these are not shares of the classes of these tasks.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae.tasks import Labels, check_class_prior
    >>> labels = Labels(np.array(["no", "yes"]), (None,), np.ones((1, 2), bool))
    >>> check_class_prior({"task0": {"yes": 0.25, "no": 0.75}}, ["task0"], labels)
    {0: array([0.75, 0.25])}
    """
    if class_prior is None:
        return {}
    if not isinstance(class_prior, Mapping):
        shares = _shares(class_prior, "class_prior", labels)
        return dict.fromkeys(range(len(names)), shares)
    for name in class_prior:
        if name not in names:
            raise ValueError(unknown_task(name, names, "class_prior"))
    return {
        list(names).index(name): _shares(value, f"class_prior of task {name!r}", labels)
        for name, value in class_prior.items()
    }


def _shares(value: Any, words: str, labels: Labels) -> NDArray[np.float64]:
    classes = labels.classes.tolist()
    if isinstance(value, Mapping):
        unknown = [c for c in value if c not in classes]
        if unknown:
            raise ValueError(
                f"{words} has a share of the class {unknown[0]!r}, expected shares of "
                f"the classes {listed(classes)}."
            )
        value = [value.get(c, 0.0) for c in classes]
    try:
        shares: NDArray[np.float64] = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(
            f"{words} is {value!r}, expected one share per class, or a dict from "
            "classes to shares."
        ) from None
    if shares.shape != (len(classes),):
        raise ValueError(
            f"{words} has the shape {shares.shape}, expected "
            f"{counted(classes, 'share')}, one for each of the classes "
            f"{listed(classes)}."
        )
    if not np.isfinite(shares).all() or (shares < 0).any():
        raise ValueError(f"{words} is {value!r}, expected shares from 0 to 1.")
    if abs(shares.sum() - 1) > _ROUNDING:
        raise ValueError(
            f"the shares of {words} sum to {shares.sum():.4g}, expected 1; divide them "
            "by their sum."
        )
    shares /= shares.sum()
    return shares
