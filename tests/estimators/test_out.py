"""Outputs that are written into arrays of the user."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from sk_jae import (
    JointAutoencoder,
    JointTransferClassifier,
    JointTransferRegressor,
    pack,
)
from tests.helpers.small import SMALL, make_tasks
from tests.helpers.stores import ChunkedRows

X, y = make_tasks((1500, 400))
CLF = JointTransferClassifier(**SMALL).fit(X, y)
TEXT = JointTransferClassifier(**SMALL).fit(X, [y[0].astype(str), None])
REG = JointTransferRegressor(**SMALL).fit(X, [x[:, 0] for x in X])
JAE = JointAutoencoder(**SMALL).fit(X)
CASES = [
    (CLF, "transform"),
    (CLF, "predict"),
    (CLF, "predict_proba"),
    (CLF, "decision_function"),
    (TEXT, "predict"),
    (REG, "predict"),
    (JAE, "transform"),
]
cases = pytest.mark.parametrize(("estimator", "method"), CASES)


def test_of_a_container_that_lacks_a_task():
    jae = JointAutoencoder(**SMALL).fit({"a": X[0], "b": X[1]})
    expected = jae.reconstruct({"b": X[1]})["b"]
    out = {"b": np.zeros_like(expected)}
    container = jae.reconstruct(pack({"b": X[1]})[0], out=out)
    assert_array_equal(out["b"], expected)
    assert container.task_names == ("b",)


def test_a_tensor_is_refused_by_the_name_of_its_task():
    out = [None, torch.zeros(400, 5)]
    with pytest.raises(TypeError, match="out of task 'task1' is Tensor, expected an"):
        JAE.transform([None, X[1]], out=out)


class Slices:
    """Like a file to which only neighboring rows can be written."""

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def __getitem__(self, rows):
        return self.array[rows].copy()

    def __setitem__(self, rows, values):
        assert isinstance(rows, slice)
        self.array[rows] = values


@cases
def test_of_every_task(estimator, method):
    call = getattr(estimator, method)
    expected = call(X)
    out = [np.zeros_like(z) for z in expected]
    assert call(X, out=out) is out
    for found, right in zip(out, expected, strict=True):
        assert_array_equal(found, right)
    one = {"task1": np.zeros_like(expected[1])}
    assert call({"task1": X[1]}, out=one) is one
    assert_array_equal(one["task1"], expected[1])


@cases
@pytest.mark.parametrize("form", [np.asarray, Slices])
def test_of_a_container_in_the_order_of_its_samples(estimator, method, form):
    container = pack(X)[0][::-1]
    call = getattr(estimator, method)
    expected = call(container)
    out = np.zeros_like(expected)
    call(container, out=form(out))
    assert_array_equal(out, expected)
    call(pack([ChunkedRows(X[0]), X[1]])[0][::-1], out=form(out))
    assert_array_equal(out, expected)


def test_reconstructions(tmp_path):
    expected = JAE.reconstruct(X)
    out = [
        np.lib.format.open_memmap(tmp_path / f"{t}.npy", "w+", np.float32, x.shape)
        for t, x in enumerate(X)
    ]
    assert JAE.reconstruct(X, out=out) is out
    for found, right in zip(out, expected, strict=True):
        assert_array_equal(found, right)
    container = pack(X)[0]
    back = JAE.reconstruct(container, "shared", out=out)
    assert back.samples[0] is out[0]
    expected = JAE.reconstruct(container, "shared")
    assert_array_equal(back.samples[1], expected.samples[1])


def test_a_single_array():
    jae = JointAutoencoder(**SMALL).fit(X[0])
    out = np.zeros((1500, 5), np.float64)
    assert jae.set_output(transform="pandas").transform(X[0], out=out) is out
    assert_array_equal(out, jae.set_output(transform="default").transform(X[0]))


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        ([np.zeros((9, 5)), None], ValueError, r"out of task 'task0' has shape \(9, 5"),
        ([np.zeros((1500, 5), int), None], TypeError, "task 'task0' has dtype int64"),
        ([None, None], TypeError, "out of task 'task0' is None"),
        ([[[0.0]], None], TypeError, "'task0' is list, expected an array to which"),
        ([np.zeros(3)], ValueError, "out has 1 item, expected 2"),
        (np.zeros((1500, 5)), TypeError, "out is ndarray, expected a list"),
        ([np.broadcast_to(0.0, (1500, 5)), None], TypeError, "can be written"),
    ],
)
def test_what_cannot_be_written_to_is_refused(out, error, message):
    with pytest.raises(error, match=message):
        JAE.transform([X[0], None], out=out)


def test_text_that_does_not_fit_is_refused():
    clf = JointTransferClassifier(**SMALL)
    clf.fit(X[0], np.array(["no", "maybe", "yes"])[y[0]])
    with pytest.raises(TypeError, match="out has dtype <U2"):
        clf.predict(X[0], out=np.zeros(1500, "U2"))


def test_out_is_no_metadata():
    assert not hasattr(CLF, "set_transform_request")
