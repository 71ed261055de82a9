"""Samples that cannot be used are refused before training, in words that say where."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_validate

from sk_jae import JointArrays, pack
from tests.helpers.refusals import (
    MNIST,
    USPS,
    X,
    Y,
    assert_has,
    autoencoder,
    classifier,
    fitted,
    refusal,
    refusal_of_fit,
    without_training,
    y,
)


def with_object(value):
    array = USPS.astype(object)
    array[1, 2] = value
    return array


FAULTS = {
    "no samples": (USPS[:0], ["0 samples", "at least 1"]),
    "no features": (USPS[:, :0], ["0 feature(s) (shape=(8, 0))", "minimum of 1"]),
    "one dimension": (USPS[:, 0], ["shape (8,)", "at least 2 dimensions", "Reshape"]),
    "NaN": (np.where(USPS > 0.9, np.nan, USPS), ["holds NaN", "impute"]),
    "infinity": (np.where(USPS > 0.9, -np.inf, USPS), ["holds infinity", "finite"]),
    "too large": (USPS * 1e30, ["e+29", "at most 1.8e+19", "scale"]),
    "masked": (np.ma.masked_greater(USPS, 0.9), ["masked values", "fill"]),
    "complex": (USPS + 1j, ["Complex data not supported", "complex128", "real"]),
    "text": (USPS.astype(str), ["dtype <U", "expected numbers", "OrdinalEncoder"]),
    "text objects": (with_object("7"), ["the text '7'", "expected numbers"]),
    "objects": (with_object({}), ["not 'dict'", "expected numbers"]),
    "none inside": (with_object(None), ["holds NaN", "impute"]),
    "huge integer": (with_object(10**400), ["too large", "expected numbers"]),
    "dates": (USPS.astype("M8[s]"), ["datetime64", "expected numbers"]),
    "sparse": (scipy.sparse.csr_array(USPS), ["sparse", "dense", "toarray()"]),
    "sparse tensor": (
        torch.tensor(USPS).to_sparse(),
        ["sparse tensor", "dense", "to_dense()"],
    ),
    "none": (None, ["is None", "expected an array of samples"]),
}
faults = pytest.mark.parametrize(
    ("faulty", "fragments"), FAULTS.values(), ids=FAULTS.keys()
)


@faults
@pytest.mark.parametrize("form", ["array", "list", "tuple", "dict"])
def test_samples_in_fit(form, faulty, fragments):
    data, words = {
        "array": (faulty, "X "),
        "list": ([MNIST, faulty], "X of task 'task1'"),
        "tuple": ((MNIST, faulty), "X of task 'task1'"),
        "dict": ({"mnist": MNIST, "usps": faulty}, "task 'usps'"),
    }[form]
    assert_has(refusal_of_fit(autoencoder, data), words, *fragments)


@pytest.mark.parametrize("fault", ["NaN", "no features", "complex", "text", "objects"])
def test_samples_of_a_container(fault):
    faulty, fragments = FAULTS[fault]
    tasks = [MNIST, faulty]
    text = refusal_of_fit(autoencoder, JointArrays(tasks))
    assert_has(text, "task 'task1'", *fragments)
    text = refusal_of_fit(autoencoder, JointArrays(dict(zip(X, tasks, strict=True))))
    assert_has(text, "task 'usps'", *fragments)


@faults
def test_samples_in_prediction(faulty, fragments):
    if faulty is None:
        assert fitted().predict({"mnist": MNIST, "usps": None})["usps"] is None
        return
    for method in ["transform", "reconstruct", "predict", "predict_proba"]:
        text = refusal(getattr(fitted(), method), {"usps": faulty})
        assert_has(text, "task 'usps'", *fragments)
    text = refusal(fitted().score, [None, faulty], [None, np.arange(8) % 3])
    assert_has(text, "X of task 'usps'", *fragments)
    text = refusal(fitted().translate, faulty, "usps", "mnist")
    assert_has(text, "task 'usps'", *fragments)


def test_classifier_checks_samples_before_labels():
    text = refusal_of_fit(classifier, {**X, "usps": USPS[:, 0]}, {"mnist": "nonsense"})
    assert_has(text, "task 'usps'", "shape (8,)")


@pytest.mark.parametrize("nothing", [[], (), {}])
def test_no_tasks(nothing):
    assert_has(refusal_of_fit(autoencoder, nothing), "X ", "expected")


@pytest.mark.parametrize("odd", ["text", 3, np.float32(3)])
def test_no_arrays_at_all(odd):
    assert_has(refusal_of_fit(autoencoder, odd), "X has shape ()")


def test_ragged_lists():
    text = refusal_of_fit(autoencoder, [[1.0, 2.0], [3.0]])
    assert_has(text, "X cannot become a numpy array", "(2,) and (1,)")


def test_samples_of_unequal_length():
    unequal = [np.zeros((3, n)) for n in (100, 120)]
    for samples in (unequal, np.array([*unequal, None], dtype=object)[:2]):
        text = refusal_of_fit(autoencoder, {"mnist": MNIST, "usps": samples})
        assert_has(text, "task 'usps'", "(3, 100) and (3, 120)", "resample", "pad")


def test_task_names_are_text():
    assert_has(refusal_of_fit(autoencoder, {1: MNIST}), "X has the key 1", "str")


def test_ambiguous_channels():
    images = {"mnist": np.zeros((4, 8, 8)), "usps": np.zeros((4, 3, 8, 3))}
    text = refusal_of_fit(autoencoder, images)
    assert_has(text, "task 'usps'", "(4, 3, 8, 3)", "both")
    assert_has(text, "layout='channels_first'", "layout='channels_last'")
    images["usps"] = np.zeros((4, 5, 8, 5))
    assert_has(refusal_of_fit(autoencoder, images), "task 'usps'", "neither", "1, 3 or")


@pytest.mark.parametrize("one", [[MNIST], (MNIST,), [pd.DataFrame(MNIST)], [None]])
def test_list_of_one_array(one):
    assert_has(refusal_of_fit(autoencoder, one), "X is a", "pack(X, y)", "its array")


def test_search_over_a_plain_list():
    for estimator, labels in ((autoencoder, None), (classifier, [Y, Y[:8]])):
        search = GridSearchCV(estimator, {"lr": [0.1]}, cv=2, error_score="raise")
        with without_training():
            text = refusal(search.fit, [MNIST, USPS], labels)
        assert_has(text, "list of one array", "pack(X, y)")


def test_fold_without_a_task():
    container, labels = pack(X, y)
    fold = np.flatnonzero(container.task == 0)
    text = refusal_of_fit(classifier, container[fold], labels[fold])
    assert_has(text, "task 'usps'", "no sample in this selection")
    assert_has(text, "sk_jae.model_selection.JointStratifiedKFold")


def test_fold_without_a_task_in_cross_validation():
    container, _ = pack(X, y)
    train, test = (np.flatnonzero(container.task == t) for t in (0, 1))
    with without_training():
        text = refusal(
            cross_validate,
            autoencoder,
            container,
            cv=[(train, test)],
            error_score="raise",
        )
    assert_has(text, "task 'usps'", "JointStratifiedKFold")


def test_number_of_tasks_is_that_of_fit():
    text = refusal(fitted().predict, [MNIST, USPS, USPS])
    assert_has(text, "X has 3 tasks", "fitted on 2 tasks, 'mnist', 'usps'", "None")
    text = refusal(fitted().predict, JointArrays([MNIST, USPS, USPS]))
    assert_has(text, "X has 3 tasks", "fitted on 2 tasks")
    text = refusal(fitted().predict, [MNIST])
    assert_has(text, "list of one array")


@pytest.mark.parametrize("form", [dict, JointArrays])
def test_unknown_task(form):
    text = refusal(fitted().predict, form({"mnist": MNIST, "pen": USPS}))
    assert_has(text, "X has the unknown task 'pen'", "'mnist', 'usps'")


def test_shapes_are_those_of_fit():
    text = refusal(fitted().predict, [USPS, MNIST])
    assert_has(text, "X of task 'mnist'", "(4,)", "expected (3,) as in fit")
    text = refusal(fitted().predict, {"usps": np.zeros((2, 2, 2))})
    assert_has(text, "task 'usps'", "(2, 2)", "expected (4,) as in fit")


@pytest.mark.parametrize("array", [MNIST, MNIST.tolist(), pd.DataFrame(MNIST)])
def test_bare_array_for_several_tasks(array):
    text = refusal(fitted().predict, array)
    assert_has(text, "X is one array", "fitted on 2 tasks", "list or dict")


def test_bare_array_has_the_features_of_fit():
    alone = clone(classifier).fit(MNIST, Y)
    assert_has(refusal(alone.predict, USPS), "X has 4 features", "expecting 3")
    text = refusal(alone.predict, MNIST[0])
    assert_has(text, "X has shape (3,)", "at least 2 dimensions", "Reshape your data")
    assert_has(refusal(alone.predict, None), "X is None")


@pytest.mark.parametrize("nothing", [[None, None], {}, {"usps": None}])
def test_no_task_to_predict(nothing):
    assert_has(refusal(fitted().predict, nothing), "X has no sample of any task")


def test_empty_selection_to_predict():
    container, _ = pack(X)
    assert_has(refusal(fitted().predict, container[:0]), "X has no sample of any task")


def test_columns_are_those_of_fit():
    frames = [pd.DataFrame(MNIST, columns=list("abc")), pd.DataFrame(USPS)]
    several = clone(autoencoder).fit(frames)
    text = refusal(several.transform, [frames[0][["b", "a", "c"]], None])
    assert_has(text, "X of task 'task0'", "features b, a, c", "expected a, b, c")
    several.transform([MNIST, USPS])  # names are compared where there are any
    alone = clone(autoencoder).fit(frames[0])
    # These words are scikit-learn's, and no sentence.
    with pytest.raises(ValueError, match="feature names should match"):
        alone.transform(frames[0][["b", "a", "c"]])
