"""A task that joins a fitted estimator."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

import sk_jae
from sk_jae import (
    JointAutoencoder,
    JointTransferClassifier,
    JointTransferRegressor,
    pack,
)
from sk_jae.exceptions import TransferWarning
from sk_jae.model_selection import JointStratifiedKFold
from tests.helpers.refusals import assert_has, refusal
from tests.helpers.small import CONV, SMALL, make_tasks, small

pytestmark = pytest.mark.filterwarnings("ignore::sk_jae.exceptions.TransferWarning")

rng = np.random.default_rng(0)


def tables(n_samples=(40, 30, 24)):
    X, y = make_tasks(n_samples, [(6,)] * 3)
    return X, y


def pictures():
    X = [rng.integers(256, size=(n, 8, 8), dtype=np.uint8) for n in (20, 16, 18)]
    return X, [np.arange(len(x)) % 3 for x in X]


def waves():
    X = [rng.normal(size=(n, 2, 32)) for n in (20, 16, 18)]
    return X, [np.arange(len(x)) % 3 for x in X]


DATA = {
    "tables": (tables(), SMALL),
    "tables of other widths": (make_tasks((40, 30, 24), [(6,), (4,), (5,)]), SMALL),
    "pictures": (pictures(), CONV),
    "signals": (waves(), small(encoder="auto")),
    "one layer tied": (tables(), small(shared_depth=-1, n_shared_layers=1)),
    "in two phases": (tables(), small(strategy="common-branch")),
}


def outputs(est, X, n_tasks):
    """All that an estimator gives for the first two tasks."""
    given = [*X[:2], *[None] * (n_tasks - 2)]
    found = [*est.transform(given)[:2], *est.reconstruct(given)[:2]]
    if hasattr(est, "predict"):
        found += est.predict(given)[:2]
    return found


def assert_equal(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("labels", ["none", "some", "all"])
@pytest.mark.parametrize("name", DATA)
def test_the_other_tasks_stay_to_the_last_bit(name, labels, tmp_path):
    (X, y), parameters = DATA[name]
    clf = JointTransferClassifier(**parameters).fit(X[:2], [y[0], None])
    before = outputs(clf, X, 2)
    weights = {k: v.clone() for k, v in clf.module_.state_dict().items()}
    new = {"none": None, "some": np.where(np.arange(len(y[2])) < 9, y[2], -1)}
    assert clf.add_task(X[2], new.get(labels, y[2])) is clf
    assert_equal(outputs(clf, X, 3), before)
    for key, value in clf.module_.state_dict().items():
        if key in weights and value.shape == weights[key].shape:
            assert (value == weights[key]).all(), key

    assert clf.n_tasks_ == 3
    assert clf.task_names_ == ("task0", "task1", "task2")
    assert clf.feature_shapes_in_[2] == X[2].shape[1:]
    probabilities = clf.predict_proba([None, None, X[2]])[2]
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert clf.reconstruct([None, None, X[2]])[2].shape == X[2].shape
    assert clf.translate(X[2], 2, 0).shape == (len(X[2]), *X[0].shape[1:])
    clf.save(tmp_path / "model")
    for other in (sk_jae.load(tmp_path / "model"), pickle.loads(pickle.dumps(clf))):
        assert_equal(other.predict_proba(X), clf.predict_proba(X))
    assert len(clf.fit(X, y).history_) > 0


@pytest.mark.parametrize("scaling", ["auto", "whiten", None])
def test_a_task_of_a_regressor(scaling):
    X, _ = tables()
    y = [x[:, :2] for x in X]
    reg = JointTransferRegressor(**small(input_scaling=scaling)).fit(
        X[:2], [y[0], None]
    )
    before = outputs(reg, X, 2)
    targets = y[2].copy()
    targets[::2, 1] = np.nan
    reg.add_task(X[2], targets)
    assert_equal(outputs(reg, X, 3), before)
    assert reg.predict([None, None, X[2]])[2].shape == (len(X[2]), 2)
    assert_has(refusal(reg.add_task, X[2], y[2][:, 0]), "task 'task3'", "1 output", "2")


def test_all_is_learned_of_a_task_that_is_like_the_others():
    X, y = make_tasks((300, 200, 200), [(6,)] * 3)
    clf = JointTransferClassifier(n_shared=8, n_private=4, random_state=0)
    clf.fit(X[:2], [y[0], None]).add_task(X[2])
    joined = (clf.predict([None, None, X[2]])[2] == y[2]).mean()
    assert joined > (clf.predict([None, X[1], None])[1] == y[1]).mean() - 0.1
    jae = JointAutoencoder(n_shared=8, n_private=4, random_state=0).fit(X[:2])
    jae.add_task(10 * X[2] + 5)
    assert jae.score([None, None, 10 * X[2] + 5]) > 0.8


def test_labels_make_a_task_better_that_is_unlike_the_others():
    X, y = make_tasks((300, 200, 300), [(6,)] * 3)
    turned = X[2][:, ::-1]

    def accuracy(labels):
        clf = JointTransferClassifier(n_shared=8, random_state=0, max_epochs=20)
        clf.fit(X[:2], [y[0], None]).add_task(turned[:200], labels)
        return (clf.predict([None, None, turned[200:]])[2] == y[2][200:]).mean()

    assert accuracy(y[2][:200]) > accuracy(None) + 0.2


def test_columns_are_found_by_their_names():
    X, y = tables()
    columns = list("abcdef")
    one = pd.DataFrame(X[0], columns=columns)
    other = pd.DataFrame(X[1][:, :5], columns=columns[:5])
    new = pd.DataFrame(X[2], columns=columns)[[*"fedcba"]].assign(more=1.0)
    clf = JointTransferClassifier(**SMALL).fit({"a": one, "b": other}, {"a": y[0]})
    clf.add_task(new, name="c")
    assert clf.module_.views[2](np_tensor(X[2][:, ::-1])).shape == (len(new), 5)
    text = refusal(clf.add_task, new.drop(columns="b"), name="d")
    assert_has(text, "task 'd'", "lacks 'b'", "5 columns")
    assert_has(
        refusal(clf.add_task, X[2], name="d"), "task 'd'", "no names", "dataframe"
    )
    alone = JointTransferClassifier(**SMALL).fit(one, y[0]).add_task(new)
    assert not hasattr(alone, "n_features_in_")
    assert alone.predict([None, new])[1].shape == (len(new),)


def np_tensor(x):
    return torch.from_numpy(np.ascontiguousarray(x)).float()


def test_signals_of_other_lengths_and_rates():
    X, y = waves()
    parameters = small(encoder="auto", sampling_rate=[100.0, 100.0])
    clf = JointTransferClassifier(**parameters).fit(X[:2], [y[0], None])
    longer = rng.normal(size=(18, 2, 64))
    clf.set_params(sampling_rate=[100.0, 100.0, 200.0]).add_task(longer)
    assert clf.module_.views[2](np_tensor(longer)).shape == (18, 2, 32)
    clf.set_params(sampling_rate=[100.0, 100.0, 200.0, 50.0])
    assert_has(refusal(clf.add_task, X[2]), "'task3'", "50", "at least 100")
    without = JointTransferClassifier(**small(encoder="auto"))
    without.fit(X[:2], [y[0], None])
    with pytest.warns(TransferWarning, match="32, 64 time steps"):
        without.add_task(longer)


def test_samples_of_one_subject_teach_a_task_of_other_columns():
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(300, 3))
    y = (hidden[:, 0] > 0).astype(int)
    A, B, C = (hidden @ rng.normal(size=(3, n)) for n in (7, 6, 5))
    clf = JointTransferClassifier(random_state=0)
    clf.fit([A[:100], B[100:200]], [y[:100], y[100:200]])
    before = clf.predict_proba([A, B])
    rows = np.arange(100)
    clf.add_task(C[:100], ids=[rows, None, rows], X_paired=[A[:100], None])
    assert_equal(clf.predict_proba([A, B, None])[:2], before)
    assert (clf.predict([None, None, C[200:]])[2] == y[200:]).mean() > 0.75
    assert_has(refusal(clf.add_task, C, ids=[rows] * 4), "ids", "without X_paired")
    one = JointTransferClassifier(**SMALL).fit(A, y)
    assert_has(refusal(one.add_task, C), "task 'task1'", "encoder of its own")
    one.set_params(encoder=[(8,), (7, 8)]).add_task(C)
    assert one.predict([None, C])[1].shape == y.shape


class Interrupt(Callback):
    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            raise KeyboardInterrupt


FAILURES = {
    "Ctrl-C": ({"callbacks": [Interrupt()]}, KeyboardInterrupt),
    "divergence": ({"lr": 1e20, "optimizer": "sgd"}, ValueError),
    "a sample that is refused": ({}, ValueError),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_leaves_all_as_it_was(name):
    changes, error = FAILURES[name]
    X, y = tables()
    clf = JointTransferClassifier(**small(max_epochs=4)).fit(X[:2], [y[0], None])
    state, before, history = clf._state, outputs(clf, X, 2), list(clf.history_)
    clf.set_params(**changes)
    new = np.full_like(X[2], np.nan) if name == "a sample that is refused" else X[2]
    with pytest.raises(error):
        clf.add_task(new)
    assert clf._state is state
    assert clf.n_tasks_ == 2
    assert clf.history_ == history
    assert_equal(outputs(clf, X, 2), before)


def test_what_is_refused_names_the_task():
    X, y = tables()
    clf = JointTransferClassifier(**SMALL)
    with pytest.raises(NotFittedError):
        clf.add_task(X[2])
    clf.fit({"a": X[0], "b": X[1]}, {"a": y[0]})
    assert_has(refusal(clf.add_task, X[2]), "name is None", "'a', 'b'")
    assert_has(refusal(clf.add_task, X[2], name="a"), "name='a'", "another name")
    assert_has(refusal(clf.add_task, X[2][:, :3], name="c"), "task 'c'", "shapes")
    labels = np.full(len(X[2]), 7)
    text = refusal(clf.add_task, X[2], labels, name="c")
    assert_has(text, "task 'c'", "class 7", "fit all tasks")
    assert_has(refusal(clf.add_task, X[2], y[2][:3], name="c"), "task 'c'", "3 values")
    with pytest.raises(TypeError, match="expected the array of the one task"):
        clf.add_task(X[:2], name="c")


def _loaded(clf, folder):
    clf.save(folder / "clf.jae")
    return sk_jae.load(folder / "clf.jae")


COPIES = {
    "pickle": lambda clf, _: pickle.loads(pickle.dumps(clf)),
    "copy": lambda clf, _: copy.deepcopy(clf),
    "file": _loaded,
}


@pytest.mark.parametrize("way", COPIES)
def test_a_task_joins_a_copy_as_the_original(way, tmp_path):
    X, y = tables()
    clf = JointTransferClassifier(**SMALL).fit(X[:2], [y[0], None])
    other = COPIES[way](clf, tmp_path)
    for est in (clf, other):
        est.add_task(X[2], y[2])
    assert_equal(other.predict_proba(X), clf.predict_proba(X))
    again = clone(clf)
    with pytest.raises(NotFittedError):
        again.add_task(X[2])
    assert again.fit(X, [y[0], None, y[2]]).n_tasks_ == 3
    assert clf.fit(X[:2], [y[0], None]).n_tasks_ == 2  # which begins anew


def test_a_task_joins_in_all_forms():
    X, y = tables()
    one = JointTransferClassifier(**SMALL).fit(X[0], y[0]).add_task(X[1])
    assert one.task_names_ == ("task0", "task1")
    assert not hasattr(one, "n_features_in_")
    packed, y_packed = pack(X[:2], [y[0], None])
    search = GridSearchCV(
        JointTransferClassifier(**SMALL), {"lr": [0.01]}, cv=JointStratifiedKFold(2)
    ).fit(packed, y_packed)
    search.best_estimator_.add_task(X[2])
    every, y_every = pack(X, y)
    assert search.predict(every).shape == y_every.shape
    assert 0 <= search.score(every, y_every) <= 1


def test_a_task_joins_tasks_that_are_paired_already():
    X, y = make_tasks((40, 40, 40), [(6,), (4,), (5,)])
    rows = np.arange(40)
    ids = {"a": rows, "b": rows + 20}
    clf = JointTransferClassifier(**SMALL)
    clf.fit({"a": X[0], "b": X[1]}, {"a": y[0]}, ids=ids)
    clf.add_task(X[2], name="c", ids={"b": rows, "c": rows}, X_paired={"b": X[1]})
    assert clf.history_[-1]["train_pairing_c"] > 0
    joint = clf.predict_joint({"a": X[0], "c": X[2]}, ids={"a": rows, "c": rows + 10})
    assert joint.shape == (50,)
    listed = [X[0], X[1], None]
    named = JointTransferClassifier(**SMALL).fit(X[:2], [y[0], None])
    text = refusal(named.add_task, X[2], ids=[rows, rows, rows], X_paired=listed)
    assert_has(text, "X_paired has 3 tasks", "2 tasks")


def test_new_tasks_of_a_warm_start_stand_behind_the_others():
    X, y = tables()
    clf = JointTransferClassifier(**small(warm_start=True))
    clf.fit({"a": X[0], "b": X[1]}, {"a": y[0]})
    tasks = {"c": X[2], "a": X[0], "b": X[1]}
    assert_has(refusal(clf.fit, tasks, {"a": y[0]}), "'c', 'a', 'b'", "behind them")
    clf.fit({"a": X[0], "b": X[1], "c": X[2]}, {"a": y[0]})
    assert clf.task_names_ == ("a", "b", "c")
    clf.add_task(X[2] + 1, name="d")
    n = clf.n_iter_
    clf.fit({**dict(zip("abc", X, strict=True)), "d": X[2] + 1}, {"a": y[0]})
    assert clf.n_iter_ == n + 2


@pytest.mark.parametrize("scaling", ["auto", "whiten"])
def test_a_warm_start_may_contain_a_new_task(scaling):
    X, y = tables()
    parameters = small(input_scaling=scaling)
    clf = JointTransferClassifier(**parameters).fit(X[:2], [y[0], None])
    before, n = clf.transform(X[:2]), clf.n_iter_
    clf.set_params(warm_start=True, lr=1e-12).fit(X, [y[0], None, None])
    assert clf.n_tasks_ == 3
    assert clf.n_iter_ == 2 * n
    for one, other in zip(clf.transform(X)[:2], before, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    clf.set_params(lr=0.01).fit(X, [y[0], None, y[2]])
    assert pickle.loads(pickle.dumps(clf)).predict(X)[2].shape == (len(X[2]),)
    text = refusal(clf.fit, [*X, X[0]], [y[0] + 1, None, None, None])
    assert_has(text, "classes were", "warm_start=False")


def test_early_stopping_and_weights_look_at_the_new_task():
    X, y = tables()
    clf = JointTransferClassifier(**SMALL).fit(X[:2], [y[0], None])
    clf.set_params(early_stopping=True)
    clf.add_task(X[2], y[2], sample_weight=np.arange(len(X[2])))
    assert "valid_accuracy_task2" in clf.history_[-1]
    assert "train_classification_task0" not in clf.history_[-1]


def test_a_warm_start_goes_on_with_a_labeled_task_that_was_added():
    X, y = tables()
    clf = JointTransferClassifier(**small(max_epochs=1, warm_start=True))
    clf.fit(X[:2], [y[0], None]).add_task(X[2], y[2])
    clf.fit(X, [y[0], None, y[2]])
    assert clf.n_iter_ == 3
