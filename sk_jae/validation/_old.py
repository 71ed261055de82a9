"""TEMPORARY."""

import numpy as np

from sk_jae.arrays import JointArrays
from sk_jae.validation.samples import _forget_features  # noqa: F401
from sk_jae.validation.labels import _read_one
from sk_jae.validation.tasks import Tasks, _form_of, open_tasks


def _default_names(n):
    return tuple(f"task{t}" for t in range(n))


def _is_labeled(part):
    return _read_one(np.asarray(part), "y").labeled


def _labeled_mask(part, form):
    if part is None:
        return np.zeros(0, dtype=bool)
    if form == "array" and part.dtype.kind in "biuf" and len(np.unique(part)) == 2:
        return np.ones(len(part), dtype=bool)
    if part.dtype.kind in "biuf":
        return part != -1
    return _is_labeled(part)


def _open(X, estimator):
    form, items, keys = _form_of(X, "X")
    return form, items, keys, X if isinstance(X, JointArrays) else None


def _order(form, given, keys, names, estimator):
    X = dict(zip(keys, given)) if keys else given if form != "array" else given[0]
    return list(open_tasks(X, names).arrays)


def task_words(names, t, form="list"):
    return Tasks(form, tuple(names), ()).words(t)
