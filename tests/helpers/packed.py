"""Two small tasks, one of them without labels, and what tools should make of them.

The references index the plain arrays and hand lists to the estimators: no container and
no scikit-learn tool takes part in them.
"""

from __future__ import annotations

import numpy as np
from sklearn.base import clone
from sklearn.metrics import r2_score

from sk_jae import pack
from tests.helpers.small import small

DENSE = small(max_epochs=4, batch_size=32, lr=0.02)

N_SAMPLES = 116


def make_vectors_and_images(seed=0, n_vectors=72, n_images=44):
    """Vectors of three classes, a sixth of them unlabeled, and unlabeled images."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_vectors) % 3
    centers = np.random.default_rng(99).normal(size=(3, 6))
    vectors = centers[y] + rng.normal(size=(n_vectors, 6))
    y[::6] = -1
    return [vectors, rng.normal(size=(n_images, 7, 6))], [y, None]


ARRAYS, LABELS = make_vectors_and_images()
X, Y = pack(ARRAYS, LABELS)

_position = np.concatenate([(np.arange(len(a)) + 0.5) / len(a) for a in ARRAYS])
_order = np.argsort(_position, kind="stable")
TASK = np.repeat([0, 1], [72, 44])[_order]
ROW = np.concatenate([np.arange(72), np.arange(44)])[_order]


def rows_of(chosen):
    """The rows of each array that are meant by places in the packed samples."""
    chosen = np.asarray(chosen)
    return [ROW[chosen[TASK[chosen] == t]] for t in (0, 1)]


def fit_by_hand(estimator, train, y=None):
    """A clone, fitted on some of the packed samples; `y` may replace the labels."""
    rows = rows_of(train)
    arrays = [array[r] for array, r in zip(ARRAYS, rows, strict=True)]
    if y is None:
        return clone(estimator).fit(arrays, [LABELS[0][rows[0]], None])
    parts = [y[train[TASK[train] == t]] for t in (0, 1)]
    return clone(estimator).fit(arrays, parts)


def accuracy_by_hand(fitted, test):
    """Right predictions among the labeled samples, which only one task has."""
    rows = rows_of(test)[0]
    labeled = rows[LABELS[0][rows] != -1]
    return np.mean(fitted.predict([ARRAYS[0][labeled], None])[0] == LABELS[0][labeled])


def r2_by_hand(fitted, test):
    """The mean over tasks of scikit-learn's R^2 of all features together."""
    arrays = [a[r] for a, r in zip(ARRAYS, rows_of(test), strict=True)]
    return np.mean(
        [
            r2_score(
                array.reshape(len(array), -1),
                other.reshape(len(array), -1),
                multioutput="variance_weighted",
            )
            for array, other in zip(arrays, fitted.reconstruct(arrays), strict=True)
        ]
    )


def by_hand(estimator, folds, score=accuracy_by_hand):
    """The test score of every fold."""
    return np.array([score(fit_by_hand(estimator, a), b) for a, b in folds])


def split_scores(results, metric="score"):
    """Test scores of a search, of shape (n_candidates, n_folds)."""
    n_folds = sum(key.startswith("split") for key in results)
    keys = [f"split{k}_test_{metric}" for k in range(n_folds)]
    return np.column_stack([results[key] for key in keys if key in results])
