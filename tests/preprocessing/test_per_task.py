"""PerTask against each transformer by itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    RobustScaler,
    StandardScaler,
)

from sk_jae import JointArrays, JointAutoencoder
from sk_jae.preprocessing import PerTask
from tests.helpers.preprocessing import (
    FORMS,
    NAMES,
    TYPES,
    check_equal,
    in_form,
    named,
    parts_of,
)
from tests.helpers.small import small


@pytest.mark.parametrize("form", FORMS)
def test_one_transformer_for_all_in_every_form(form, arrays):
    X = in_form(form, arrays)
    expected = [StandardScaler().fit_transform(a) for a in arrays]
    per_task = PerTask(StandardScaler())
    for found in (per_task.fit_transform(X), per_task.fit(X).transform(X)):
        assert type(found) is TYPES.get(form, list)
        check_equal(found, expected)
    check_equal(per_task.inverse_transform(found), arrays)
    assert type(per_task.inverse_transform(found)) is TYPES.get(form, list)
    if isinstance(X, JointArrays):
        assert_array_equal(found.task, X.task)
        assert found.task_names == X.task_names


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_of_transformers(form, kind, arrays):
    chosen = kind([MinMaxScaler(), PCA(2, random_state=0)])
    expected = [clone(t).fit_transform(a) for t, a in zip(chosen, arrays, strict=True)]
    found = PerTask(chosen).fit_transform(in_form(form, arrays))
    check_equal(found, expected)


@pytest.mark.parametrize("form", ["dict", "joint-named", "polars"])
def test_a_dict_of_transformers(form, arrays):
    chosen = {"usps": RobustScaler(), "mnist": "passthrough"}
    X = in_form(form, arrays)
    per_task = PerTask(chosen).fit(X)
    found = per_task.transform(X)
    check_equal(found, [arrays[0], RobustScaler().fit_transform(arrays[1])])
    check_equal(per_task.inverse_transform(found), arrays)


def test_a_dict_for_tasks_without_names(arrays):
    chosen = {"task0": StandardScaler(), "task1": "passthrough"}
    found = PerTask(chosen).fit_transform(arrays)
    check_equal(found, [StandardScaler().fit_transform(arrays[0]), arrays[1]])


@pytest.mark.parametrize("form", ["list", "dict", "joint-named"])
def test_passthrough_copies_nothing(form, arrays):
    images = [np.zeros((9, 4, 4), np.uint8), arrays[1]]
    found = PerTask("passthrough").fit_transform(in_form(form, images))
    for a, b in zip(parts_of(found), images, strict=True):
        assert a.dtype == b.dtype
        assert np.shares_memory(a, b)


def test_one_bare_array(arrays):
    X = arrays[0]
    per_task = PerTask(StandardScaler())
    found = per_task.fit_transform(X)
    assert_array_equal(found, StandardScaler().fit_transform(X))
    assert_allclose(per_task.inverse_transform(found), X)
    assert per_task.n_tasks_ == 1
    assert per_task.n_features_in_ == 4


def test_one_bare_dataframe(arrays):
    frame = pd.DataFrame(arrays[0], columns=list("abcd"))
    per_task = PerTask(StandardScaler()).fit(frame)
    assert per_task.feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match="feature names should match"):
        per_task.transform(frame[list("dcba")])
    # What belongs to one bare array goes with it.
    per_task.fit([arrays[0], arrays[1]])
    assert not hasattr(per_task, "feature_names_in_")
    assert not hasattr(per_task, "n_features_in_")


@pytest.mark.parametrize("form", ["list", "dict", "joint", "array"])
@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 3), (1, 5, 4)])
def test_images_come_back_as_images(form, shape):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, size=(30, *shape), dtype=np.uint8)
    other = rng.normal(size=(20, 3))
    X = images if form == "array" else in_form(form, [images, other])
    per_task = PerTask(StandardScaler())
    found = per_task.fit_transform(X)
    flat = StandardScaler().fit_transform(images.reshape(30, -1).astype(float))
    image = found if form == "array" else parts_of(found)[0]
    assert image.shape == images.shape
    assert_allclose(image.reshape(30, -1), flat)
    back = per_task.inverse_transform(found)
    back = back if form == "array" else parts_of(back)[0]
    assert_allclose(back, images, atol=1e-10)


def test_images_become_vectors_with_another_number_of_features():
    images = np.random.default_rng(0).normal(size=(30, 5, 4))
    other = np.ones((20, 3, 3))
    per_task = PerTask([PCA(6, random_state=0), "passthrough"])
    codes, same = per_task.fit_transform([images, other])
    assert codes.shape == (30, 6)
    assert same is not other
    assert_array_equal(same, other)
    back = per_task.inverse_transform([codes, None])
    assert back[0].shape == images.shape
    assert back[1] is None


@pytest.mark.parametrize("method", ["transform", "inverse_transform"])
def test_tasks_can_be_skipped(method, arrays):
    per_task = PerTask(StandardScaler()).fit(arrays)
    found = getattr(per_task, method)([None, arrays[1]])
    assert found[0] is None
    expected = getattr(StandardScaler().fit(arrays[1]), method)(arrays[1])
    assert_array_equal(found[1], expected)
    per_task.fit(named(arrays))
    found = getattr(per_task, method)({"usps": arrays[1]})
    assert list(found) == ["usps"]
    assert_array_equal(found["usps"], expected)


def test_a_selection_without_samples_of_a_task(arrays):
    X = JointArrays([arrays[0], arrays[1].reshape(25, 2, 3)])
    per_task = PerTask(PCA(2)).fit(X)
    found = per_task.transform(X[X.task == 0])
    assert [a.shape for a in found.arrays] == [(40, 2), (0, 2)]
    back = per_task.inverse_transform(found)
    assert [a.shape for a in back.arrays] == [(40, 4), (0, 2, 3)]
    # And the step behind takes it.
    pipeline = make_pipeline(PerTask(PCA(2)), JointAutoencoder(**small(encoder=(4,))))
    codes = pipeline.fit(X).transform(X)
    assert_allclose(pipeline.transform(X[X.task == 0]), codes[X.task == 0], rtol=1e-5)


def test_fitted_on_one_form_used_on_others(arrays):
    per_task = PerTask(StandardScaler()).fit(named(arrays))
    expected = [StandardScaler().fit_transform(a) for a in arrays]
    for form in ("list", "dict", "joint", "joint-named"):
        check_equal(per_task.transform(in_form(form, arrays)), expected)
    turned = JointArrays({"usps": arrays[1], "mnist": arrays[0]})
    check_equal(per_task.transform(turned), expected[::-1])


def test_fitted_attributes(arrays):
    scaler = StandardScaler()
    per_task = PerTask([scaler, "passthrough"]).fit(arrays)
    assert per_task.n_tasks_ == 2
    assert per_task.task_names_ == ("task0", "task1")
    assert per_task.feature_shapes_in_ == [(4,), (6,)]
    assert_allclose(per_task.transformers_[0].mean_, arrays[0].mean(0))
    assert isinstance(per_task.transformers_[1], FunctionTransformer)
    assert not hasattr(scaler, "mean_")
    per_task.fit(JointArrays(named(arrays)))
    assert per_task.task_names_ == NAMES
    assert per_task.feature_shapes_in_ == {"mnist": (4,), "usps": (6,)}


def test_dataframes_reach_the_transformers():
    """Columns by name, categories and missing values are the transformers' affair."""
    first = pd.DataFrame({"a": [1.0, np.nan, 3.0], "color": ["r", "g", "r"]})
    second = pd.DataFrame({"b": [5.0, 6.0, np.nan, 8.0]})
    columns = ColumnTransformer(
        [
            ("numbers", SimpleImputer(), ["a"]),
            ("classes", OneHotEncoder(sparse_output=False), ["color"]),
        ]
    )
    found = PerTask([columns, SimpleImputer()]).fit_transform([first, second])
    assert_allclose(found[0], [[1, 0, 1], [2, 1, 0], [3, 0, 1]])
    assert_allclose(found[1], [[5], [6], [19 / 3], [8]])
    JointAutoencoder(n_shared=1, n_private=1, max_epochs=1).fit(found)


def test_sparse_output(arrays):
    X = [np.arange(6).reshape(6, 1) % 3, np.arange(4).reshape(4, 1) % 2]
    found = PerTask(OneHotEncoder()).fit_transform(X)
    assert found[0].shape == (6, 3)
    assert scipy_sparse(found[0])
    with pytest.raises(TypeError, match=r"'task0' returns a sparse.*sparse_output"):
        PerTask(OneHotEncoder()).fit_transform(JointArrays(X))


def scipy_sparse(matrix):
    return hasattr(matrix, "toarray")
