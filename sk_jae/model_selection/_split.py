"""Cross-validators for the samples of several tasks."""

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
    first_of_subject,
    is_first,
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
    """K-fold cross-validator that is stratified by task and label.

    All test folds have the same share of the samples of each task and of each label
    within a task: the numbers of samples in two folds differ by at most one. Unlabeled
    samples (label -1) cannot be scored in a test fold, but they help a classifier in a
    training fold. So by default they are in all training folds and in no test fold.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    shuffle : bool, default=False
        Whether to shuffle the samples of each task and label before they are divided.
        If False, neighboring samples of a task and label stay in the same fold.
    random_state : int, RandomState instance or None, default=None
        Decides the order if `shuffle` is True.
    test_unlabeled : bool, default=False
        Whether unlabeled samples are in test folds too. They are then treated as one
        more label of their task.

    See Also
    --------
    JointStratifiedShuffleSplit : Makes random splits of any size.
    LeaveOneTaskOut : Makes test folds of one task each.

    Notes
    -----
    An array that is not a :class:`~sk_jae.JointArrays` is one task. As in the
    estimators, exactly two values in its labels are two classes, even if one of them is
    -1. With ``y=None`` all samples are tested, and the folds are stratified by task. If
    the labels are numbers with fractions, or have several outputs, they are targets of
    regression, and the folds are stratified by task and by whether a target is known.

    Samples of different tasks that are one subject (`ids` of :func:`~sk_jae.pack`) are
    never divided: they are in the fold of the first one that can be tested, so that the
    shares are only nearly equal. An unlabeled sample of a subject is in neither set
    while another sample of the subject is tested.

    :class:`~sklearn.model_selection.StratifiedKFold` warns about labels with fewer than
    `n_splits` samples. This class warns only about tasks with fewer samples than that.

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
            Samples of several tasks or of one task.
        y : array-like of shape (n_samples,), default=None
            Labels; -1, None, NaN, NA and NaT mark an unlabeled sample. Targets of
            regression may have several outputs, of shape (n_samples, n_outputs).
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
            If `y` has no label, or if fewer than `n_splits` samples
            can be tested.

        Warns
        -----
        UserWarning
            If fewer than `n_splits` samples of a task can be tested.
        """
        task, strata, tested = strata_of(X, y, self.test_unlabeled)
        first = first_of_subject(X, tested)
        candidates = np.flatnonzero(tested & is_first(first))
        if len(candidates) < self.n_splits:
            raise ValueError(
                f"n_splits={self.n_splits} is greater than the number of samples that "
                f"can be tested, {len(candidates)}; lower n_splits."
            )
        for t, n_tested in enumerate(np.bincount(task[tested])):
            if 0 < n_tested < self.n_splits:
                words = parse_inputs(X, None).describe(t)
                warnings.warn(
                    f"{words} has {counted(int(n_tested), 'sample')} that can be "
                    f"tested, fewer than n_splits={self.n_splits}; some test folds "
                    "have none.",
                    UserWarning,
                    stacklevel=2,
                )
        if self.shuffle:
            candidates = check_random_state(self.random_state).permutation(candidates)
        order = candidates[np.argsort(strata[candidates], kind="stable")]
        # Giving the sorted samples to the folds in turn balances tasks and labels. Then
        # sorting the folds of a label keeps neighbors together, as in StratifiedKFold.
        fold = np.arange(len(order)) % self.n_splits
        fold = fold[np.lexsort((fold, strata[order]))]
        fold_of = np.full(len(task), -1)
        fold_of[order] = fold
        fold_of = fold_of[first]  # that of the subject
        for k in range(self.n_splits):
            in_test = fold_of == k
            yield np.flatnonzero(~in_test), np.flatnonzero(in_test & tested)


class JointStratifiedShuffleSplit(StratifiedShuffleSplit):
    """Cross-validator with random splits that are stratified by task and label.

    By default, unlabeled samples (label -1) are in all training sets and in no test
    set.

    Parameters
    ----------
    n_splits : int, default=10
        Number of splits.
    test_size, train_size : float or int, default=None
        As in :class:`~sklearn.model_selection.ShuffleSplit`, but only for the samples
        that can be tested. All other samples are added to the training set. By default
        `test_size` is 0.1 or, if `train_size` is given, the complement of that.
    random_state : int, RandomState instance or None, default=None
        Decides the splits.
    test_unlabeled : bool, default=False
        Whether unlabeled samples can be tested too. They are then treated as one more
        label of their task.

    See Also
    --------
    JointStratifiedKFold : Makes test folds that do not overlap.
    task_train_test_split : Makes one split of a list or dict of tasks.

    Notes
    -----
    The Notes of :class:`JointStratifiedKFold` about one task, ``y=None`` and subjects
    are true here too. A label with few samples may be missing in the training set or in
    the test set.

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
            Samples of several tasks or of one task.
        y : array-like of shape (n_samples,), default=None
            Labels; -1, None, NaN, NA and NaT mark an unlabeled sample. Targets of
            regression may have several outputs, of shape (n_samples, n_outputs).
        groups : object
            Always ignored, exists for compatibility.

        Yields
        ------
        train : ndarray of shape (n_train,)
            The training set indices for that split, in ascending order.
        test : ndarray of shape (n_test,)
            The testing set indices for that split, in ascending order.

        Raises
        ------
        TypeError
            If `X` is a list or dict of tasks.
        ValueError
            If `y` has no label, or if the sizes do not fit the number
            of samples that can be tested.
        """
        _, strata, tested = strata_of(X, y, self.test_unlabeled)
        first = first_of_subject(X, tested)
        candidates = np.flatnonzero(tested & is_first(first))
        n_train, n_test = sizes(len(candidates), self.test_size, self.train_size)
        rng = check_random_state(self.random_state)
        for _ in range(self.n_splits):
            chosen = draw(strata[candidates], n_train, n_test, rng)
            in_train, in_test = ~tested, np.zeros_like(tested)
            in_train[candidates], in_test[candidates] = chosen
            # Sorted samples stay evenly mixed, for callers that take the first ones.
            yield (
                np.flatnonzero(in_train[first]),
                np.flatnonzero(in_test[first] & tested),
            )


class LeaveOneTaskOut(BaseCrossValidator):
    """Cross-validator whose test folds have the labeled samples of one task each.

    The training fold has all other samples: those of the other tasks and the unlabeled
    samples (label -1) of the tested task, so that a joint estimator learns this task
    without its labels. Tasks without labels are never tested.

    See Also
    --------
    JointStratifiedKFold : Makes test folds of all tasks.

    Notes
    -----
    A subject that several tasks have may be on both sides: the samples of the other
    tasks stay in the training fold.

    If all samples of the tested task are labeled, or if `y` is None, the training fold
    has no sample of that task, and joint estimators raise an error. In this case, mark
    some samples of each task as unlabeled.

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
            Labels; -1, None, NaN, NA and NaT mark an unlabeled sample. Targets of
            regression may have several outputs, of shape (n_samples, n_outputs).
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
            If `X` has fewer than 2 tasks, or if `y` has no label.
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
            Labels; -1, None, NaN, NA and NaT mark an unlabeled sample. Targets of
            regression may have several outputs, of shape (n_samples, n_outputs).
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
                "several; call X, y = pack(X, y) first, with one array per task."
            )
        return task, tested
