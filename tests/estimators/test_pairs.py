"""Samples of different tasks that are one subject, in `fit` and in prediction."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.utils import resample

from sk_jae import (
    JointAutoencoder,
    JointTransferClassifier,
    JointTransferRegressor,
    pack,
)
from tests.helpers.refusals import refusal
from tests.helpers.small import SMALL, equal_weights, small
from tests.helpers.training import HoldOut, Recorder

pytestmark = pytest.mark.filterwarnings("ignore::sk_jae.exceptions.TransferWarning")

_rng = np.random.default_rng(0)
HIDDEN = _rng.normal(size=(90, 3))
A = HIDDEN @ _rng.normal(size=(3, 7)) + 0.1 * _rng.normal(size=(90, 7))
B = np.tanh(HIDDEN @ _rng.normal(size=(3, 5))) + 0.1 * _rng.normal(size=(90, 5))
CLASS = (HIDDEN[:, 0] > 0).astype(int) + (HIDDEN[:, 1] > 0.5)

# Subjects 20 to 49 have samples of both tasks.
OF_A, OF_B = np.arange(50), np.arange(20, 90)
X, y = [A[OF_A], B[OF_B]], [CLASS[OF_A], None]
IDS = [OF_A, OF_B]
NAMES = ("a", "b")
ESTIMATORS = [JointAutoencoder(**SMALL), JointTransferClassifier(**SMALL)]
both_estimators = pytest.mark.parametrize("estimator", ESTIMATORS)


def named(parts):
    return dict(zip(NAMES, parts, strict=True))


def text_ids(numbers):
    return [f"patient {i}" if i < 60 else None for i in numbers]


FORMS = {
    "dict": (named(X), named(y), {"ids": named(IDS)}),
    "text, and samples without ids": (X, y, {"ids": list(map(text_ids, IDS))}),
    "container": (*pack(X, y, IDS), {}),
    "container of a dict": (*pack(named(X), named(y), named(IDS)), {}),
    "dataframes": ([*map(pd.DataFrame, X)], y, {"ids": [*map(pd.Index, IDS)]}),
}


@both_estimators
@pytest.mark.parametrize("name", FORMS)
def test_all_forms_give_the_same_model(estimator, name):
    samples, targets, ids = FORMS[name]
    expected = clone(estimator).fit(X, y, ids=IDS)
    found = clone(estimator)
    if "dict" not in name:
        assert equal_weights(found.fit(samples, targets, **ids), expected)
        return
    found.fit(samples, targets, **ids)  # names of tasks decide initial weights
    reference = clone(estimator).fit(named(X), named(y), ids=named(IDS))
    assert equal_weights(found, reference)


@both_estimators
def test_without_a_weight_ids_change_nothing(estimator):
    plain = clone(estimator).fit(X, y)
    off = clone(estimator).set_params(pairing_weight=0).fit(X, y, ids=IDS)
    assert equal_weights(plain, off)
    assert not any("pairing" in key or "agreement" in key for key in off.history_[0])
    assert not equal_weights(plain, clone(estimator).fit(X, y, ids=IDS))


def test_the_history_has_the_terms_of_each_task():
    clf = clone(ESTIMATORS[1]).set_params(early_stopping=True).fit(X, y, ids=IDS)
    for row in clf.history_:
        for term in ("pairing", "agreement"):
            for part in ("train", "valid"):
                of_tasks = [row[f"{part}_{term}_task{t}"] for t in range(2)]
                assert row[f"{part}_{term}"] == pytest.approx(np.mean(of_tasks))
    jae = clone(ESTIMATORS[0]).fit(X, ids=IDS)
    assert 0.5 < jae.history_[0]["train_pairing"] < 1.6  # it knows nothing yet
    assert "train_agreement" not in jae.history_[0]


def test_every_update_sees_pairs():
    recorder = Recorder()
    clone(ESTIMATORS[0]).set_params(callbacks=[recorder]).fit(X, ids=IDS)
    assert len(recorder.batches) == 2 * 5
    for batch in recorder.batches:
        assert [len(x) for x in batch.pairs.inputs] == [16, 16]


def test_translation_is_what_belongs_to_the_samples():
    new = np.arange(50, 90)
    settings = small(max_epochs=60, n_shared=4, encoder=(32,))
    scores = [
        r2_score(
            B[new],
            JointAutoencoder(**settings).fit(X, ids=ids).translate(A[new], 0, 1),
            multioutput="variance_weighted",
        )
        for ids in (None, IDS)
    ]
    assert scores[0] < 0.1
    assert scores[1] > 0.4


def test_labels_reach_a_task_of_other_columns_by_pairs():
    alone = np.arange(50, 90)
    clf = JointTransferClassifier(**small(max_epochs=60, encoder=(32,)))
    accuracy = [
        np.mean(
            clone(clf).fit(X, y, ids=ids).predict([None, B[alone]])[1] == CLASS[alone]
        )
        for ids in (None, IDS)
    ]
    assert accuracy[1] > max(accuracy[0], 0.6)


@pytest.mark.parametrize("strategy", ["end-to-end", "common-branch"])
@pytest.mark.parametrize("labels", [[CLASS[OF_A], None], [CLASS[OF_A], CLASS[OF_B]]])
def test_phases_have_the_terms_that_they_train(strategy, labels):
    clf = JointTransferClassifier(**SMALL, strategy=strategy).fit(X, labels, ids=IDS)
    phases = {
        row.get("phase", "only"): {
            k for k in ("pairing", "agreement") if f"train_{k}" in row
        }
        for row in clf.history_
    }
    if strategy == "end-to-end":
        assert phases == {"only": {"pairing", "agreement"}}
    elif labels[1] is None:
        assert phases == {"unsupervised": {"pairing"}, "source": {"agreement"}}
    else:  # which are trained one after the other
        assert phases == {"unsupervised": {"pairing"}, "source": set(), "target": set()}


def test_three_tasks_with_subjects_in_common_here_and_there():
    third = B[:30] @ _rng.normal(size=(5, 4))
    ids = [OF_A, None, np.arange(30)]
    jae = clone(ESTIMATORS[0]).fit([*X, third], ids=ids)
    last = jae.history_[-1]
    assert {k for k in last if k.startswith("train_pairing_")} == {
        "train_pairing_task0",
        "train_pairing_task2",
    }
    ids[1] = np.r_[5:10, 100:165]
    jae.set_params(max_epochs=1).fit([*X, third], ids=ids)
    assert "train_pairing_task1" in jae.history_[-1]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("labels", [y, [CLASS[OF_A], CLASS[OF_B] - 1]])
def test_early_stopping_holds_out_whole_subjects(seed, labels):
    hold_out = HoldOut()
    settings = small(max_epochs=1, early_stopping=True, validation_fraction=0.3)
    settings |= {"random_state": seed, "callbacks": [hold_out]}
    JointTransferClassifier(**settings).fit(X, labels, ids=IDS)
    rows = hold_out.rows
    assert [len(part) for part in rows] == [15, 21]
    for t, u in ((0, 1), (1, 0)):
        common = np.intersect1d(IDS[t][rows[t]], IDS[u])
        assert np.isin(common, IDS[u][rows[u]]).all()
    assert np.intersect1d(IDS[0][rows[0]], IDS[1][rows[1]]).size


def test_without_ids_early_stopping_holds_out_what_it_held_out_before():
    found = []
    for ids in (None, [OF_A, np.r_[49, 1000:1069]]):
        hold_out = HoldOut()
        settings = small(max_epochs=1, early_stopping=True, callbacks=[hold_out])
        JointAutoencoder(**settings).fit(X, ids=ids)
        found.append(hold_out.rows)
    assert np.array_equal(found[0][0], found[1][0])  # the smaller task decides


def test_a_task_whose_subjects_are_all_held_out_is_refused():
    sizes = [2, 2, 2]
    arrays = [np.eye(n, 3) + t for t, n in enumerate(sizes)]
    ids = [["s", None], ["r", None], ["s", "r"]]
    jae = JointAutoencoder(**SMALL, early_stopping=True)
    texts = set()
    for seed in range(12):
        try:
            jae.set_params(random_state=seed).fit(arrays, ids=ids)
        except ValueError as error:
            texts.add(str(error))
    (text,) = texts
    assert "All samples of task 'task2'" in text
    assert "early_stopping=False" in text


@pytest.mark.parametrize("n", [19, 20])
@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_enough_pairs_are_a_way_for_labels(n, weight):
    ids = [OF_A, np.where(n + 20 > OF_B, OF_B, OF_B + 1000)]
    clf = clone(ESTIMATORS[1]).set_params(pairing_weight=weight)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        clf.fit(X, y, ids=ids)
    told = [str(w.message) for w in seen]
    assert len(told) == (n < 20 or not weight)
    assert all("which 20 samples or more" in text for text in told)


def test_labels_go_from_one_task_to_the_next():
    chain = [*X, B[60:] @ np.ones((5, 3))]
    ids = [*IDS, np.arange(60, 90)]
    clf = clone(ESTIMATORS[1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf.fit(chain, [*y, None], ids=ids)


def test_copies_of_samples_are_no_fault():
    container, labels = pack(X, y, IDS)
    rows = resample(np.arange(len(container)), random_state=0)
    clf = clone(ESTIMATORS[1]).fit(container[rows], labels[rows])
    assert clf.history_[-1]["train_pairing"] > 0
    assert len(clf.predict_joint(container[rows])) == len(
        np.unique(container.groups[rows])
    )


def test_warm_start_goes_on_with_pairs():
    jae = clone(ESTIMATORS[0]).set_params(warm_start=True).fit(X)
    before = jae.history_[-1]
    jae.fit(X, ids=IDS)
    assert "train_pairing" not in before
    assert "train_pairing" in jae.history_[-1]
    assert len(jae.history_) == 4


@both_estimators
def test_a_pickle_and_a_clone_keep_the_parameter(estimator):
    fitted = clone(estimator).set_params(pairing_weight=2.5).fit(X, y, ids=IDS)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.transform(X)[1], fitted.transform(X)[1])
    assert clone(again).pairing_weight == 2.5
    again.set_params(pairing_weight=0)
    np.testing.assert_array_equal(again.transform(X)[1], fitted.transform(X)[1])


@pytest.mark.parametrize(
    "settings", [{"n_shared": 0}, {"n_private": 0}, {"codes": "shared"}]
)
def test_codes_of_one_kind(settings):
    labels = [CLASS[OF_A], CLASS[OF_B]]
    clf = JointTransferClassifier(**small(**settings)).fit(X, labels, ids=IDS)
    has = {
        term for term in ("pairing", "agreement") if f"train_{term}" in clf.history_[0]
    }
    assert has == (
        {"agreement"} if "n_shared" in settings else {"pairing", "agreement"}
    )


def test_images_and_vectors_can_be_pairs():
    images = np.random.default_rng(0).integers(256, size=(50, 8, 8), dtype=np.uint8)
    clf = JointTransferClassifier(**SMALL)
    clf.fit([images, B[OF_B]], y, ids=IDS)
    assert clf.translate(B[:4], 1, 0).dtype == np.uint8


REFUSED = {
    "beside a container": (
        pack(X, y)[0],
        pack(X, y)[1],
        IDS,
        "ids is given beside a JointArrays",
    ),
    "one array": (A, CLASS, [np.arange(90)], "single task"),
    "too few": (X, y, [OF_A[:-1], OF_B], "ids of task 'task0' has 49 ids, expected 50"),
    "twice": (X, y, [OF_A * 0, OF_B], "id 0 more than once"),
    "not hashable": (X, y, [[[i] for i in OF_A], OF_B], "not hashable"),
    "of other types": (X, y, [OF_A, OF_B.astype(str)], "of the same type"),
    "unknown task": (named(X), named(y), {"a": OF_A, "c": OF_B}, "unknown task 'c'"),
    "an array": (X, y, OF_A, "expected a list or dict of 2 items"),
}


@both_estimators
@pytest.mark.parametrize("name", REFUSED)
def test_ids_that_cannot_be_used_are_refused_before_training(estimator, name):
    samples, targets, ids, part = REFUSED[name]
    fitted = clone(estimator)
    text = refusal(fitted.fit, samples, targets, ids=ids)
    assert part in text
    assert not hasattr(fitted, "n_iter_")


@pytest.mark.parametrize("weight", [-1, "1", np.inf, None, True])
def test_the_weight_is_a_number_of_at_least_0(weight):
    with pytest.raises((TypeError, ValueError), match="pairing_weight"):
        JointAutoencoder(**SMALL, pairing_weight=weight).fit(X, ids=IDS)


CLASSIFIER = JointTransferClassifier(**small(max_epochs=10)).fit(X, y, ids=IDS)


def means(parts, ids):
    """The mean of what is predicted for each subject, in the order of appearance."""
    found = {}
    for part, own in zip(parts, ids, strict=True):
        for value, i in zip(part, own, strict=True):
            found.setdefault(i, []).append(value)
    return np.stack([np.mean(values, axis=0) for values in found.values()])


def test_joint_predictions_are_those_of_the_mean_probabilities():
    expected = CLASSIFIER.classes_[means(CLASSIFIER.predict_proba(X), IDS).argmax(1)]
    np.testing.assert_array_equal(CLASSIFIER.predict_joint(X, IDS), expected)
    container, _ = pack(X, ids=IDS)
    np.testing.assert_array_equal(CLASSIFIER.predict_joint(container), expected)
    again = pickle.loads(pickle.dumps(container))
    found = CLASSIFIER.predict_joint(again)
    subjects = [np.unique(c.groups, return_inverse=True)[1] for c in (container, again)]
    np.testing.assert_array_equal(found[subjects[1]], expected[subjects[0]])


def test_rows_of_equal_number_are_one_subject():
    rows = np.arange(90)
    expected = means(CLASSIFIER.predict_proba([A, B]), [rows, rows]).argmax(1)
    np.testing.assert_array_equal(CLASSIFIER.predict_joint([A, B]), expected)
    np.testing.assert_array_equal(
        CLASSIFIER.predict_joint([None, B]), CLASSIFIER.predict([None, B])[1]
    )
    np.testing.assert_array_equal(
        CLASSIFIER.predict_joint([None, B], [None, rows]),
        CLASSIFIER.predict_joint([None, B], [rows, rows]),
    )


def test_subjects_of_a_selection():
    container, _ = pack(X, ids=IDS)
    chosen = container[np.flatnonzero(container.task == 1)[::-1]]
    order = np.argsort(chosen.groups)
    np.testing.assert_array_equal(
        CLASSIFIER.predict_joint(chosen), CLASSIFIER.predict(chosen)[order]
    )


def test_joint_predictions_need_to_know_the_subjects():
    text = refusal(CLASSIFIER.predict_joint, X)
    assert "70 samples and that of task 'task0' has 50" in text
    assert "so give ids" in text
    assert "expected one that has ids" in refusal(CLASSIFIER.predict_joint, pack(X)[0])
    container, _ = pack(X, ids=IDS)
    assert "no others beside" in refusal(CLASSIFIER.predict_joint, container, IDS)


NUMBERS = [HIDDEN[OF_A, :2], None]


def test_numbers_reach_a_task_of_other_columns_by_pairs():
    alone = np.arange(50, 90)
    reg = JointTransferRegressor(**small(max_epochs=60, encoder=(32,)))
    scores = [
        r2_score(
            HIDDEN[alone, :2],
            clone(reg).fit(X, NUMBERS, ids=ids).predict([None, B[alone]])[1],
        )
        for ids in (None, IDS)
    ]
    assert scores[1] > max(scores[0], 0.4)


@pytest.mark.parametrize("targets", [NUMBERS, [HIDDEN[OF_A, 0], None]])
def test_joint_numbers_are_means_in_the_units_of_the_targets(targets):
    reg = JointTransferRegressor(**SMALL).fit(X, targets, ids=IDS)
    assert {"train_pairing", "train_agreement"} <= reg.history_[0].keys()
    expected = means(reg.predict(X), IDS)
    np.testing.assert_allclose(reg.predict_joint(X, IDS), expected)
    np.testing.assert_allclose(reg.predict_joint(pack(X, ids=IDS)[0]), expected)
