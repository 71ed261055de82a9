"""Task-aware splitters, alone and inside scikit-learn's tools."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
    learning_curve,
    train_test_split,
)

from sk_jae.model_selection import (
    JointStratifiedKFold,
    JointStratifiedShuffleSplit,
    LeaveOneTaskOut,
    task_train_test_split,
)
from sk_jae.tasks import JointArrays, pack


class JointCentroids(ClassifierMixin, BaseEstimator):
    """Nearest class mean per task; a stand-in for a joint estimator."""

    def __init__(self, power=2.0):
        self.power = power

    def fit(self, X, y):
        assert isinstance(X, JointArrays)
        self.unlabeled_seen_ = int(np.sum(y == -1))
        self.samples_seen_ = [len(array) for array in X.arrays]
        self.classes_ = np.unique(y[y != -1])
        self.means_ = []
        for t, array in enumerate(X.arrays):
            labels = y[X.task == t]
            known = np.isin(self.classes_, labels).all()
            means = [array[labels == c].mean(axis=0) for c in self.classes_ if known]
            self.means_.append(np.stack(means) if known else None)
        return self

    def predict(self, X):
        return X.join(
            [
                self.classes_[
                    (np.abs(array[:, None] - means) ** self.power).sum(-1).argmin(1)
                ]
                if means is not None
                else np.full(len(array), self.classes_[0])
                for array, means in zip(X.arrays, self.means_, strict=True)
            ]
        )

    def score(self, X, y):
        return np.mean((self.predict(X) == y)[y != -1])


def blobs(n_samples, n_features, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n_samples) % n_classes)
    return rng.normal(size=(n_samples, n_features)) + 3 * y[:, None], y


@pytest.fixture
def two_tasks():
    """Two tasks of 120 and 45 samples, the second with 15 labels."""
    (X_a, y_a), (X_b, y_b) = blobs(120, 4), blobs(45, 6, seed=1)
    order = np.argsort(y_b, kind="stable").reshape(3, 15)
    y_b[order[:, 5:]] = -1
    return pack({"long": X_a, "short": X_b}, {"long": y_a, "short": y_b})


def counts(X, y, index):
    """The number of samples of every (task, label) in a selection."""
    table = np.zeros((X.n_tasks, y.max() + 2), dtype=int)
    np.add.at(table, (X.task[index], y[index]), 1)
    return table


@st.composite
def labeled_tasks(draw):
    y = draw(
        st.lists(
            st.lists(st.integers(-1, 3), min_size=3, max_size=30),
            min_size=2,
            max_size=3,
        ).filter(lambda y: sum(label >= 0 for part in y for label in part) >= 4)
    )
    return pack([np.zeros((len(part), 2)) for part in y], y)


def quiet(splits):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Only .* samples of task", UserWarning)
        return list(splits)


class TestJointStratifiedKFold:
    @given(labeled_tasks(), st.integers(2, 4), st.booleans(), st.booleans())
    def test_properties(self, data, n_splits, shuffle, test_unlabeled):
        X, y = data
        cv = JointStratifiedKFold(
            n_splits,
            shuffle=shuffle,
            random_state=0 if shuffle else None,
            test_unlabeled=test_unlabeled,
        )
        splits = quiet(cv.split(X, y))
        assert len(splits) == cv.get_n_splits(X, y) == n_splits
        tested = np.sort(np.concatenate([test for _, test in splits]))
        expected = np.arange(len(y)) if test_unlabeled else np.flatnonzero(y != -1)
        assert_array_equal(tested, expected)
        for train, test in splits:
            assert_array_equal(np.sort(np.append(train, test)), np.arange(len(y)))
        tables = np.array([counts(X, y, test) for _, test in splits])
        assert np.ptp(tables, axis=0).max() <= 1
        assert np.ptp(tables.sum(axis=2), axis=0).max() <= 1
        assert np.ptp(tables.sum(axis=(1, 2))) <= 1

    def test_like_scikit_learn_on_one_task(self):
        _, y = blobs(50, 2)
        y[:3] = [0, 1, 2]
        X = np.zeros((50, 2))
        expected = StratifiedKFold(4).split(X, y)
        for split, other in zip(
            JointStratifiedKFold(4).split(X, y), expected, strict=True
        ):
            assert_array_equal(split[0], other[0])
            assert_array_equal(split[1], other[1])

    def test_without_labels_stratifies_by_task(self, two_tasks):
        X, _ = two_tasks
        for _, test in JointStratifiedKFold(5).split(X):
            assert_array_equal(np.bincount(X.task[test]), [24, 9])

    @pytest.mark.parametrize("labels", [[0, 1], [-1, 1], ["a", "b"], [-1, 0, 1]])
    def test_two_labels_of_one_array_are_classes(self, labels):
        y = np.array(labels * 10)
        tested = [t for _, t in JointStratifiedKFold(2).split(np.zeros((len(y), 2)), y)]
        n_unlabeled = 10 if len(labels) == 3 else 0
        assert sum(map(len, tested)) == len(y) - n_unlabeled

    def test_packed_labels_are_unlabeled_at_minus_one(self):
        X, y = pack([np.zeros((4, 2)), np.zeros((4, 2))], [[1] * 4, None])
        tested = [test for _, test in JointStratifiedKFold(2).split(X, y)]
        assert_array_equal(np.sort(np.concatenate(tested)), np.flatnonzero(y == 1))

    def test_rare_labels_are_balanced_and_rare_tasks_warn(self):
        X, y = pack(
            {"a": np.zeros((12, 2)), "b": np.zeros((3, 2))},
            {"a": np.arange(12) % 4, "b": [0, 1, 2]},
        )
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            splits = list(JointStratifiedKFold(3).split(X, y))
        assert [counts(X, y, test)[1].sum() for _, test in splits] == [1, 1, 1]
        with pytest.warns(UserWarning, match="Only 3 samples of task 'b'.*n_splits=4"):
            list(JointStratifiedKFold(4).split(X, y))

    def test_shuffle(self, two_tasks):
        X, y = two_tasks

        def tests(**kwargs):
            return [t.tolist() for _, t in JointStratifiedKFold(**kwargs).split(X, y)]

        assert tests() == tests()
        shuffled = tests(shuffle=True, random_state=0)
        assert shuffled == tests(shuffle=True, random_state=0)
        assert shuffled != tests(shuffle=True, random_state=1)
        assert shuffled != tests()

    @pytest.mark.parametrize(
        ("X", "y", "error", "message"),
        [
            ([np.zeros((9, 2))] * 2, None, TypeError, r"list of tasks.*pack\(X, y\)"),
            ({"a": np.zeros((9, 2))}, None, TypeError, r"dict of tasks.*pack\(X, y\)"),
            (np.zeros((9, 2)), [0] * 8, ValueError, "inconsistent numbers of samples"),
            (np.zeros((9, 2)), np.linspace(0, 1, 9), ValueError, "continuous"),
            (np.zeros((9, 2)), [-1] * 9, ValueError, "no labeled sample.*y=None"),
            (np.zeros((9, 2)), [0, 1, 2] + [-1] * 6, ValueError, "n_splits=5 is gre"),
        ],
    )
    def test_errors(self, X, y, error, message):
        with pytest.raises(error, match=message):
            list(JointStratifiedKFold(5).split(X, y))

    def test_constructor_like_scikit_learn(self):
        with pytest.raises(ValueError, match="n_splits=1"):
            JointStratifiedKFold(1)
        with pytest.raises(ValueError, match="shuffle"):
            JointStratifiedKFold(random_state=0)


class TestJointStratifiedShuffleSplit:
    @given(labeled_tasks(), st.floats(0.2, 0.7), st.booleans(), st.integers(0, 99))
    def test_properties(self, data, test_size, test_unlabeled, seed):
        X, y = data
        cv = JointStratifiedShuffleSplit(
            3, test_size=test_size, random_state=seed, test_unlabeled=test_unlabeled
        )
        candidates = np.ones(len(y), bool) if test_unlabeled else y != -1
        shares = counts(X, y, candidates) * (
            np.ceil(test_size * candidates.sum()) / candidates.sum()
        )
        splits = list(cv.split(X, y))
        assert len(splits) == cv.get_n_splits() == 3
        for train, test in splits:
            assert_array_equal(np.sort(np.append(train, test)), np.arange(len(y)))
            assert np.isin(np.flatnonzero(~candidates), train).all()
            assert np.abs(counts(X, y, test) - shares).max() < 1

    def test_train_size(self, two_tasks):
        X, y = two_tasks
        cv = JointStratifiedShuffleSplit(test_size=27, train_size=54, random_state=0)
        for train, test in cv.split(X, y):
            assert_array_equal(counts(X, y, test)[:, :3], [[8, 8, 8], [1, 1, 1]])
            assert_array_equal(counts(X, y, train), [[16] * 3 + [0], [2] * 3 + [30]])
            assert not np.isin(train, test).any()

    def test_every_sample_is_equally_likely(self, two_tasks):
        X, y = two_tasks
        cv = JointStratifiedShuffleSplit(400, test_size=0.2, random_state=0)
        chosen = np.concatenate([test for _, test in cv.split(X, y)])
        share = np.bincount(chosen, minlength=len(y))[y != -1] / 400
        assert np.abs(share - 0.2).max() < 5 * np.sqrt(0.2 * 0.8 / 400)

    def test_random_state(self, two_tasks):
        cv = JointStratifiedShuffleSplit(2, random_state=0)
        first, again = list(cv.split(*two_tasks)), list(cv.split(*two_tasks))
        for one, other in zip(first, again, strict=True):
            assert_array_equal(one[1], other[1])
        assert set(first[0][1]) != set(first[1][1])

    def test_errors(self, two_tasks):
        X, y = two_tasks
        with pytest.raises(ValueError, match="test_size=999"):
            list(JointStratifiedShuffleSplit(test_size=999).split(X, y))
        with pytest.raises(TypeError, match="pack"):
            list(JointStratifiedShuffleSplit().split([np.zeros((3, 2))] * 2))


class TestLeaveOneTaskOut:
    def test_tests_the_labels_of_one_task(self, two_tasks):
        X, y = two_tasks
        cv = LeaveOneTaskOut()
        splits = list(cv.split(X, y))
        assert cv.get_n_splits(X, y) == len(splits) == 2
        for t, (train, test) in enumerate(splits):
            assert_array_equal(test, np.flatnonzero((X.task == t) & (y != -1)))
            assert_array_equal(np.sort(np.append(train, test)), np.arange(len(y)))

    def test_task_without_labels_is_not_tested(self):
        X, y = pack([np.zeros((4, 2))] * 3, [[0, 1] * 2, None, [0, 1, 1, -1]])
        assert LeaveOneTaskOut().get_n_splits(X, y) == 2
        tested = [set(X.task[test]) for _, test in LeaveOneTaskOut().split(X, y)]
        assert tested == [{0}, {2}]

    def test_without_labels(self, two_tasks):
        X, _ = two_tasks
        tests = [test for _, test in LeaveOneTaskOut().split(X)]
        assert_array_equal(tests[1], np.flatnonzero(X.task == 1))

    @pytest.mark.parametrize(
        ("X", "error", "message"),
        [
            (np.zeros((9, 2)), ValueError, r"1 task.*pack\(X, y\)"),
            ([np.zeros((9, 2))] * 2, TypeError, r"pack\(X, y\)"),
        ],
    )
    def test_errors(self, X, error, message):
        with pytest.raises(error, match=message):
            LeaveOneTaskOut().get_n_splits(X)
        with pytest.raises(error, match=message):
            list(LeaveOneTaskOut().split(X))


ALL = [
    JointStratifiedKFold(3),
    JointStratifiedKFold(3, shuffle=True, random_state=0),
    JointStratifiedShuffleSplit(3, test_size=0.3, random_state=0),
    LeaveOneTaskOut(),
]


@pytest.mark.parametrize("cv", ALL, ids=repr)
class TestInScikitLearn:
    def test_cross_validate(self, cv, two_tasks):
        X, y = two_tasks
        result = cross_validate(
            JointCentroids(), X, y, cv=cv, return_estimator=True, error_score="raise"
        )
        for fitted in result["estimator"]:
            assert fitted.unlabeled_seen_ == 30
            assert fitted.samples_seen_[1] >= 30
        if not isinstance(cv, LeaveOneTaskOut):
            assert result["test_score"].min() > 0.8

    def test_grid_search(self, cv, two_tasks):
        X, y = two_tasks
        grid = {"power": [1.0, 2.0]}
        search = GridSearchCV(JointCentroids(), grid, cv=cv, error_score="raise")
        search.fit(X, y)
        assert search.n_splits_ == cv.get_n_splits(X, y)
        assert all((y[test] != -1).all() for _, test in cv.split(X, y))
        manual = [
            JointCentroids().fit(X[train], y[train]).score(X[test], y[test])
            for train, test in cv.split(X, y)
        ]
        mean = search.cv_results_["mean_test_score"][1]
        assert mean == pytest.approx(np.mean(manual))

    def test_clone_and_repr(self, cv):
        assert repr(clone(cv, safe=False)) == repr(cv)
        assert repr(cv).startswith(type(cv).__name__ + "(")
        search = GridSearchCV(JointCentroids(), {}, cv=cv)
        assert repr(clone(search).cv) == repr(cv)


def test_halving_search_and_learning_curve(two_tasks):
    X, y = two_tasks
    cv = JointStratifiedKFold(3, shuffle=True, random_state=0)
    search = HalvingGridSearchCV(
        JointCentroids(),
        {"power": [1.0, 2.0, 3.0]},
        cv=cv,
        random_state=0,
        min_resources=60,
        error_score="raise",
    ).fit(X, y)
    assert search.best_score_ > 0.8
    sizes, _, scores = learning_curve(
        JointCentroids(),
        X,
        y,
        cv=JointStratifiedShuffleSplit(3, test_size=0.3, random_state=0),
        train_sizes=[0.5, 1.0],
    )
    assert len(sizes) == 2
    assert scores.min() > 0.8


def test_cross_val_predict_needs_every_sample_tested(two_tasks):
    X, y = two_tasks
    cv = JointStratifiedKFold(3, test_unlabeled=True)
    predicted = cross_val_predict(JointCentroids(), X, y, cv=cv)
    assert np.mean((predicted == y)[y != -1]) > 0.8


class TestTaskTrainTestSplit:
    @given(labeled_tasks(), st.floats(0.3, 0.6), st.integers(0, 99))
    def test_is_a_stratified_partition(self, data, test_size, seed):
        X, y = data
        rows = [np.arange(len(array))[:, None] for array in X.arrays]
        labels = X.split(y)
        parts = task_train_test_split(
            rows, labels, test_size=test_size, random_state=seed
        )
        for X_train, X_test, y_train, y_test, all_labels in zip(
            *parts, labels, strict=True
        ):
            n = len(all_labels)
            assert len(X_test) == np.ceil(test_size * n)
            found = np.concatenate((X_train, X_test))[:, 0]
            assert_array_equal(np.sort(found), np.arange(n))
            assert_array_equal(all_labels[X_train[:, 0]], y_train)
            assert_array_equal(all_labels[X_test[:, 0]], y_test)
            for label in np.unique(all_labels):
                share = np.sum(all_labels == label) * len(X_test) / n
                assert abs(np.sum(y_test == label) - share) < 1

    @pytest.mark.parametrize("form", [list, tuple, dict])
    def test_forms(self, form):
        X, y = [np.zeros((8, 3)), np.ones((4, 2, 2))], [[0, 1] * 4, None]
        if form is dict:
            X, y = dict(zip("ab", X, strict=True)), {"a": y[0]}
        else:
            X, y = form(X), form(y)
        X_train, X_test, y_train, y_test = task_train_test_split(X, y)
        a, b = ("a", "b") if form is dict else (0, 1)
        for part in (X_train, X_test, y_train, y_test):
            assert type(part) is (dict if form is dict else list)
        assert X_train[a].shape == (6, 3)
        assert X_test[b].shape == (1, 2, 2)
        assert sorted(y_test[a]) == [0, 1]
        assert y_train[b] is None
        assert y_test[b] is None
        assert len(task_train_test_split(X)) == 2

    def test_types_are_kept(self):
        X = [pd.DataFrame({"f": range(8)}), torch.arange(4.0)[:, None]]
        y = [pd.Series(list("abababab")), torch.tensor([0, 0, 1, 1])]
        parts = task_train_test_split(X, y, random_state=0)
        for X_part, y_part in (parts[::2], parts[1::2]):
            assert isinstance(X_part[0], pd.DataFrame)
            assert isinstance(y_part[0], pd.Series)
            assert isinstance(X_part[1], torch.Tensor)
            assert isinstance(y_part[1], torch.Tensor)
            assert_array_equal(X_part[0].index, y_part[0].index)
            assert_array_equal(X_part[1][:, 0] >= 2, y_part[1])

    @pytest.mark.parametrize(
        "sizes", [{}, {"test_size": 0.4}, {"train_size": 5}, {"test_size": 2}], ids=str
    )
    def test_sizes_like_scikit_learn(self, sizes):
        X = [np.zeros((13, 2)), np.zeros((9, 2))]
        for train, test, array in zip(
            *task_train_test_split(X, **sizes), X, strict=True
        ):
            expected = train_test_split(array, **sizes)
            assert [len(train), len(test)] == [len(part) for part in expected]

    def test_without_shuffle(self):
        X = [np.arange(8)[:, None], np.arange(4)[:, None]]
        X_train, X_test, y_train, _ = task_train_test_split(
            X, [list("aaaabbbb"), None], shuffle=False
        )
        assert_array_equal(X_train[0][:, 0], range(6))
        assert_array_equal(X_test[1][:, 0], [3])
        assert y_train[0] == list("aaaabb")

    def test_random_state_and_stratify(self):
        X = [np.arange(40)[:, None]] * 2
        y = [np.arange(40) % 2] * 2

        def split(**kwargs):
            return [part.tolist() for part in task_train_test_split(X, y, **kwargs)[3]]

        assert split(random_state=0) == split(random_state=0)
        assert split(random_state=0) != split(random_state=1)
        balanced = [np.bincount(split(random_state=s)[0])[0] for s in range(9)]
        free = [
            np.bincount(split(random_state=s, stratify=False)[0])[0] for s in range(9)
        ]
        assert set(balanced) == {5}
        assert len(set(free)) > 1

    @pytest.mark.parametrize(
        ("X", "y", "error", "message"),
        [
            (np.zeros((9, 2)), None, TypeError, "X is ndarray.*train_test_split"),
            (
                JointArrays([np.zeros((9, 2))] * 2),
                None,
                TypeError,
                "X is JointArrays.*sklearn.model_selection.train_test_split",
            ),
            ([np.zeros((9, 2))], None, ValueError, "list with one array"),
            ([np.zeros((9, 2)), np.zeros((1, 2))], None, ValueError, "task 1 .*n_samp"),
            ([np.zeros((9, 2))] * 2, [[0] * 9], ValueError, "y has 1 items"),
            (
                [np.zeros((9, 2))] * 2,
                [[0] * 9, [0] * 8],
                ValueError,
                r"task 1 \(y\[1\]\) has labels of shape \(8,\), expected \(9,\)",
            ),
            ([np.zeros((9, 2))] * 2, np.zeros(18), TypeError, "y is ndarray"),
        ],
    )
    def test_errors(self, X, y, error, message):
        with pytest.raises(error, match=message):
            task_train_test_split(X, y)
