"""What PerTask refuses, in words that name the task."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.preprocessing import (
    StandardScaler,
)

from sk_jae import JointArrays
from sk_jae.preprocessing import PerTask
from tests.helpers.preprocessing import Spy, in_form, named


@pytest.mark.parametrize(
    ("transformer", "error", "match"),
    [
        ([StandardScaler()], ValueError, "has 1 value, expected 2, one for each"),
        ({"mnist": StandardScaler()}, ValueError, "'usps'"),
        ({"mnist": PCA(), "usps": PCA(), "svhn": PCA()}, ValueError, "'svhn'"),
        ({"mnist": PCA(), "usps": None}, TypeError, "task 'usps' must be an object"),
        ("pasthrough", TypeError, "task 'mnist' must be .*'pasthrough'"),
        ([PCA(), StandardScaler], TypeError, "task 'usps' must be an object"),
        ([PCA(), Ridge()], TypeError, "task 'usps' must be an object"),
        (None, TypeError, "transformer is None"),
        ({"transformer": PCA()}, ValueError, "key 'transformer'"),
        ({"a__b": PCA()}, ValueError, "key 'a__b'"),
    ],
)
def test_transformers_that_do_not_fit_the_tasks(transformer, error, match, arrays):
    with pytest.raises(error, match=match):
        PerTask(transformer).fit(named(arrays))


@pytest.mark.parametrize("form", ["list", "dict", "joint", "joint-named"])
def test_errors_of_a_transformer_name_the_task(form, arrays):
    name = "usps" if form in ("dict", "joint-named") else "task1"
    bad = arrays[1].copy()
    bad[3, 2] = np.inf
    X, broken = in_form(form, arrays), in_form(form, [arrays[0], bad])
    match = f"StandardScaler of task '{name}'.* infinity"
    with pytest.raises(ValueError, match=match):
        PerTask(StandardScaler()).fit(broken)
    with pytest.raises(ValueError, match=match):
        PerTask(StandardScaler()).fit(X).transform(broken)


def test_other_features_than_in_fit(arrays):
    per_task = PerTask(StandardScaler()).fit(arrays)
    with pytest.raises(ValueError, match=r"'task1'.* shape \(5,\), expected \(6,\)"):
        per_task.transform([arrays[0], arrays[1][:, :5]])
    # As many features, but not the same images.
    per_task.fit([np.zeros((5, 2, 6)), arrays[1]])
    with pytest.raises(ValueError, match=r"'task0'.* shape \(3, 4\), expected \(2, 6"):
        per_task.transform([np.zeros((5, 3, 4)), arrays[1]])


def test_wrong_tasks(arrays):
    per_task = PerTask(StandardScaler())
    with pytest.raises(ValueError, match=r"'task1' .*no sample in fit"):
        per_task.fit([arrays[0], None])
    X = JointArrays(arrays)
    with pytest.raises(ValueError, match=r"'task1' .*JointStratifiedKFold"):
        per_task.fit(X[X.task == 0])
    with pytest.raises(ValueError, match=r"list of one array.*pack"):
        per_task.fit([arrays[0]])
    with pytest.raises(ValueError, match=r"'task0'.* shape \(4,\).* 2 dimensions"):
        per_task.fit([arrays[0][0], arrays[1]])
    per_task.fit(named(arrays))
    with pytest.raises(ValueError, match="unknown task 'svhn'"):
        per_task.transform({"svhn": arrays[0]})
    with pytest.raises(ValueError, match="'mnist', 'usps'"):
        per_task.transform([*arrays, arrays[0]])
    with pytest.raises(ValueError, match="one array"):
        per_task.transform(arrays[0])
    with pytest.raises(ValueError, match="y of task 'usps' has 3 labels, expected 25"):
        per_task.fit(named(arrays), {"usps": [0, 1, 0]})


def test_no_inverse(arrays):
    per_task = PerTask([StandardScaler(), Spy()]).fit(arrays)
    with pytest.raises(TypeError, match="Spy of task 'task1' has no inverse_transform"):
        per_task.inverse_transform(arrays)


@pytest.mark.parametrize(
    "method", ["transform", "inverse_transform", "get_feature_names_out"]
)
def test_not_fitted(method, arrays):
    with pytest.raises(NotFittedError):
        getattr(PerTask(StandardScaler()), method)(arrays)
