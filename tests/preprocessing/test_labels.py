"""Which labels the transformers of PerTask see."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.feature_selection import SelectKBest, f_classif

from sk_jae import pack
from sk_jae.preprocessing import PerTask
from tests.helpers.preprocessing import Spy, check_equal, named


@pytest.mark.parametrize("form", ["list", "dict", "joint"])
def test_labels_of_complete_tasks_reach_the_transformers(form, arrays, labels):
    y = [labels, None]
    X, y = {
        "list": (arrays, y),
        "dict": (named(arrays), named(y)),
        "joint": pack(arrays, y),
    }[form]
    first, second = PerTask(Spy()).fit(X, y).transformers_
    assert_array_equal(first.y_, labels)
    assert second.y_ is None


@pytest.mark.parametrize("mark", [-1, None, np.nan, pd.NA])
@pytest.mark.parametrize("kind", [int, float, object])
def test_no_transformer_sees_an_unlabeled_mark(kind, mark, arrays, labels):
    few = labels.astype(kind if isinstance(mark, int) else object)
    few[10:] = mark
    spy, needy = (
        PerTask([Spy(), Spy(needs_labels=True)])
        .fit([arrays[0], arrays[0]], [few, few])
        .transformers_
    )
    assert spy.y_ is None
    assert len(spy.X_) == 40
    assert_array_equal(needy.y_, labels[:10])
    assert_array_equal(needy.X_, arrays[0][:10])


def test_a_target_of_regression_is_no_mark(arrays):
    target = np.linspace(-1, 1, 40)
    first, second = PerTask(Spy()).fit(arrays, [target, None]).transformers_
    assert_array_equal(first.y_, target)
    assert second.y_ is None
    binary = np.where(np.arange(40) % 2, 1, -1)
    (only,) = PerTask(Spy()).fit(arrays[0], binary).transformers_
    assert_array_equal(only.y_, binary)


def test_a_supervised_transformer(arrays, labels):
    few = np.where(np.arange(40) < 20, labels, -1)
    X, y = pack(arrays, [few, None])
    per_task = PerTask([SelectKBest(f_classif, k=2), "passthrough"])
    found = per_task.fit_transform(X, y)
    expected = SelectKBest(f_classif, k=2).fit(arrays[0][:20], labels[:20])
    check_equal(found, [expected.transform(arrays[0]), arrays[1]])
    with pytest.raises(ValueError, match=r"SelectKBest of task 'task1'.*requires y"):
        PerTask(SelectKBest(f_classif, k=2)).fit(X, y)
