"""Weights of samples and of classes in `fit`, against repeated and removed samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.utils.class_weight import compute_class_weight

from sk_jae import (
    JointAutoencoder,
    JointTransferClassifier,
    JointTransferRegressor,
    pack,
)
from tests.helpers.refusals import refusal
from tests.helpers.small import equal_weights, make_tasks, small

X, Y = make_tasks()
Y[1][::4] = -1
_rng = np.random.default_rng(5)
W = [_rng.integers(0, 4, 40), _rng.integers(0, 4, 20)]
NUMBERS = [x[:, 0] ** 2 for x in X]

# All samples in one batch, and nothing that goes by the number of rows.
ONE_BATCH = small(max_epochs=20, batch_size=1000, weight_decay=0.0)
CLASSIFIER = JointTransferClassifier(**ONE_BATCH, labeled_fraction=0.0)
CASES = {
    "autoencoder": (JointAutoencoder(**ONE_BATCH), None),
    "classifier": (CLASSIFIER, Y),
    "classifier, a task without labels": (CLASSIFIER, [Y[0], None]),
    "classifier, balanced": (clone(CLASSIFIER).set_params(class_weight="balanced"), Y),
    "regressor": (JointTransferRegressor(**ONE_BATCH, labeled_fraction=0.0), NUMBERS),
    "regressor, in phases": (
        JointTransferRegressor(
            **ONE_BATCH, labeled_fraction=0.0, strategy="common-branch"
        ),
        NUMBERS,
    ),
}
cases = pytest.mark.parametrize("name", CASES)


def repeated(parts):
    if parts is None:
        return None
    return [
        None if part is None else part.repeat(w, axis=0)
        for part, w in zip(parts, W, strict=True)
    ]


def assert_close(one, other):
    for z, expected in zip(one.transform(X), other.transform(X), strict=True):
        np.testing.assert_allclose(z, expected, rtol=1e-3, atol=1e-4)
    assert one.history_[-1].keys() == other.history_[-1].keys()
    for key, value in other.history_[-1].items():
        if key.startswith("train_") and not isinstance(value, bool):
            assert one.history_[-1][key] == pytest.approx(value, rel=1e-3, abs=1e-4), (
                key
            )


@cases
def test_weights_are_repetitions(name):
    estimator, targets = CASES[name]
    weighted = clone(estimator).fit(X, targets, sample_weight=W)
    again = clone(estimator).fit(repeated(X), repeated(targets))
    assert_close(weighted, again)
    plain = clone(estimator).fit(X, targets)
    assert not np.allclose(plain.transform(X)[0], again.transform(X)[0], rtol=0.01)


@cases
def test_only_their_ratios_within_a_task_count(name):
    estimator, targets = CASES[name]
    one = clone(estimator).fit(X, targets, sample_weight=W)
    # Balanced classes and the scale of numbers are those of all tasks together.
    if "balanced" not in name and "regressor" not in name:
        other = clone(estimator).fit(X, targets, sample_weight=[W[0] * 8.0, W[1] / 4])
        assert_close(one, other)
    huge = clone(estimator).fit(X, targets, sample_weight=[w * 2.0**1000 for w in W])
    assert_close(one, huge)


@cases
def test_equal_weights_are_none(name):
    estimator, targets = CASES[name]
    plain = clone(estimator).fit(X, targets)
    ones = clone(estimator).fit(X, targets, sample_weight=[np.full(40, 3), None])
    assert_close(ones, plain)
    none = clone(estimator).fit(X, targets, sample_weight=[None, None])
    assert equal_weights(none, plain)


@pytest.mark.parametrize("batch_size", [7, 1000])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_samples_of_weight_0_are_left_out(batch_size, early_stopping):
    """Whatever they hold."""
    settings = small(batch_size=batch_size, early_stopping=early_stopping)
    found = []
    for scale in (1, 1000):
        changed = [
            x * np.where(w, 1, scale)[:, None] for x, w in zip(X, W, strict=True)
        ]
        clf = JointTransferClassifier(**settings)
        found.append(clf.fit(changed, Y, sample_weight=W))
    assert_close(*found)


REST = np.arange(40) > 8
SIGNALS = [np.random.default_rng(n).normal(size=(n, 2, 32)) for n in (40, 20)]
COUNTS = [np.random.default_rng(n).poisson(4, size=(n, 5)) for n in (40, 20)]
AS_IF_THEY_WERE_NOT_THERE = {
    "classifier": (JointTransferClassifier(**small()), X, Y),
    "regressor": (JointTransferRegressor(**small()), X, [NUMBERS[0], None]),
    "whitened": (
        JointTransferRegressor(**small(input_scaling="whiten")),
        X,
        [NUMBERS[0], None],
    ),
    "signals": (
        # Weights in front of batch normalization follow the rounding after an epoch.
        JointTransferClassifier(**small(encoder="auto", max_epochs=1)),
        SIGNALS,
        [Y[0], None],
    ),
    "counts": (
        JointAutoencoder(**small(reconstruction_loss="poisson")),
        COUNTS,
        None,
    ),
    "labels are complete": (
        JointTransferClassifier(**small()),
        X,
        [np.where(REST, Y[0], -1), np.where(Y[1] < 0, 0, Y[1])],
    ),
    "targets are complete": (
        JointTransferRegressor(**small()),
        X,
        [np.where(REST, NUMBERS[0], np.nan), NUMBERS[1]],
    ),
    "the source is the other task": (
        JointTransferRegressor(**small(strategy="common-branch")),
        X,
        [np.where(np.arange(40) < 25, x, np.nan) for x in NUMBERS[:1]] + NUMBERS[1:],
    ),
}


@pytest.mark.parametrize("name", AS_IF_THEY_WERE_NOT_THERE)
def test_samples_of_weight_0_count_nowhere(name):
    estimator, samples, targets = AS_IF_THEY_WERE_NOT_THERE[name]
    weighted = clone(estimator).fit(samples, targets, sample_weight=[1.0 * REST, None])
    fewer = None if targets is None else [targets[0][REST], targets[1]]
    without = clone(estimator).fit([samples[0][REST], samples[1]], fewer)
    for z, expected in zip(
        weighted.transform(samples), without.transform(samples), strict=True
    ):
        np.testing.assert_allclose(z, expected, rtol=1e-3, atol=1e-4)
    assert str(weighted.module_) == str(without.module_)
    assert weighted.history_[0].keys() == without.history_[0].keys()


@pytest.mark.parametrize(
    ("estimator", "unknown"),
    [(JointTransferClassifier, -1), (JointTransferRegressor, np.nan)],
)
def test_labels_that_all_have_weight_0_are_no_labels(estimator, unknown):
    known = np.where(REST, unknown, Y[0])
    message = refusal(
        estimator(**small()).fit, X, [known, None], sample_weight=[1.0 * REST, None]
    )
    assert "samples of weight 0 do not count" in message


@pytest.mark.parametrize("estimator", [JointAutoencoder, JointTransferRegressor])
def test_several_new_tasks_have_weights_in_a_warm_start(estimator):
    est = estimator(**small(max_epochs=1, warm_start=True))
    targets = None if estimator is JointAutoencoder else [*NUMBERS, *NUMBERS]
    est.fit(X, targets and NUMBERS)
    est.fit([*X, *X], targets, sample_weight=[None, None, *W])
    assert est.n_tasks_ == 4


FORMS = {
    "dict": ({"a": X[0], "b": X[1]}, {"a": Y[0], "b": Y[1]}, {"b": W[1], "a": W[0]}),
    "container": (*pack(X, Y), pack(X)[0].join(W)),
    "lists": (X, Y, [W[0].tolist(), tuple(W[1].tolist())]),
    "series": ([*map(pd.DataFrame, X)], Y, [*map(pd.Series, W)]),
}


@pytest.mark.parametrize("name", FORMS)
def test_all_forms_give_the_same_model(name):
    samples, labels, weights = FORMS[name]
    clf = JointTransferClassifier(**small())
    found = clone(clf).fit(samples, labels, sample_weight=weights)
    if name == "dict":
        expected = clone(clf).fit(
            samples, labels, sample_weight=dict(zip("ab", W, strict=True))
        )
    else:
        expected = clone(clf).fit(X, Y, sample_weight=W)
    assert equal_weights(found, expected)


def test_one_array_has_one_array_of_weights():
    clf = clone(CLASSIFIER)
    clf.fit(X[0], Y[0], sample_weight=W[0])
    again = clone(CLASSIFIER).fit(X[0].repeat(W[0], axis=0), Y[0].repeat(W[0]))
    np.testing.assert_allclose(clf.transform(X[0]), again.transform(X[0]), atol=1e-3)


def test_searches_hand_on_the_weights_of_each_fold():
    container, labels = pack(X, [Y[0], np.abs(Y[1])])
    weights = container.join([w + 1.0 for w in W])
    clf = JointTransferClassifier(**small())
    found = cross_validate(
        clf,
        container,
        labels,
        cv=2,
        params={"sample_weight": weights},
        return_estimator=True,
        return_indices=True,
        error_score="raise",
    )
    for estimator, rows in zip(
        found["estimator"], found["indices"]["train"], strict=True
    ):
        alone = clone(clf).fit(
            container[rows], labels[rows], sample_weight=weights[rows]
        )
        assert equal_weights(estimator, alone)
    search = GridSearchCV(clf, {"lr": [0.01]}, cv=2, error_score="raise")
    assert "one item per task" in refusal(
        search.fit, container, labels, sample_weight=W
    )


def test_pairs_of_samples_of_weight_0_are_left_out():
    ids = [np.arange(40), np.arange(30, 50)]
    jae = JointAutoencoder(**small(max_epochs=1))
    weights = [np.ones(40), np.ones(20)]
    weights[1][:9] = 0
    assert (
        "train_pairing" in clone(jae).fit(X, ids=ids, sample_weight=weights).history_[0]
    )
    weights[0][39] = 0
    assert (
        "train_pairing"
        not in clone(jae).fit(X, ids=ids, sample_weight=weights).history_[0]
    )


WRONG = {
    "negative": ([-W[0], W[1]], "sample_weight of task 'task0' is -"),
    "NaN": ([W[0] * np.nan, W[1]], "is nan for sample 0"),
    "all 0": (
        [W[0], W[1] * 0],
        "sample_weight of task 'task1' is zero for every sample",
    ),
    "too few": ([W[0][:-1], W[1]], "of task 'task0' has shape (39,), expected (40,)"),
    "text": ([W[0].astype(str), W[1]], "expected real numbers"),
    "one task": ([W[0]], "sample_weight has 1 item"),
    "flat": (np.ones(60), "sample_weight is ndarray"),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("estimator", ["autoencoder", "classifier", "regressor"])
def test_weights_that_cannot_be_used_are_refused(name, estimator):
    weights, part = WRONG[name]
    est, targets = CASES[estimator]
    est = clone(est)
    assert part in refusal(est.fit, X, targets, sample_weight=weights)
    assert not hasattr(est, "n_iter_")


def test_a_loss_of_the_user_gives_one_error_per_sample():
    def loss(reconstruction, x):
        return (reconstruction - x).abs()

    weighted = JointAutoencoder(**ONE_BATCH, reconstruction_loss=loss)
    weighted.fit(X, sample_weight=W)
    again = JointAutoencoder(**ONE_BATCH, reconstruction_loss=loss).fit(repeated(X))
    assert_close(weighted, again)
    jae = JointAutoencoder(
        **ONE_BATCH, reconstruction_loss=lambda r, x: (r - x).abs().mean()
    )
    assert "expected one error per sample" in refusal(jae.fit, X, sample_weight=W)
    assert not hasattr(jae, "n_iter_")


CLASS_WEIGHT = {0: 3.0, 2: 0.5}


def test_the_weight_of_a_class_is_that_of_its_labels():
    clf = clone(CLASSIFIER).set_params(reconstruction_weight=0)
    labels = [np.abs(y) for y in Y]
    by_class = clone(clf).set_params(class_weight=CLASS_WEIGHT).fit(X, labels)
    # Standardized before, so that the weights of samples count in the classes alone.
    own = [(x - x.mean(0)) / x.std(0) for x in X]
    plain = clone(clf).set_params(input_scaling=None)
    weights = [np.vectorize(lambda c: CLASS_WEIGHT.get(c, 1.0))(y) for y in labels]
    by_sample = plain.fit(own, labels, sample_weight=weights)
    for p, expected in zip(
        by_class.predict_proba(X), by_sample.predict_proba(own), strict=True
    ):
        np.testing.assert_allclose(p, expected, atol=1e-3)


def test_balanced_weights_are_those_of_all_labels_together():
    together = np.concatenate(Y)
    together = together[together >= 0]
    found = compute_class_weight("balanced", classes=np.arange(3), y=together)
    balanced = clone(CLASSIFIER).set_params(class_weight="balanced").fit(X, Y)
    given = clone(CLASSIFIER).set_params(class_weight=dict(enumerate(found))).fit(X, Y)
    assert_close(balanced, given)


@pytest.mark.parametrize(
    ("weight", "part"),
    [
        ({7: 1.0}, "class_weight has a weight of the class 7"),
        ({0: -1.0}, "class_weight of the class 0 is -1.0"),
        ({0: "much"}, "class_weight of the class 0 is 'much'"),
        ({0: 0, 1: 0, 2: 0}, "class_weight is 0 for every class"),
        ("even", "class_weight"),
    ],
)
def test_weights_of_classes_that_cannot_be_used_are_refused(weight, part):
    clf = clone(CLASSIFIER).set_params(class_weight=weight)
    assert part in refusal(clf.fit, X, Y)
