"""PerTask against each transformer by itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils.estimator_checks import estimator_checks_generator

from sk_jae import JointArrays, JointAutoencoder, JointTransferClassifier, pack
from sk_jae.preprocessing import PerTask

NAMES = ("mnist", "usps")
SMALL = {"n_shared": 3, "n_private": 2, "max_epochs": 5, "random_state": 0}
CLASSIFIER = JointTransferClassifier(**SMALL, encoder=(16,))


def _checks():
    for transformer in (StandardScaler(), PCA(n_components=1), SelectKBest(k=1)):
        for instance, check in estimator_checks_generator(PerTask(transformer)):
            title = f"{type(transformer).__name__}-{check.func.__name__}"
            yield pytest.param(instance, check, id=title)


@pytest.mark.parametrize(("estimator", "check"), list(_checks()))
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return [rng.normal(3, 2, size=(40, 4)), rng.normal(-1, 5, size=(25, 6))]


@pytest.fixture
def labels():
    return np.arange(40) % 2


def named(items):
    return dict(zip(NAMES, items, strict=True))


def in_form(form, arrays):
    return {
        "list": lambda: arrays,
        "tuple": lambda: tuple(arrays),
        "dict": lambda: named(arrays),
        "joint": lambda: JointArrays(arrays),
        "joint-named": lambda: JointArrays(named(arrays)),
        "torch": lambda: [torch.from_numpy(a) for a in arrays],
        "pandas": lambda: [pd.DataFrame(a).add_prefix("f") for a in arrays],
        "polars": lambda: named(pl.DataFrame(a) for a in arrays),
    }[form]()


FORMS = ["list", "tuple", "dict", "joint", "joint-named", "torch", "pandas", "polars"]
TYPES = {"dict": dict, "polars": dict, "joint": JointArrays, "joint-named": JointArrays}


def parts_of(X):
    """One array per task of whatever form."""
    if isinstance(X, JointArrays):
        return list(X.arrays)
    return list(X.values()) if isinstance(X, dict) else list(X)


def check_equal(found, expected):
    assert len(parts_of(found)) == len(expected)
    for a, b in zip(parts_of(found), expected, strict=True):
        assert_allclose(a, b)


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
    pipeline = make_pipeline(PerTask(PCA(2)), JointAutoencoder(**SMALL, encoder=(4,)))
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


# Labels


class Spy(TransformerMixin, BaseEstimator):
    """Remembers what its fit has received."""

    def __init__(self, needs_labels=False):
        self.needs_labels = needs_labels

    def fit(self, X, y=None):
        if y is None and self.needs_labels:
            raise ValueError("Spy needs labels.")
        self.X_, self.y_ = X, y
        return self

    def transform(self, X):
        return X


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


@pytest.mark.parametrize("kind", [int, float, object])
def test_no_transformer_sees_an_unlabeled_mark(kind, arrays, labels):
    few = np.where(np.arange(40) < 10, labels, -1).astype(kind)
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


# Parameters


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


# In front of the estimators


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
    model = JointAutoencoder(**SMALL, encoder=(16,))
    pipeline = make_pipeline(PerTask(StandardScaler()), model).fit(arrays)
    back = pipeline.inverse_transform(pipeline.transform(arrays))
    scaled = [StandardScaler().fit_transform(a) for a in arrays]
    for a, b, array in zip(back, model.reconstruct(scaled), arrays, strict=True):
        assert_allclose(a, b * array.std(0) + array.mean(0), rtol=1e-4, atol=1e-4)


def test_a_regressor_behind_the_codes(arrays):
    X, _ = pack(arrays)
    target = X.join([a[:, 0] for a in arrays])
    model = JointAutoencoder(**SMALL, encoder=(16,))
    pipeline = make_pipeline(PerTask(StandardScaler()), model, Ridge())
    assert pipeline.fit(X, target).predict(X).shape == (65,)


# Output containers and names


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
    pipeline = make_pipeline(per_task, JointAutoencoder(**SMALL, encoder=(4,)))
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


# Errors


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
