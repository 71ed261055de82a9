"""Containers of which every sample is known by its task and row."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sk_jae.tasks import JointArrays


def numbered(lengths, shapes=((3,), (2, 2), (4,))):
    """One array per task in which entry [i, 0, ...] is i."""
    return [
        np.broadcast_to(
            np.arange(n, dtype=float).reshape(n, *(1 for _ in shape)), (n, *shape)
        ).copy()
        for n, shape in zip(lengths, shapes, strict=False)
    ]


def identity(X):
    """The (task, row) of every sample of a container of `numbered` tasks."""
    rows = [array[(slice(None), *(0,) * (array.ndim - 1))] for array in X.arrays]
    return list(zip(X.task.tolist(), X.join(rows).tolist(), strict=True))


def assert_same(X, expected):
    assert X.task_names == expected.task_names
    assert_array_equal(X.task, expected.task)
    assert len(X.arrays) == len(expected.arrays)
    for array, other in zip(X.arrays, expected.arrays, strict=True):
        assert array.dtype == other.dtype
        assert_array_equal(array, other, strict=True)


lengths = st.lists(st.integers(0, 12), min_size=2, max_size=3)


@st.composite
def containers_with_key(draw):
    X = JointArrays(numbered(draw(lengths)))
    n = len(X)
    indices = st.lists(st.integers(-n, n - 1), max_size=20) if n else st.just([])
    key = draw(
        st.one_of(
            st.slices(n),
            indices,
            indices.map(lambda i: np.array(i, dtype=int)),
            st.lists(st.booleans(), min_size=n, max_size=n).map(
                lambda m: np.array(m, dtype=bool)
            ),
        )
    )
    return X, key
