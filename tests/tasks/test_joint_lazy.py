"""Arrays that are read when they are indexed, inside `JointArrays`."""

from __future__ import annotations

import pickle

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import KFold, cross_val_score

from sk_jae import JointAutoencoder, pack
from tests.helpers.refusals import refusal
from tests.helpers.small import SMALL, make_tasks

(ARRAY, OTHER), _ = make_tasks((30, 20))


class OnDisk:
    """Like a Dataset of h5py: rows in increasing order, and no pickle."""

    def __init__(self, array):
        self.array = array
        self.shape, self.dtype = array.shape, array.dtype
        self.rows_read = 0

    def __getitem__(self, rows):
        if not isinstance(rows, slice):
            assert len(rows)
            assert (np.diff(rows) > 0).all()
        found = self.array[rows].copy()
        self.rows_read += len(found)
        return found

    def __array__(self, dtype=None, copy=None):
        self.rows_read += len(self.array)
        return self.array.copy()

    def __reduce__(self):
        raise TypeError("cannot be pickled")


class OfUnknownLength(OnDisk):
    """Like an array of dask that does not know its number of rows."""

    def __init__(self, array):
        super().__init__(array)
        self.shape = (np.nan, *array.shape[1:])


@pytest.fixture
def source():
    return OnDisk(ARRAY)


def test_nothing_is_read_when_it_is_packed_or_indexed(source):
    X, _ = pack({"disk": source, "memory": OTHER})
    assert repr(X) == (
        "JointArrays(n_samples=50, disk: (30, 6) float64, memory: (20, 4) float64)"
    )
    X[::2][3:].split(np.arange(22))
    assert source.rows_read == 0
    assert X.samples[0] is source


KEYS = {
    "neighbors": slice(7, 33),
    "every third": slice(None, None, 3),
    "shuffled": np.random.default_rng(0).permutation(50),
    "repeated": [4, 0, 4, 4, 2],
    "none": [],
    "none of the task": [1, 4],
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
def test_a_selection_reads_its_own_rows(source, key):
    plain = pack([ARRAY, OTHER])[0][key]
    chosen = pack([source, OTHER])[0][key]
    for found, expected in zip(chosen.arrays, plain.arrays, strict=True):
        assert_array_equal(found, expected)
    assert source.rows_read == len(np.unique(plain.arrays[0], axis=0))
    assert joblib.hash(chosen) == joblib.hash(plain)


def test_they_can_be_used_as_arrays_are(source):
    X, plain = pack([source, OTHER])[0], pack([ARRAY, OTHER])[0]
    jae, expected = (JointAutoencoder(**SMALL).fit(samples) for samples in (X, plain))
    assert_array_equal(jae.transform(X), expected.transform(plain))
    assert jae.score([source, None]) == expected.score([ARRAY, None])
    scores = [cross_val_score(jae, samples, cv=KFold(2)) for samples in (X, plain)]
    assert_array_equal(*scores)
    assert_array_equal(pickle.loads(pickle.dumps(X)).arrays[0], ARRAY)


def test_an_array_of_unknown_length_is_read_at_once():
    X, _ = pack([OfUnknownLength(ARRAY), OTHER])
    assert_array_equal(X.samples[0], ARRAY)


def test_it_must_have_two_dimensions():
    text = refusal(pack, {"disk": OnDisk(ARRAY[:, 0]), "memory": OTHER})
    assert "X of task 'disk' has shape (30,)" in text


class Closed(OnDisk):
    """An array in a file that has been closed."""

    def __getitem__(self, rows):
        raise RuntimeError("the file is closed")

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("the file is closed")


@pytest.mark.parametrize("key", [slice(None), slice(3, 9), [5, 2]])
def test_what_cannot_be_read_names_the_task(key):
    X, _ = pack({"disk": Closed(ARRAY), "memory": OTHER})
    with pytest.raises(ValueError, match=r"X of task 'disk' .*the file is closed"):
        print(X[key].arrays)
