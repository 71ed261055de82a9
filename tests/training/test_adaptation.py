"""What unlabeled predictions are pulled to, and when that is given up."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from skorch.callbacks import Callback

from sk_jae import JointTransferClassifier, pack
from tests.helpers.blobs import EVEN, LEARNED, UNEVEN, blobs, two_tasks
from tests.helpers.small import equal_weights, half_labeled, make_tasks, small


def fitted(X, y, **parameters):
    return JointTransferClassifier(**{**LEARNED, **parameters}).fit(X, y)


def supposed(clf, task="task1"):
    found = clf.transfer_[task]
    return found["supposed"], found["went_back"]


class Epochs(Callback):
    """Keeps the weights and the moments with which each epoch begins."""

    def on_train_begin(self, net, **kwargs):
        self.weights, self.moments = [], []

    def on_epoch_begin(self, net, **kwargs):
        self.weights.append(copy.deepcopy(net.module_.state_dict()))
        self.moments.append(copy.deepcopy(net.optimizer_.state_dict()["state"]))


def same(one, other):
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    return torch.equal(one, other)


@pytest.fixture(scope="module")
def given_up():
    X, y, _ = two_tasks(target=UNEVEN)
    return fitted(X, y), X


def test_equal_shares_are_kept_where_the_classes_are_equally_frequent():
    X, y, all_labels = two_tasks()
    clf = fitted(X, y)
    assert set(clf.transfer_) == {"task1"}
    assert supposed(clf) == ("equal", False)
    assert clf.score([None, X[1]], [None, all_labels[1]]) > 0.9


def test_equal_shares_are_given_up_where_the_predictions_resist(given_up):
    clf, X = given_up
    assert supposed(clf) == ("none", True)
    found = clf.transfer_["task1"]
    assert found["shares"].shape == (4,)
    assert found["shares"].sum() == pytest.approx(1, abs=1e-5)
    assert found["shares"].argmax() == 0
    after = clf.predict_proba([None, X[1]])[1].mean(0)
    assert_allclose(after, UNEVEN, atol=0.12)


def test_going_back_restores_weights_and_moments():
    X, y, _ = two_tasks(target=UNEVEN)
    other, _ = blobs(UNEVEN, seed=2)
    other[:, 5] += 8  # as in the task before
    epochs = Epochs()
    clf = fitted([*X, other], [*y, None], callbacks=[epochs])
    assert supposed(clf, "task1") == supposed(clf, "task2") == ("none", True)
    start = LEARNED["max_epochs"] // 2
    weights, moments = epochs.weights[start], epochs.moments[start]
    again = [e for e in range(start + 1, 20) if same(epochs.weights[e], weights)]
    assert len(again) == 2  # once for each task
    assert again[0] >= start + 2
    for epoch in again:
        assert same(epochs.moments[epoch], moments)


def test_nothing_is_gone_back_to_where_equal_shares_hold():
    X, y, _ = two_tasks()
    epochs = Epochs()
    fitted(X, y, callbacks=[epochs])
    start = epochs.weights[10]
    assert not any(same(weights, start) for weights in epochs.weights[11:])


def test_agreement_is_with_the_predictions_before_the_terms():
    X, y, _ = two_tasks(target=UNEVEN)
    found = {}

    class Before(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 1 + LEARNED["max_epochs"] // 2:
                found["classes"] = clf.predict([None, X[1]])[1]
                found["shares"] = clf.predict_proba([None, X[1]])[1].mean(0)

    clf = JointTransferClassifier(**LEARNED, callbacks=[Before()])
    clf.fit(X, y)
    now = clf.predict([None, X[1]])[1]
    transfer = clf.transfer_["task1"]
    assert transfer["agreement"] == pytest.approx((now == found["classes"]).mean())
    assert_allclose(transfer["shares"], found["shares"], atol=1e-5)


def test_labels_that_are_uneven_leave_predictions_alone():
    X, y, _ = two_tasks(source=(0.7, 0.1, 0.1, 0.1))
    clf = fitted(X, y)
    assert supposed(clf) == ("none", False)
    assert not any("train_infomax_task1" in row for row in clf.history_)


def test_two_classes_are_pulled_to_what_is_predicted():
    X, y, _ = two_tasks((0.5, 0.5), (0.8, 0.2))
    clf = fitted(X, y)
    assert supposed(clf) == ("predicted", False)
    assert clf.transfer_["task1"]["shares"].shape == (2,)
    assert any("train_infomax_task1" in row for row in clf.history_)


@pytest.mark.parametrize("source", [EVEN, (0.7, 0.1, 0.1, 0.1)])
@pytest.mark.parametrize("form", ["list", "dict"])
def test_given_shares_are_supposed_whatever_the_labels_are(source, form):
    X, y, _ = two_tasks(source, UNEVEN)
    prior = list(UNEVEN)
    if form == "dict":
        prior = {"task1": dict(enumerate(UNEVEN))}
    clf = fitted(X, y, class_prior=prior)
    assert supposed(clf) == ("given", False)
    assert_allclose(clf.predict_proba([None, X[1]])[1].mean(0), UNEVEN, atol=0.06)


def test_given_shares_are_what_predictions_go_to():
    X, y, _ = two_tasks((0.5, 0.5), (0.5, 0.5))
    found = [
        fitted(X, y, class_prior={"task1": [p, 1 - p]}).predict_proba([None, X[1]])
        for p in (0.2, 0.8)
    ]
    few, many = (p[1][:, 0].mean() for p in found)
    assert few < many - 0.02


@pytest.mark.parametrize(("n", "is_tried"), [(32, True), (320, False)])
def test_a_few_labels_may_be_uneven_by_chance(n, is_tried):
    X, y = blobs((0.47, 0.25, 0.19, 0.09), n=n)
    other = two_tasks()[0][1]
    clf = fitted([X, other], [y, None])
    assert (supposed(clf) != ("none", False)) == is_tried


def test_shares_of_another_task_do_not_count():
    X, y, _ = two_tasks(target=UNEVEN)
    clf = fitted(X, y, class_prior={"task0": list(UNEVEN)})
    assert supposed(clf) == ("none", True)


def test_every_task_is_decided_by_itself():
    X, y, _ = two_tasks()
    uneven, _ = blobs(UNEVEN, seed=3)
    tasks = {"labeled": X[0], "even": X[1], "known": uneven}
    clf = fitted(tasks, {"labeled": y[0]}, class_prior={"known": list(UNEVEN)})
    assert set(clf.transfer_) == {"even", "known"}
    assert supposed(clf, "known") == ("given", False)
    assert supposed(clf, "even")[0] in ("equal", "estimated", "none")


def test_a_partly_labeled_task_is_looked_at_without_its_labels():
    X, _, (y, y_target) = two_tasks()
    partly = np.where(np.arange(len(y_target)) % 8, -1, y_target)
    clf = fitted(X, [y, partly])
    assert set(clf.transfer_) == {"task1"}
    assert clf.transfer_["task1"]["supposed"] == "equal"


def test_tasks_with_complete_labels_or_without_the_term_are_not_in_it():
    X, y, all_labels = two_tasks()
    short = {"max_epochs": 4}
    assert fitted(X, all_labels, **short).transfer_ == {}
    assert fitted(X, y, infomax_weight=0.0, **short).transfer_ == {}
    assert fitted(X, y, infomax_weight=[1.0, 0.0], **short).transfer_ == {}


def test_it_exists_after_fit_alone():
    X, y = half_labeled()
    clf = JointTransferClassifier(**small())
    with pytest.raises(AttributeError, match="transfer_ before fit"):
        clf.transfer_  # noqa: B018
    assert not hasattr(clf, "transfer_")
    clf.fit(X, y)
    assert clf.transfer_
    with pytest.raises(AttributeError, match="transfer_ before fit"):
        clone(clf).transfer_  # noqa: B018


def test_copies_and_files_keep_it(given_up):
    clf, _ = given_up
    for other in (copy.deepcopy(clf), pickle.loads(pickle.dumps(clf))):
        found, own = other.transfer_["task1"], clf.transfer_["task1"]
        assert found.keys() == own.keys()
        assert_array_equal(found.pop("shares"), own["shares"])
        assert found.items() <= own.items()


def test_packed_tasks_give_the_same(given_up):
    clf, X = given_up
    _, y, _ = two_tasks(target=UNEVEN)
    other = fitted(*pack(X, [y[0], np.full(len(X[1]), -1)]))
    assert other.transfer_["task1"]["agreement"] == clf.transfer_["task1"]["agreement"]
    assert equal_weights(clf, other)


def test_fits_in_threads_decide_as_those_after_each_other(given_up):
    clf, X = given_up
    _, y, _ = two_tasks(target=UNEVEN)
    even, y_even, _ = two_tasks()
    expected = fitted(even, y_even)
    with ThreadPoolExecutor(2) as pool:
        found = [pool.submit(fitted, *data) for data in ((X, y), (even, y_even))]
        uneven, equal = (future.result() for future in found)
    assert equal_weights(uneven, clf)
    assert equal_weights(equal, expected)
    assert supposed(uneven) == ("none", True)
    assert supposed(equal) == ("equal", False)


def test_each_phase_decides_anew():
    X, y, _ = two_tasks(target=UNEVEN)
    clf = fitted(X, y, strategy="common-branch")
    assert set(clf.transfer_) == {"task1"}
    assert clf.transfer_["task1"]["supposed"] in ("equal", "estimated", "none")
    phases = {row["phase"] for row in clf.history_ if "train_infomax_task1" in row}
    assert phases == {"source"}


def test_early_stopping_works_with_it():
    X, y, _ = two_tasks(target=UNEVEN)
    clf = fitted(X, y, early_stopping=True, n_iter_no_change=20)
    assert supposed(clf) == ("none", True)
    stopped = fitted(X, y, early_stopping=True, n_iter_no_change=1, tol=10.0)
    assert stopped.n_iter_ < 10
    assert stopped.transfer_ == {}  # the terms have not started


def test_a_warm_start_decides_anew():
    X, y, _ = two_tasks()
    clf = fitted(X, y, warm_start=True)
    clf.set_params(class_prior={"task1": list(EVEN)}).fit(X, y)
    assert clf.n_iter_ == 2 * LEARNED["max_epochs"]
    assert supposed(clf) == ("given", False)


def test_a_failed_fit_leaves_the_earlier_findings(given_up):
    clf, X = copy.deepcopy(given_up[0]), given_up[1]
    before = clf.transfer_
    _, y, _ = two_tasks(target=UNEVEN)
    with pytest.raises(ValueError, match="class_prior"):
        clf.set_params(class_prior=[1.0]).fit(X, y)
    assert clf.transfer_ is before


class DrawsAlways(torch.nn.Module):
    """Noise, also away from training."""

    def forward(self, x):
        return x + 0.01 * torch.randn_like(x)


def test_looking_leaves_torchs_generators_alone():
    X, (y, _) = make_tasks(shapes=((6,), (6,)))
    layers = lambda shape: [DrawsAlways(), torch.nn.Linear(shape[0], 8)]  # noqa: E731
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    JointTransferClassifier(**small(encoder=layers, decoder=(8,))).fit(X, [y, None])
    assert torch.equal(torch.rand(3), expected)
