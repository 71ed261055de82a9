"""Random input of every kind: a fitted estimator, or an error that names the task.

``SK_JAE_FUZZ=5000 pytest tests/estimators/test_fuzz.py`` looks further than usual.
"""

from __future__ import annotations

import os
import re
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.exceptions import DataConversionWarning

from sk_jae import JointArrays, JointAutoencoder, JointTransferClassifier
from sk_jae.exceptions import TransferWarning
from tests.helpers.fuzzing import (
    Drawn,
    are_classes,
    in_form,
    inputs,
    labels,
    rarely,
    samples,
)
from tests.helpers.small import small

fuzz = settings(
    max_examples=int(os.environ.get("SK_JAE_FUZZ", "200")),
    derandomize="SK_JAE_FUZZ" not in os.environ,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
TINY = {
    "n_shared": 2,
    "n_private": 2,
    "encoder": (4,),
    "max_epochs": 1,
    "device": "cpu",
    "random_state": 0,
}
METHODS = ("transform", "reconstruct", "predict", "predict_proba", "decision_function")


def attempt(call, *args):
    """What a call returns, and the error that it raises; a warning is one too."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DataConversionWarning)
        warnings.filterwarnings("ignore", "y holds -1 beside")
        warnings.simplefilter("ignore", TransferWarning)
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # of np.matrix
        try:
            return call(*args), None
        except Exception as error:
            return None, error


def assert_says_where(error, words=r"task '|\b[Xy]\b"):
    assert isinstance(error, (TypeError, ValueError)), repr(error)
    text = str(error)
    assert re.search(words, text), text
    assert text.endswith((".", "^")), text  # the second below a bad architecture


def assert_agrees(error, valid):
    """An input that can be used is used, and no other."""
    if valid is not None:
        assert (error is None) == valid, repr(error)


def per_task(output, X, form):
    """What a method returned, as one item per task of X."""
    if form == "joint":
        output = X.split(output) if isinstance(output, np.ndarray) else output.arrays
        return list(output.values()) if isinstance(output, dict) else list(output)
    if form == "dict":
        assert list(output) == list(X)
        return list(output.values())
    if form == "array":
        return [output]
    assert isinstance(output, list)
    return output


def assert_outputs_fit(estimator, X, tasks, form):
    """Every method gives the right form, shapes, dtypes and values."""
    for method in METHODS:
        if not hasattr(estimator, method):
            continue
        parts = per_task(getattr(estimator, method)(X), X, form)
        assert [len(part) for part in parts] == [task.shape[0] for task in tasks]
        for t, (part, task) in enumerate(zip(parts, tasks, strict=True)):
            if method == "transform":
                assert part.shape[1:] == (4,)
            elif method == "reconstruct":
                assert part.shape == task.shape
            elif method == "predict":
                assert np.isin(part, estimator.task_classes_[t]).all()
            elif method == "predict_proba":
                assert part.shape[1:] == estimator.classes_.shape
                np.testing.assert_allclose(part.sum(axis=1), 1)
            if method in ("transform", "reconstruct"):
                comes_back = method == "reconstruct"
                expected = estimator.layouts_[t].dtype if comes_back else np.float32
                assert part.dtype == expected
                assert np.isfinite(part).all()


@fuzz
@given(inputs(), rarely)
def test_autoencoder(case, early_stopping):
    X, tasks, form = case
    estimator = JointAutoencoder(**small(TINY, early_stopping=early_stopping))
    _, error = attempt(estimator.fit, X.value)
    valid = X.valid
    if early_stopping and any(task.shape[:1] == (1,) for task in tasks):
        valid = False  # nothing would be left to train on
    assert_agrees(error, valid)
    if error is not None:
        assert_says_where(error)
        assert not hasattr(estimator, "net_")
    elif valid:
        assert_outputs_fit(estimator, X.value, tasks, form)
        assert np.isfinite(estimator.score(X.value))


@st.composite
def labeled_inputs(draw):
    """X, its tasks, its form, y, and whether y can be used."""
    X, tasks, form = draw(inputs())
    if form == "joint":
        one = draw(labels(len(X.value)))
        return X, tasks, form, one.value, are_classes([one])
    sizes = [task.shape[0] if task.shape else 0 for task in tasks]
    if form == "array":
        one = draw(labels(sizes[0], one_array=True))
        return X, tasks, form, one.value, are_classes([one])
    if draw(rarely):
        y = draw(st.sampled_from([None, [], {}, "a", 3, np.arange(4), {"other": [1]}]))
        return X, tasks, form, y, False
    parts = [draw(st.one_of(labels(n), st.just(Drawn(None)))) for n in sizes]
    y = [part.value for part in parts]
    if form == "dict":
        y = dict(zip(X.value, y, strict=True))
    return X, tasks, form, y, are_classes(parts)


@fuzz
@given(
    labeled_inputs(),
    st.sampled_from(["auto", "shared", "both"]),
    st.sampled_from(["end-to-end", "end-to-end", "common-branch"]),
)
def test_classifier(case, head, strategy):
    X, tasks, form, y, are_right = case
    possible = (head, strategy) != ("shared", "common-branch")
    estimator = JointTransferClassifier(**small(TINY, head=head, strategy=strategy))
    _, error = attempt(estimator.fit, X.value, y)
    assert_agrees(error, X.valid and are_right and possible)
    if error is not None:
        assert_says_where(error, r"task '|\b[Xy]\b|strategy='common-branch'")
        assert not hasattr(estimator, "net_")
    elif X.valid:
        assert_outputs_fit(estimator, X.value, tasks, form)
        score, error = attempt(estimator.score, X.value, y)
        assert error is None
        assert 0 <= score <= 1


SHAPES = {"mnist": (3,), "usps": (7, 6)}


@pytest.fixture(scope="module")
def two_tasks():
    rng = np.random.default_rng(0)
    X = {name: rng.uniform(size=(8, *shape)) for name, shape in SHAPES.items()}
    y = np.arange(8) % 2
    return JointTransferClassifier(**TINY).fit(X, dict.fromkeys(SHAPES, y))


@st.composite
def prediction_inputs(draw):
    """Any input to an estimator fitted on tasks of `SHAPES`."""
    form = draw(st.sampled_from(["array", "list", "tuple", "dict", "joint"]))
    if form == "array":
        return Drawn(draw(samples(SHAPES["mnist"])).value, False), [], form
    names = [*SHAPES]
    if form in ("dict", "joint"):
        names = draw(st.permutations(names))
    names = names[: draw(st.sampled_from([1, 2, 2]))] if form == "dict" else names
    tasks = []
    for name in names:
        kind = draw(st.sampled_from([*["right"] * 5, "skipped", "any shape"]))
        if kind == "skipped":
            tasks.append(Drawn(None))
            continue
        drawn = draw(samples(SHAPES[name] if kind == "right" else None))
        drawn.valid = drawn.valid and drawn.shape[1:] == SHAPES[name]
        if form == "joint" and drawn.shape == (0, *SHAPES[name]):
            drawn.valid = True  # a selection may have no sample of a task
        tasks.append(drawn)
    value, valid = in_form(draw, form, names, tasks)
    if isinstance(value, JointArrays) and value.task_names is None:
        valid = valid and names == [*SHAPES]
    valid = valid and any(task.value is not None and task.shape[0] for task in tasks)
    return Drawn(value, valid), tasks, form


@fuzz
@given(prediction_inputs())
def test_prediction(two_tasks, case):
    X, tasks, form = case
    for method in METHODS:
        output, error = attempt(getattr(two_tasks, method), X.value)
        assert_agrees(error, X.valid)
        if error is not None:
            assert_says_where(error)
            continue
        for part, task in zip(per_task(output, X.value, form), tasks, strict=True):
            if task.value is None:
                assert part is None
                continue
            # The same samples alone have the same result.
            name = next(n for n, shape in SHAPES.items() if shape == task.shape[1:])
            if X.valid and task.shape[0]:
                alone = getattr(two_tasks, method)({name: task.value})[name]
                np.testing.assert_array_equal(part, alone)


numbers = st.sampled_from([0, 1, 0.5, 2.0, -1, np.nan, np.inf, True, None, "1", 1j])
weights = st.one_of(
    numbers,
    st.lists(st.sampled_from([0, 1, 2.5, -1]), max_size=3),
    st.lists(numbers, max_size=3).map(tuple),
    st.dictionaries(st.sampled_from([*SHAPES, "pen", 0]), numbers, max_size=3),
    st.just(np.array([1.0, 2.0])),
    st.just(np.array(1.0)),
)
tokens = st.sampled_from(
    [
        *("FC 4", "Conv 2x(3x3)", "Conv 2x(3x3) stride 2", "MP 2x2", "BN", "ReLU"),
        *("Reshape 1x2x2", "Deconv 2x3x3", "fc4", "FC 0", "FC", "Conf", "", "×"),
    ]
)
layers = st.one_of(
    st.lists(tokens, min_size=1, max_size=3).map(", ".join),
    st.lists(st.integers(-1, 5), max_size=3).map(tuple),
    st.sampled_from(["auto", "mirror", None, 3, (2.5,), ("FC 4",), list]),
)
architectures = st.one_of(
    layers,
    st.lists(layers, max_size=3),
    st.dictionaries(st.sampled_from([*SHAPES, "pen"]), layers, max_size=3),
)
PARAMETERS = {
    "reconstruction_weight": weights,
    "classification_weight": weights,
    "infomax_weight": weights,
    "encoder": architectures,
    "decoder": architectures,
    "shared_depth": st.sampled_from([-3, -2, -1, 0, 1, 2, 3, "auto", None, 1.0]),
    "n_shared_layers": st.sampled_from([None, 1, 2, 3, 0]),
    "shared_input": st.sampled_from(
        ["auto", None, (1, 8, 8), (8, 8), (0, 8, 8), 3, [None, None], [[1, 2], {}], {}]
    ),
    "n_shared": st.sampled_from([0, 1, 2, -1, 1.5]),
    "n_private": st.sampled_from([0, 1, 2, -1, None]),
    "head": st.sampled_from(["auto", "shared", "both"]),
    "strategy": st.sampled_from(["end-to-end", "common-branch"]),
    "batch_size": st.sampled_from([1, 2, 3, 0]),
}


@fuzz
@given(
    st.sampled_from([*PARAMETERS, None]).flatmap(
        lambda name: st.fixed_dictionaries(
            {} if name is None else {name: PARAMETERS[name]},
            optional={n: s for n, s in PARAMETERS.items() if n != name},
        )
    ),
    st.sampled_from([((3,), (3,)), ((3,), (4, 5)), ((8, 9), (3, 8, 8))]),
    st.sampled_from([1, 2, 5]),
)
def test_parameters(parameters, shapes, n):
    rng = np.random.default_rng(0)
    X = {
        name: rng.uniform(size=(n, *shape))
        for name, shape in zip(SHAPES, shapes, strict=True)
    }
    y = {"mnist": np.arange(n), "usps": np.zeros(n)}
    if n == 1:
        y["usps"] += 1
    estimator = JointTransferClassifier(**small(TINY, **parameters))
    _, error = attempt(estimator.fit, X, y)
    if error is None:
        assert np.isfinite(estimator.transform(X)["usps"]).all()
    else:
        named = "|".join([*parameters, "loss weights", "task '"])
        assert_says_where(error, named)
        assert not hasattr(estimator, "net_")
