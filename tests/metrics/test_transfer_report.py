"""Signs of failure that need no labels."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_jae import JointTransferClassifier, pack
from sk_jae.metrics import transfer_report
from sk_jae.preprocessing import PerTask
from tests.helpers.documented import documented

CENTERS = 3 * np.eye(4)
CLASSIFIER = JointTransferClassifier(
    n_shared=4,
    n_private=0,
    encoder=(16,),
    max_epochs=20,
    batch_size=32,
    lr=0.01,
    random_state=0,
    device="cpu",
    precision="float32",
    input_scaling=None,
)


def blobs(rng, labels):
    return CENTERS[labels] + 0.5 * rng.normal(size=(len(labels), 4))


@pytest.fixture(scope="module")
def cases():
    """A labeled task and unlabeled ones, for better and for worse, with a fit of all.

    Information maximization is off, so that no task changes what the others are.
    """
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 4
    X = {
        "labeled": blobs(rng, labels),
        "alike": blobs(rng, np.arange(80) % 4),
        "two classes": blobs(rng, np.arange(60) % 2),
        "noise": 2 * rng.normal(size=(90, 4)),
    }
    y = {"labeled": labels}
    return clone(CLASSIFIER).set_params(infomax_weight=0.0).fit(X, y), X, y


def agreement_by_hand(x, predicted, n_neighbors):
    """Cohen's kappa of samples and neighbors, and its standard error."""
    x = StandardScaler().fit_transform(x) if x.ndim == 2 else x
    x = x.reshape(len(x), -1).astype(float)
    hits = []
    for i in range(len(x)):
        distances = [
            np.inf if j == i else np.sum((x[i] - x[j]) ** 2) for j in range(len(x))
        ]
        nearest = np.argsort(distances)[:n_neighbors]
        hits.append(np.mean([predicted[j] == predicted[i] for j in nearest]))
    chance = sum(np.mean(predicted == c) ** 2 for c in np.unique(predicted))
    error = np.std(hits) / np.sqrt(len(x)) / (1 - chance)
    return (np.mean(hits) - chance) / (1 - chance), error


@pytest.mark.parametrize("n_neighbors", [1, 5])
def test_numbers_are_those_of_plain_numpy(cases, n_neighbors):
    clf, X, y = cases
    report = transfer_report(clf, X, y, n_neighbors=n_neighbors)
    assert list(report) == list(X)
    for name, p in clf.predict_proba(X).items():
        found = report[name]
        assert found["n_samples"] == len(X[name])
        assert found["confidence"] == pytest.approx(np.mean([max(row) for row in p]))
        mean = p.mean(axis=0)
        classes = np.prod(mean**-mean)
        assert found["effective_classes"] == pytest.approx(classes)
        expected, _ = agreement_by_hand(X[name], p.argmax(axis=1), n_neighbors)
        assert found["neighbor_agreement"] == pytest.approx(expected)


def test_warns_where_there_is_a_reason(cases):
    report = transfer_report(*cases)
    warnings = {name: found["warning"] for name, found in report.items()}
    assert warnings["labeled"] == warnings["alike"] == ""
    assert "effective classes, in labeled tasks 4.0" in warnings["two classes"]
    assert "have little to do with" in warnings["noise"]


LEAST_CLASSES, LEAST_AGREEMENT = documented(
    transfer_report,
    "fewer than {} of the effective classes, or less than {} of the agreement",
)


def test_warns_of_neighbors_that_agree_less_than_is_documented(cases):
    clf, X, y = cases
    ratios = []
    for n_noise in range(0, 80, 2):
        mixed = np.concatenate([X["alike"][: 80 - n_noise], X["noise"][:n_noise]])
        report = transfer_report(clf, {"labeled": X["labeled"], "alike": mixed}, y)
        agreement = [found["neighbor_agreement"] for found in report.values()]
        predicted = clf.predict({"alike": mixed})["alike"]
        _, error = agreement_by_hand(mixed, predicted, 5)
        ratios.append((agreement[1] + 2 * error) / agreement[0])
        warns = "have little to do with" in report["alike"]["warning"]
        assert warns == (ratios[-1] < LEAST_AGREEMENT)
    around = np.array(ratios) - LEAST_AGREEMENT
    assert 0 <= around[around >= 0].min() < 0.05
    assert -0.05 < around[around < 0].max() < 0


def test_warns_of_fewer_effective_classes_than_is_documented(cases):
    clf, X, y = cases
    ratios = []
    for n_rare in range(2, 62, 2):
        # The fewer samples of two classes, the fewer classes there are in effect.
        labels = np.repeat([0, 1, 2, 3], [60, 60, n_rare, n_rare])
        rare = blobs(np.random.default_rng(0), labels)
        report = transfer_report(clf, {"labeled": X["labeled"], "alike": rare}, y)
        classes = [found["effective_classes"] for found in report.values()]
        p = clf.predict_proba({"alike": rare})["alike"].mean(axis=0)
        tolerance = 2 * np.sqrt(p @ np.log(p) ** 2 - (p @ np.log(p)) ** 2)
        tolerance = tolerance / np.sqrt(len(rare)) + 3 / (2 * len(rare))
        ratios.append(classes[1] * (1 + tolerance) / classes[0])
        warns = "effective classes" in report["alike"]["warning"]
        assert warns == (ratios[-1] < LEAST_CLASSES)
    around = np.array(ratios) - LEAST_CLASSES
    assert 0 <= around[around >= 0].min() < 0.08
    assert -0.08 < around[around < 0].max() < 0


def test_few_samples_are_not_doubted_by_chance(cases):
    clf, X, y = cases
    rng = np.random.default_rng(0)
    warnings = []
    for _ in range(40):
        few = blobs(rng, rng.integers(4, size=25))
        report = transfer_report(clf, {"labeled": X["labeled"], "alike": few}, y)
        warnings.append(bool(report["alike"]["warning"]))
    assert sum(warnings) <= 4


def test_does_not_doubt_tasks_that_have_labels(cases):
    clf, X, y = cases
    labels = clf.predict({"noise": X["noise"]})["noise"]
    found = transfer_report(clf, X, {**y, "noise": labels})
    assert found["noise"]["warning"] == ""
    lower = found["noise"]["neighbor_agreement"]
    assert lower < found["alike"]["neighbor_agreement"]


def test_compares_evenly_spaced_samples(cases):
    clf, X, y = cases
    some = {name: x[np.arange(20) * len(x) // 20] for name, x in X.items()}
    report = transfer_report(clf, X, y, max_samples=20)
    of_some = transfer_report(clf, some, {"labeled": y["labeled"][::6]})
    for name, found in report.items():
        assert found["neighbor_agreement"] == of_some[name]["neighbor_agreement"]
        assert found["n_samples"] == len(X[name])


def test_any_form_of_input_gives_the_same(cases):
    clf, X, y = cases
    expected = transfer_report(clf, X, y)
    assert transfer_report(clf, *pack(X, {**dict.fromkeys(X), **y})) == expected
    listed = clone(clf).fit(list(X.values()), [y["labeled"], None, None, None])
    named = clone(clf).fit(
        dict(zip(listed.task_names_, X.values(), strict=True)), {"task0": y["labeled"]}
    )
    other = dict(zip(listed.task_names_, X.values(), strict=True))
    assert transfer_report(
        listed, list(X.values()), [y["labeled"], None, None, None]
    ) == transfer_report(named, other, {"task0": y["labeled"]})


def test_a_task_may_be_left_out(cases):
    clf, X, y = cases
    expected = transfer_report(clf, X, y)
    some = {name: X[name] for name in ("noise", "labeled")}
    report = transfer_report(clf, some, y)
    assert report == {name: expected[name] for name in ("labeled", "noise")}


def test_goes_into_pipelines_and_searches(cases):
    _, X, y = cases
    scaler = PerTask(StandardScaler())
    X_packed, y_packed = pack(X, {**dict.fromkeys(X), **y})
    search = GridSearchCV(
        make_pipeline(scaler, clone(CLASSIFIER).set_params(max_epochs=2)),
        {"jointtransferclassifier__lr": [0.01]},
        cv=2,
    ).fit(X_packed, y_packed)
    scaled = search.best_estimator_[0].transform(X)
    last = search.best_estimator_[-1]
    assert transfer_report(search, X, y) == transfer_report(last, scaled, y)


def tail(n, k, p):
    """The probability of at least k successes in n trials."""
    return sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


@pytest.mark.parametrize("wrong", [[], [3], [0, 1, 5, 9], range(12)])
def test_a_few_labels_bound_the_accuracy(cases, wrong):
    """The bounds are those at which so many or so few hits have a chance of 2.5 %."""
    clf, X, y = cases
    labels = clf.predict({"alike": X["alike"]})["alike"].copy()
    labels[12:] = -1
    labels[list(wrong)] = (labels[list(wrong)] + 1) % 4
    report = transfer_report(clf, X, y, y_few={"alike": labels})
    found, n, k = report["alike"], 12, 12 - len(wrong)
    assert found["n_few"] == n
    assert found["accuracy"] == pytest.approx(k / n)
    low, high = found["accuracy_low"], found["accuracy_high"]
    assert low == 0 if k == 0 else tail(n, k, low) == pytest.approx(0.025)
    assert high == 1 if k == n else tail(n, k + 1, high) == pytest.approx(0.975)


NEW = ["n_few", "accuracy", "accuracy_low", "accuracy_high"]


def test_a_few_labels_of_a_task_change_nothing_else(cases):
    clf, X, y = cases
    plain = transfer_report(clf, X, y)
    few = {"alike": np.where(np.arange(80) < 7, np.arange(80) % 4, -1)}
    report = transfer_report(clf, X, y, y_few=few)
    for name, found in report.items():
        numbers = [found.pop(key) for key in NEW]
        assert found == plain[name]
        assert list(found)[-1] == "warning"
        assert (numbers[0] == 7) == (name == "alike")
        assert np.isnan(numbers[1:]).all() == (name != "alike")
    packed = transfer_report(
        clf, *pack(X, {**dict.fromkeys(X), **y}), y_few=pack(X, few_of(X, few))[1]
    )
    assert packed["alike"] == transfer_report(clf, X, y, y_few=few)["alike"]


def few_of(X, few):
    return {**dict.fromkeys(X), **few}


def test_classes_taken_for_each_other_are_seen_by_a_few_labels():
    rng = np.random.default_rng(0)
    names = np.array(["ash", "oak", "elm", "fir"])
    labels = np.arange(80) % 4
    X = {"labeled": blobs(rng, labels), "swapped": blobs(rng, labels)}
    y = {"labeled": names[labels]}
    clf = clone(CLASSIFIER).fit(X, y)
    swapped = names[(labels + 1) % 4].astype(object)
    swapped[8:] = None
    assert not transfer_report(clf, X, y)["swapped"]["warning"]
    found = transfer_report(clf, X, y, y_few={"swapped": swapped})["swapped"]
    assert (found["accuracy"], found["n_few"]) == (0, 8)
    assert "By 8 labels of the task, the accuracy is at most 0.37" in found["warning"]


LEAST_ACCURACY = documented(
    transfer_report, "`accuracy_high` is below {} of the confidence"
)


def test_warns_of_an_accuracy_below_the_confidence_as_is_documented(cases):
    clf, X, y = cases
    predicted = clf.predict({"alike": X["alike"]})["alike"]
    ratios = []
    for n_wrong in range(0, 40, 2):
        labels = np.where(np.arange(80) < n_wrong, (predicted + 1) % 4, predicted)
        found = transfer_report(clf, X, y, y_few={"alike": labels})["alike"]
        ratios.append(found["accuracy_high"] / found["confidence"])
        warns = "the accuracy is at most" in found["warning"]
        assert warns == (ratios[-1] < LEAST_ACCURACY)
    around = np.array(ratios) - LEAST_ACCURACY
    assert 0 <= around[around >= 0].min() < 0.05
    assert -0.05 < around[around < 0].max() < 0


@pytest.mark.parametrize(
    ("few", "error", "message"),
    [
        ({"alike": [1, 2]}, ValueError, "In y_few: y of task 'alike' has 2 labels"),
        ({"other": [1]}, ValueError, "In y_few: y has the unknown task 'other'"),
        ({"alike": ["a"] * 80}, TypeError, "In y_few: y of task 'alike' holds text"),
        ({"alike": [-1] * 80}, ValueError, "In y_few: y has no labeled sample"),
    ],
)
def test_a_few_labels_that_cannot_be_used(cases, few, error, message):
    clf, X, y = cases
    with pytest.raises(error, match=message):
        transfer_report(clf, X, y, y_few=few)


def test_needs_labels_of_a_task(cases):
    clf, X, y = cases
    for given, labels in ((X, {"noise": np.full(90, -1)}), ({"noise": X["noise"]}, y)):
        with pytest.raises(ValueError, match="compares tasks without labels with"):
            transfer_report(clf, given, labels)


def test_needs_two_samples(cases):
    clf, X, y = cases
    with pytest.raises(ValueError, match="task 'noise' has 1 sample"):
        transfer_report(clf, {**X, "noise": X["noise"][:1]}, y)


def test_needs_a_fit(cases):
    _, X, y = cases
    with pytest.raises(NotFittedError):
        transfer_report(clone(CLASSIFIER), X, y)
