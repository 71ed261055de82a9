"""How much the labeled samples of each class count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.wording import listed

__all__ = ["weights_of_classes"]


def weights_of_classes(
    class_weight: object,
    classes: NDArray[Any],
    encoded: Sequence[NDArray[np.int64] | None],
    weights: Sequence[NDArray[np.float64] | None],
) -> NDArray[np.float64] | None:
    """Check the weights of the classes.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        "balanced" gives the samples of all classes the same weight together.
    classes : ndarray of shape (n_classes,)
    encoded : sequence of (ndarray of int of shape (n_samples_t,) or None)
        The position in `classes` of each sample's class, -1 for an unlabeled one.
    weights : sequence of (ndarray of shape (n_samples_t,) or None)
        How much each sample counts; empty if all count alike.

    Returns
    -------
    weights : ndarray of shape (n_classes,) or None
        None if all classes count alike.

    Raises
    ------
    ValueError, TypeError
        If there is no such class, or if a weight is negative or not a finite number.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae.tasks.class_weight import weights_of_classes
    >>> labels = np.array([0, 0, 0, 1, -1])
    >>> weights_of_classes("balanced", np.array(["a", "b"]), [labels, None], ())
    array([0.66666667, 2.        ])
    """
    if class_weight is None:
        return None
    if isinstance(class_weight, Mapping):
        return _given(class_weight, classes)
    n = len(classes)
    counts: NDArray[np.float64] = np.zeros(n)
    for t, labels in enumerate(encoded):
        if labels is not None:
            known = labels >= 0
            own = weights[t] if weights else None
            counts += np.bincount(
                labels[known], None if own is None else own[known], minlength=n
            )
    found: NDArray[np.float64] = np.zeros(n)
    found[counts > 0] = counts.sum() / n / counts[counts > 0]
    return found


def _given(
    class_weight: Mapping[Any, Any], classes: NDArray[Any]
) -> NDArray[np.float64]:
    names = classes.tolist()
    for name, weight in class_weight.items():
        if name not in names:
            raise ValueError(
                f"class_weight has a weight of the class {name!r}, expected weights of "
                f"the classes {listed(names)}."
            )
        is_number = isinstance(weight, Real) and not isinstance(
            weight, (bool, np.bool_)
        )
        if not is_number or not 0 <= weight < np.inf:
            raise ValueError(
                f"class_weight of the class {name!r} is {weight!r}, expected a finite "
                "number of at least 0."
            )
    found = np.array([class_weight.get(name, 1.0) for name in names], dtype=np.float64)
    if not found.any():
        raise ValueError(
            "class_weight is 0 for every class, so that there is nothing to learn; "
            "give at least one class a positive weight."
        )
    return found
