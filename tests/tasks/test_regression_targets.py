"""Targets of regression: what is read, and what is refused in which words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sk_jae import JointTransferRegressor, pack
from tests.helpers.regression import QUICK, make_regression, with_gaps
from tests.helpers.small import small

X, Y = make_regression()
REGRESSOR = JointTransferRegressor(**small())


def refusal(X, y):
    with pytest.raises((TypeError, ValueError)) as caught:
        JointTransferRegressor(**small()).fit(X, y)
    return str(caught.value)


FAULTS = {
    "longer": (Y[0][:-1], ["59 values", "expected 60", "NaN"]),
    "infinite": (
        np.where(Y[0] > 100, np.inf, 1),
        ["infinity", "finite numbers", "NaN"],
    ),
    "text": (["a", "b"] * 30, ["numbers", "JointTransferClassifier"]),
    "text among numbers": (["a", 1.0] * 30, ["numbers", "JointTransferClassifier"]),
    "complex": (Y[0] + 1j, ["Complex data not supported", "real numbers"]),
    "dates": (np.arange(60).astype("M8[s]"), ["datetime64", "numbers"]),
    "three dimensions": (np.zeros((60, 2, 2)), ["shape (60, 2, 2)", "n_outputs"]),
    "no outputs": (np.zeros((60, 0)), ["shape (60, 0)", "n_outputs"]),
    "objects": ([{}, None] * 30, ["objects", "numbers", "NaN"]),
}


@pytest.mark.parametrize(("faulty", "fragments"), FAULTS.values(), ids=FAULTS.keys())
def test_refusals_name_the_task_and_what_to_do(faulty, fragments):
    named = dict(zip("ab", X, strict=True))
    text = refusal(named, {"a": faulty, "b": None})
    for fragment in ["y of task 'a'", *fragments]:
        assert fragment in text


@pytest.mark.parametrize("nothing", [[None, None], [np.full(60, np.nan), None]])
def test_some_value_must_be_known(nothing):
    text = refusal(X, nothing)
    assert "no known value in any task" in text
    assert "JointAutoencoder" in text


def test_outputs_are_equal_in_all_tasks():
    _, table = make_regression(n_outputs=2)
    text = refusal(X, [table[0], Y[1]])
    assert "'task0' has 2 outputs and y of task 'task1' has 1" in text


def test_an_output_without_any_known_value_is_refused():
    _, table = make_regression(n_outputs=2)
    table[0][:, 1] = np.nan
    assert "output '1' in any task" in refusal(X, [table[0], None])


@pytest.mark.parametrize(
    "gaps",
    [
        lambda y: [None if np.isnan(v) else v for v in y],
        lambda y: np.array([None if np.isnan(v) else v for v in y], dtype=object),
        lambda y: pd.Series(y, dtype="Float64"),
        lambda y: pd.Series(y),
        lambda y: y[:, None],
        lambda y: y.astype(np.float32),
    ],
    ids=["list", "objects", "NA", "series", "column", "float32"],
)
def test_all_kinds_of_gaps_mean_the_same(gaps):
    y = with_gaps(np.round(Y[0]))
    one = JointTransferRegressor(**small()).fit(X, [y, None])
    other = JointTransferRegressor(**small()).fit(X, [gaps(y), None])
    for a, b in zip(one.predict(X), other.predict(X), strict=True):
        assert_array_equal(a, b.reshape(a.shape))


def test_predictions_have_the_form_of_the_targets():
    _, table = make_regression(n_outputs=3)
    for y, shape in ((Y, (60,)), (table, (60, 3)), ([Y[0][:, None], None], (60, 1))):
        reg = JointTransferRegressor(**small()).fit(X, y)
        assert reg.predict(X)[0].shape == shape
        assert reg.n_outputs_ == shape[-1] % 60 or 1


def test_units_of_the_targets_do_not_matter():
    reg = JointTransferRegressor(**QUICK).fit(X, Y)
    scaled = JointTransferRegressor(**QUICK).fit(X, [1e9 * y - 3e12 for y in Y])
    for y, other in zip(reg.predict(X), scaled.predict(X), strict=True):
        assert_allclose(1e9 * y - 3e12, other, rtol=1e-4)


class TestPack:
    def test_gaps_are_nan(self):
        container, y = pack(X, [Y[0], None])
        first, second = container.split(y)
        assert_array_equal(first, Y[0])
        assert np.isnan(second).all()

    def test_several_outputs(self):
        _, table = make_regression(n_outputs=2)
        container, y = pack(X, [table[0], None])
        assert y.shape == (90, 2)
        first, second = container.split(y)
        assert_array_equal(first, table[0])
        assert np.isnan(second).all()
        assert second.shape == (30, 2)

    def test_a_flat_table_stays_as_it_is(self):
        _, table = make_regression(n_outputs=2)
        assert_array_equal(pack(X[0], table[0])[1], table[0])

    def test_a_packed_fit_is_the_plain_fit(self):
        y = [with_gaps(Y[0]), None]
        plain = JointTransferRegressor(**small()).fit(X, y)
        container, flat = pack(X, y)
        packed = JointTransferRegressor(**small()).fit(container, flat)
        for a, b in zip(
            plain.predict(X), container.split(packed.predict(container)), strict=True
        ):
            assert_array_equal(a, b)

    def test_integers_whose_gaps_became_numbers_are_refused(self):
        container, y = pack(X, [np.arange(60), None])
        text = refusal(container, y)
        assert "'task1' is -1 for all samples" in text
        assert "X.join" in text
        joined = container.join([np.arange(60.0), np.full(30, np.nan)])
        reg = JointTransferRegressor(**small()).fit(container, joined)
        assert np.isfinite(reg.predict(container)).all()

    def test_some_marks_among_integers_are_warned_of(self):
        ages = [np.arange(60), np.arange(30)]
        container, y = pack(X, [pd.Series([None, *ages[0][1:]]), ages[1]])
        with pytest.warns(UserWarning, match=r"-1 as the smallest[\s\S]*X\.join"):
            JointTransferRegressor(**small()).fit(container, y)


class TestScore:
    REG = JointTransferRegressor(**small()).fit(X, Y)

    def test_without_targets(self):
        with pytest.raises(ValueError, match="needs the targets"):
            self.REG.score(X)

    def test_without_a_known_value(self):
        with pytest.raises(ValueError, match="no known value in any task"):
            self.REG.score(X, [np.full(60, np.nan), None])

    def test_other_outputs(self):
        with pytest.raises(ValueError, match="'task0' has 2 outputs, expected 1"):
            self.REG.score(X, [np.zeros((60, 2)), None])
