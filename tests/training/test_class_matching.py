"""Classes that information maximization has exchanged are put right."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV

from sk_jae import JointTransferClassifier, load, pack
from sk_jae.callbacks import Checkpoint
from sk_jae.model_selection import BatchedSearchCV
from sk_jae.training import adaptation
from sk_jae.training.class_matching import TaskFeatures, exchanged_classes
from tests.helpers.blobs import LEARNED, blobs, two_tasks

NAMES = np.array([10, 20, 30, 40])
LONG = {
    **LEARNED,
    "encoder": (64,),
    "n_shared": 8,
    "batch_size": 10,
    "max_epochs": 60,
    "weight_decay": 0.0,
}
UNDECIDED = np.full((160, 4), 0.25)


def features(order=(0, 1, 2, 3), *, seed=0, shift=0.0, weights=None):
    """Samples in other units, with the classes that `order` names instead."""
    X, y = blobs(seed=seed)
    return TaskFeatures.of(5 * X + shift, np.array(order)[y], weights)


class TestTheOrderOfClasses:
    @pytest.mark.parametrize(
        "order", [(0, 1, 2, 3), (1, 0, 2, 3), (1, 0, 3, 2), (2, 0, 1, 3)]
    )
    def test_is_that_in_which_the_means_of_the_features_fit(self, order):
        other = features(order, seed=1, shift=8.0)
        found = exchanged_classes([features()], other, UNDECIDED)
        assert_array_equal(found[list(order)], range(4))

    def test_stays_where_the_labels_could_tell_the_classes_apart(self):
        other = features((1, 0, 3, 2), seed=1)
        before = np.full((160, 4), 0.1)
        before[np.arange(160), other.classes] = 0.7
        before[other.classes >= 2] = 0.25
        found = exchanged_classes([features()], other, before)
        assert_array_equal(found, [0, 1, 3, 2])

    def test_leaves_out_classes_of_hardly_any_samples(self):
        X, y = blobs((0.5, 0.49, 0.01, 0.0), n=200, seed=1)
        other = TaskFeatures.of(X, np.array([1, 0, 3, 2])[y], None)
        found = exchanged_classes([features()], other, np.full((200, 4), 0.25))
        assert_array_equal(found, [1, 0, 2, 3])

    def test_does_not_depend_on_samples_without_weight(self):
        weights = np.repeat([1.0, 0.0], [160, 40])
        X, y = blobs(seed=1)
        X = np.concatenate([X, np.full((40, 6), 99.0)])
        y = np.concatenate([np.array([1, 0, 2, 3])[y], np.zeros(40, int)])
        other = TaskFeatures.of(X, y, weights)
        found = exchanged_classes([features()], other, np.full((200, 4), 0.25))
        assert_array_equal(found, [1, 0, 2, 3])


@pytest.fixture
def names_the_first_two_wrongly(monkeypatch):
    monkeypatch.setattr(
        adaptation, "exchanged_classes", lambda *_: np.array([1, 0, 2, 3])
    )


def tasks():
    """Two classes of the second task are at places where the first has no samples."""
    (X, y), (other, _) = blobs(seed=0), blobs(seed=1)
    for k in (0, 1):
        other[y == k, k] -= 3
        other[y == k, 4 + k] += 4
    return [X, other], [NAMES[y], None], [NAMES[y], NAMES[y]]


def exchanged(names):
    return NAMES[[1, 0, 2, 3]][np.searchsorted(NAMES, names)]


class TestAFit:
    def test_exchanges_nothing_where_classes_are_right(self):
        X, y, (_, other) = two_tasks()
        clf = JointTransferClassifier(**LEARNED).fit(X, y)
        assert clf.transfer_["task1"]["exchanged"] == []
        assert clf.score([None, X[1]], [None, other]) > 0.9

    def test_learns_the_samples_by_the_names_that_were_found(
        self, names_the_first_two_wrongly, monkeypatch
    ):
        X, y, all_labels = tasks()
        clf = JointTransferClassifier(**LONG).fit(X, y)
        assert clf.transfer_["task1"]["exchanged"] == [0, 1]
        assert clf.score([X[0], None], [all_labels[0], None]) > 0.9
        monkeypatch.undo()
        as_found = JointTransferClassifier(**LONG).fit(X, y).predict(X)[1]
        found = clf.predict(X)[1]
        assert np.mean(found == exchanged(as_found)) > 0.75
        # The codes too are where those of the labeled classes are.
        codes, other = (z[:, : clf.n_shared] for z in clf.transform(X))
        to_means = [
            np.linalg.norm(other[found == 20].mean(0) - codes[y[0] == k].mean(0))
            for k in NAMES
        ]
        assert NAMES[np.argmin(to_means)] == 20

    def test_leaves_tasks_with_some_labels_alone(self, names_the_first_two_wrongly):
        X, y, all_labels = tasks()
        y[1] = all_labels[1].astype(object)
        y[1][20:] = None
        clf = JointTransferClassifier(**LEARNED).fit(X, y)
        assert clf.transfer_["task1"]["exchanged"] == []

    def test_goes_on_from_a_checkpoint_to_the_same_weights(
        self, names_the_first_two_wrongly, tmp_path
    ):
        X, y, _ = tasks()

        class Stop(Exception):
            pass

        class StopLate(Checkpoint):
            def on_epoch_end(self, net, **kwargs):
                super().on_epoch_end(net, **kwargs)
                if len(net.history) == LEARNED["max_epochs"] - 1:
                    raise Stop

        path = tmp_path / "checkpoint"
        with pytest.raises(Stop):
            JointTransferClassifier(**LEARNED, callbacks=[StopLate(path)]).fit(X, y)
        again = JointTransferClassifier(**LEARNED, callbacks=[Checkpoint(path)])
        whole = JointTransferClassifier(**LEARNED).fit(X, y)
        assert_array_equal(
            again.fit(X, y).predict_proba(X)[1], whole.predict_proba(X)[1]
        )

    def test_is_saved_with_what_it_found(self, names_the_first_two_wrongly, tmp_path):
        X, y, _ = tasks()
        clf = JointTransferClassifier(**LEARNED).fit(X, y)
        clf.save(tmp_path / "model")
        found = load(tmp_path / "model").transfer_["task1"]["exchanged"]
        assert found == [0, 1]

    def test_is_the_same_in_a_search(self, names_the_first_two_wrongly):
        X, y = pack(*tasks()[:2])
        grid = {"lr": [0.005, 0.01], "infomax_weight": [0.5, 1.0]}
        clf = JointTransferClassifier(**LEARNED)
        batched = BatchedSearchCV(clf, grid, cv=2).fit(X, y)
        alone = GridSearchCV(clf, grid, cv=2).fit(X, y)
        for key in ("split0_test_score", "split1_test_score"):
            assert_array_equal(batched.cv_results_[key], alone.cv_results_[key])
