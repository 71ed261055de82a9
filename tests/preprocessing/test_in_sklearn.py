"""PerTask as an estimator: its parameters, searches, pipelines and names."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils.estimator_checks import estimator_checks_generator

from sk_jae import JointArrays, JointAutoencoder, pack
from sk_jae.preprocessing import PerTask
from tests.helpers.preprocessing import CLASSIFIER, check_equal, in_form, named
from tests.helpers.small import small


def _checks():
    for transformer in (StandardScaler(), PCA(n_components=1), SelectKBest(k=1)):
        for instance, check in estimator_checks_generator(PerTask(transformer)):
            title = f"{type(transformer).__name__}-{check.func.__name__}"
            yield pytest.param(instance, check, id=title)


@pytest.mark.parametrize(("estimator", "check"), list(_checks()))
def test_scikit_learn_check(estimator, check):
    check(estimator)


def test_get_params_and_set_params_are_inverse():
    for per_task in (
        PerTask(StandardScaler(with_std=False)),
        PerTask([StandardScaler(with_std=False), "passthrough"]),
        PerTask({"mnist": StandardScaler(with_std=False), "usps": MinMaxScaler()}),
    ):
        params = per_task.get_params()
        assert per_task.set_params(**params) is per_task
        assert per_task.get_params() == params
        assert list(per_task.get_params(deep=False)) == ["transformer"]


@pytest.mark.parametrize(
    ("transformer", "key"),
    [
        (StandardScaler(), "transformer"),
        ([StandardScaler(), MinMaxScaler()], "0"),
        ((StandardScaler(), MinMaxScaler()), "0"),
        ({"usps": MinMaxScaler(), "mnist": StandardScaler()}, "mnist"),
    ],
    ids=["one", "list", "tuple", "dict"],
)
def test_nested_parameters(transformer, key):
    per_task = clone(PerTask(transformer))
    assert per_task.get_params()[f"{key}__with_mean"] is True
    per_task.set_params(**{f"{key}__with_mean": False})
    assert per_task.get_params()[f"{key}__with_mean"] is False
    # A whole transformer, and a parameter of the new one, in one call of any order.
    for order in (1, -1):
        items = [(key, RobustScaler()), (f"{key}__unit_variance", True)][::order]
        per_task.set_params(**dict(items))
        assert per_task.get_params()[f"{key}__unit_variance"] is True
    per_task.set_params(**{key: "passthrough"})
    assert per_task.get_params()[key] == "passthrough"
    with pytest.raises(ValueError, match="Invalid parameter 'nonsense'"):
        per_task.set_params(nonsense=1)


def test_setting_parameters_of_a_clone_leaves_the_original_alone():
    for transformer, key in (([StandardScaler()] * 2, "1"), ({"a": PCA()}, "a")):
        per_task = PerTask(transformer)
        copy = clone(per_task).set_params(**{key: MinMaxScaler()})
        assert not isinstance(per_task.get_params()[key], MinMaxScaler)
        assert isinstance(copy.get_params()[key], MinMaxScaler)
        before = list(transformer)
        per_task.set_params(**{key: MinMaxScaler()})
        assert list(transformer) == before


SEARCHES = {
    "one": (StandardScaler(), {"pertask__transformer__with_mean": [True, False]}),
    "whole": (
        StandardScaler(),
        {"pertask__transformer": [MinMaxScaler(), "passthrough"]},
    ),
    "list": (
        [StandardScaler(), MinMaxScaler()],
        {"pertask__0__with_std": [True, False], "pertask__1": ["passthrough", PCA(2)]},
    ),
    "dict": (
        {"mnist": StandardScaler(), "usps": StandardScaler()},
        {"pertask__usps__with_mean": [True, False], "pertask__mnist": [PCA(2)]},
    ),
}


@pytest.mark.parametrize("case", list(SEARCHES))
def test_in_a_search(case, arrays, labels):
    transformer, grid = SEARCHES[case]
    X, y = pack(named(arrays), {"mnist": labels})
    pipeline = make_pipeline(PerTask(transformer), CLASSIFIER)
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    for params, score in zip(search.cv_results_["params"], scores, strict=True):
        alone = clone(pipeline).set_params(**clone(params, safe=False))
        assert score == cross_val_score(alone, X, y, cv=2).mean()
    assert search.predict({"usps": arrays[1]})["usps"].shape == (25,)


@pytest.mark.parametrize("form", ["list", "dict", "joint", "joint-named"])
def test_in_a_pipeline(form, arrays, labels):
    parts = [labels, None]
    X = in_form(form, arrays)
    y = {"list": parts, "dict": named(parts)}.get(form, pack(arrays, parts)[1])
    pipeline = make_pipeline(PerTask(StandardScaler()), clone(CLASSIFIER)).fit(X, y)
    scaled = PerTask(StandardScaler()).fit_transform(X)
    alone = clone(CLASSIFIER).fit(scaled, y)
    assert pipeline.score(X, y) == alone.score(scaled, y)
    found, expected = pipeline.predict(X), alone.predict(scaled)
    if form == "dict":
        found, expected = list(found.values()), list(expected.values())
    for a, b in zip(found, expected, strict=True):
        assert_array_equal(a, b)


def test_reconstructions_in_the_units_of_the_input(arrays):
    """Pipeline.inverse_transform goes back through the codes and the scalers."""
    model = JointAutoencoder(**small(encoder=(16,)))
    pipeline = make_pipeline(PerTask(StandardScaler()), model).fit(arrays)
    back = pipeline.inverse_transform(pipeline.transform(arrays))
    scaled = [StandardScaler().fit_transform(a) for a in arrays]
    for a, b, array in zip(back, model.reconstruct(scaled), arrays, strict=True):
        assert_allclose(a, b * array.std(0) + array.mean(0), rtol=1e-4, atol=1e-4)


def test_a_regressor_behind_the_codes(arrays):
    X, _ = pack(arrays)
    target = X.join([a[:, 0] for a in arrays])
    model = JointAutoencoder(**small(encoder=(16,)))
    pipeline = make_pipeline(PerTask(StandardScaler()), model, Ridge())
    assert pipeline.fit(X, target).predict(X).shape == (65,)


@pytest.mark.parametrize("library", [pd, pl])
@pytest.mark.parametrize("how", ["method", "global", "clone"])
def test_set_output(library, how, arrays):
    name = library.__name__
    per_task = PerTask([StandardScaler(), "passthrough"])
    frames = [pd.DataFrame(a).add_prefix("f") for a in arrays]
    if how == "global":
        with sklearn.config_context(transform_output=name):
            found = per_task.fit_transform(frames)
    else:
        per_task.set_output(transform=name)
        per_task = clone(per_task) if how == "clone" else per_task
        found = per_task.fit_transform(frames)
    assert all(isinstance(item, library.DataFrame) for item in found)
    assert list(found[0].columns) == list(frames[0].columns)
    check_equal(
        [np.asarray(item) for item in found],
        [StandardScaler().fit_transform(arrays[0]), arrays[1]],
    )


def test_set_output_after_fit_and_in_a_pipeline(arrays):
    per_task = PerTask(StandardScaler()).fit(arrays).set_output(transform="pandas")
    assert isinstance(per_task.transform(arrays)[0], pd.DataFrame)
    # A container stays one of arrays, whose codes become the dataframe.
    pipeline = make_pipeline(per_task, JointAutoencoder(**small(encoder=(4,))))
    X, _ = pack(arrays)
    codes = pipeline.set_output(transform="pandas").fit(X).transform(X)
    assert isinstance(per_task.transform(X), JointArrays)
    assert list(codes.columns) == pipeline.get_feature_names_out().tolist()
    assert per_task.set_output() is per_task


def test_feature_names_out(arrays):
    frames = [pd.DataFrame(a).add_prefix("f") for a in arrays]
    per_task = PerTask(["passthrough", PCA(2)]).fit(named(frames))
    assert per_task.get_feature_names_out().tolist() == [
        *(f"mnist__f{i}" for i in range(4)),
        "usps__pca0",
        "usps__pca1",
    ]
    per_task = PerTask(StandardScaler()).fit(frames[0])
    assert per_task.get_feature_names_out().tolist() == ["f0", "f1", "f2", "f3"]


def test_html_repr_shows_the_transformers():
    for transformer in (StandardScaler(), [StandardScaler(), "passthrough"]):
        assert "StandardScaler" in PerTask(transformer)._repr_html_()
