"""Cross-validators over the samples of all tasks."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from sk_jae._sklearn_types import RandomState
from sk_jae.model_selection._sklearn_types import (
    BaseCrossValidator,
    Split,
    StratifiedKFold,
    StratifiedShuffleSplit,
)
from sk_jae.model_selection._stratification import (
    draw,
    sizes,
    strata_of,
    train_and_test,
)
from sk_jae.tasks import OneSequence, counted, parse_inputs

__all__ = [
    "JointStratifiedKFold",
    "JointStratifiedShuffleSplit",
    "LeaveOneTaskOut",
]


class JointStratifiedKFold(StratifiedKFold):
    """K-fold cross-validator, stratified by task and label.

    Every test fold holds the samples of each task, and of each label within a
    task, in proportion: their numbers differ by at most one between folds.
    Unlabeled samples (label -1) say nothing about a classifier in a test fold but
    help it in a training fold, so by default they are in every training fold and
    in no test fold.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds. Must be at least 2.
    shuffle : bool, default=False
        Whether to shuffle the samples of each task and label first. Otherwise
        neighboring samples of a task and label stay in the same fold.
    random_state : int, RandomState instance or None, default=None
        Decides the order with ``shuffle=True``.
    test_unlabeled : bool, default=False
        Whether unlabeled samples are in test folds too, as one more label of their
        task.

    See Also
    --------
    JointStratifiedShuffleSplit : Random splits of any size.
    LeaveOneTaskOut : Test folds of one task each.

    Notes
    -----
    An array that is not a :class:`JointArrays` is one task. As in the estimators,
    exactly two values in its labels are two classes, even if one is -1. With
    ``y=None`` all samples are tested, stratified by task.

    Unlike :class:`~sklearn.model_selection.StratifiedKFold`, labels with fewer than
    `n_splits` samples in a task are not warned about; tasks with fewer are.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae import pack
    >>> from sk_jae.model_selection import JointStratifiedKFold
    >>> X, y = pack([np.zeros((6, 3)), np.ones((4, 5))], [[0, 1] * 3, [0, 1, -1, -1]])
    >>> for train, test in JointStratifiedKFold(n_splits=2).split(X, y):
    ...     print(X[train], y[test])
    JointArrays(n_samples=6, 0: (3, 3) float64, 1: (3, 5) float64) [0 0 1 0]
    JointArrays(n_samples=6, 0: (3, 3) float64, 1: (3, 5) float64) [1 1 0 1]
    """

    def __init__(
        self,
        n_splits: int = 5,
        *,
        shuffle: bool = False,
        random_state: RandomState = None,
        test_unlabeled: bool = False,
    ) -> None:
        super().__init__(n_splits=n_splits, shuffle=shuffle, random_state=random_state)
        self.test_unlabeled = test_unlabeled

    def split(
        self, X: OneSequence, y: ArrayLike | None = None, groups: object = None
    ) -> Iterator[Split]:
        """Generate indices to split data into training and test set.

        Parameters
        ----------
        X : JointArrays or array-like of shape (n_samples, ...)
            Samples of several tasks, or of one.
        y : array-like of shape (n_samples,), default=None
            Labels, -1 for an unlabeled sample.
        groups : object
            Always ignored, exists for compatibility.

        Yields
        ------
        train : ndarray of shape (n_train,)
            The training set indices for that split.
        test : ndarray of shape (n_test,)
            The testing set indices for that split.

        Raises
        ------
        TypeError
            If `X` is a list or dict of tasks.
        ValueError
            If `y` is continuous or holds no label, or if fewer than `n_splits`
            samples can be tested.

        Warns
        -----
        UserWarning
            If fewer than `n_splits` samples of a task can be tested.
        """
        task, strata, tested = strata_of(X, y, self.test_unlabeled)
        candidates = np.flatnonzero(tested)
        if len(candidates) < self.n_splits:
            raise ValueError(
                f"n_splits={self.n_splits} is greater than the number of samples that "
                f"can be tested, {len(candidates)}; lower n_splits."
            )
        for t, n_tested in enumerate(np.bincount(task[candidates])):
            if 0 < n_tested < self.n_splits:
                words = parse_inputs(X, None).describe(t)
                warnings.warn(
                    f"{words} has {counted(int(n_tested), 'sample')} that can be "
                    f"tested, fewer than n_splits={self.n_splits}; some test folds "
                    "hold none.",
                    UserWarning,
                    stacklevel=2,
                )
        if self.shuffle:
            candidates = check_random_state(self.random_state).permutation(candidates)
        order = candidates[np.argsort(strata[candidates], kind="stable")]
        # Dealing the sorted samples out in turns balances tasks and labels. Sorting
        # the folds within a label keeps neighbors in one fold, as StratifiedKFold does.
        fold = np.arange(len(order)) % self.n_splits
        fold = fold[np.lexsort((fold, strata[order]))]
        for k in range(self.n_splits):
            yield train_and_test(len(task), order[fold == k])


class JointStratifiedShuffleSplit(StratifiedShuffleSplit):
    """Random splits, stratified by task and label.

    Unlabeled samples (label -1) are in every training set and in no test set,
    unless `test_unlabeled`.

    Parameters
    ----------
    n_splits : int, default=10
        Number of splits.
    test_size, train_size : float or int, default=None
        As in :class:`~sklearn.model_selection.ShuffleSplit`, of the samples that
        can be tested; the others are training samples in addition. By default
        `test_size` is 0.1, or the complement of `train_size`.
    random_state : int, RandomState instance or None, default=None
        Decides the splits.
    test_unlabeled : bool, default=False
        Whether unlabeled samples can be tested, as one more label of their task.

    See Also
    --------
    JointStratifiedKFold : Test folds that do not overlap.
    task_train_test_split : One split of a list or dict of tasks.

    Notes
    -----
    What is said of one task and of ``y=None`` in :class:`JointStratifiedKFold`
    holds here too. A label of few samples may be missing on either side.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae import pack
    >>> from sk_jae.model_selection import JointStratifiedShuffleSplit
    >>> X, y = pack([np.zeros((60, 3)), np.ones((20, 5))], [[0, 1] * 30, None])
    >>> cv = JointStratifiedShuffleSplit(n_splits=1, test_size=0.2, random_state=0)
    >>> train, test = next(cv.split(X, y))
    >>> np.bincount(y[test]), np.bincount(X.task[train])
    (array([6, 6]), array([48, 20]))
    """

    def __init__(
        self,
        n_splits: int = 10,
        *,
        test_size: float | int | None = None,
        train_size: float | int | None = None,
        random_state: RandomState = None,
        test_unlabeled: bool = False,
    ) -> None:
        super().__init__(
            n_splits=n_splits,
            test_size=test_size,
            train_size=train_size,
            random_state=random_state,
        )
        self.test_unlabeled = test_unlabeled

    def split(
        self, X: OneSequence, y: ArrayLike | None = None, groups: object = None
    ) -> Iterator[Split]:
        """Generate indices to split data into training and test set.

        Parameters
        ----------
        X : JointArrays or array-like of shape (n_samples, ...)
            Samples of several tasks, or of one.
        y : array-like of shape (n_samples,), default=None
            Labels, -1 for an unlabeled sample.
        groups : object
            Always ignored, exists for compatibility.

        Yields
        ------
        train : ndarray of shape (n_train,)
            The training set indices for that split, sorted.
        test : ndarray of shape (n_test,)
            The testing set indices for that split, sorted.

        Raises
        ------
        TypeError
            If `X` is a list or dict of tasks.
        ValueError
            If `y` is continuous or holds no label, or if the sizes do not fit the
            number of samples that can be tested.
        """
        _, strata, tested = strata_of(X, y, self.test_unlabeled)
        candidates = np.flatnonzero(tested)
        n_train, n_test = sizes(len(candidates), self.test_size, self.train_size)
        rng = check_random_state(self.random_state)
        for _ in range(self.n_splits):
            in_train, in_test = draw(strata[candidates], n_train, n_test, rng)
            train = np.concatenate((candidates[in_train], np.flatnonzero(~tested)))
            # Sorted samples stay evenly mixed, for those who take the first ones.
            yield np.sort(train), candidates[in_test]


class LeaveOneTaskOut(BaseCrossValidator):
    """Cross-validator whose test folds hold the labeled samples of one task each.

    The training fold holds everything else: all samples of the other tasks, and the
    unlabeled samples (label -1) of the tested task, so that a joint estimator learns
    the task without its labels. Tasks without labels are never tested.

    See Also
    --------
    JointStratifiedKFold : Test folds of all tasks.

    Notes
    -----
    Where all samples of the tested task are labeled, or ``y=None``, the training
    fold has no sample of it, which joint estimators refuse: mark a part of the
    samples of each task as unlabeled.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae import pack
    >>> from sk_jae.model_selection import LeaveOneTaskOut
    >>> y = [[0, 1, 0, -1], [1, -1, -1]]
    >>> X, y = pack([np.zeros((4, 3)), np.ones((3, 5))], y)
    >>> for train, test in LeaveOneTaskOut().split(X, y):
    ...     print(X.task[test], X.task[train], y[train])
    [0 0 0] [1 1 1 0] [ 1 -1 -1 -1]
    [1] [0 0 1 0 1 0] [ 0  1 -1  0 -1 -1]
    """

    def split(
        self, X: OneSequence, y: ArrayLike | None = None, groups: object = None
    ) -> Iterator[Split]:
        """Generate indices to split data into training and test set.

        Parameters
        ----------
        X : JointArrays of shape (n_samples,)
            Samples of several tasks.
        y : array-like of shape (n_samples,), default=None
            Labels, -1 for an unlabeled sample.
        groups : object
            Always ignored, exists for compatibility.

        Yields
        ------
        train : ndarray of shape (n_train,)
            The training set indices for that split.
        test : ndarray of shape (n_test,)
            The testing set indices for that split.

        Raises
        ------
        TypeError
            If `X` is a list or dict of tasks.
        ValueError
            If `X` has fewer than 2 tasks, or `y` holds no label.
        """
        task, tested = self._tested(X, y)
        for t in np.unique(task[tested]):
            yield train_and_test(len(task), np.flatnonzero(tested & (task == t)))

    def get_n_splits(
        self,
        X: OneSequence | None = None,
        y: ArrayLike | None = None,
        groups: object = None,
    ) -> int:
        """Return the number of tasks that are tested.

        Parameters
        ----------
        X : JointArrays of shape (n_samples,)
            Samples of several tasks.
        y : array-like of shape (n_samples,), default=None
            Labels, -1 for an unlabeled sample.
        groups : object
            Always ignored, exists for compatibility.

        Returns
        -------
        n_splits : int
            The number of splits.
        """
        task, tested = self._tested(X, y)
        return len(np.unique(task[tested]))

    def _tested(
        self, X: OneSequence | None, y: ArrayLike | None
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        task, _, tested = strata_of(X, y, test_unlabeled=False)
        n_tasks = len(np.unique(task))
        if n_tasks < 2:
            raise ValueError(
                f"LeaveOneTaskOut got samples of {counted(n_tasks, 'task')}, expected "
                "several: call X, y = pack(X, y) before with one array per task."
            )
        return task, tested
