"""scikit-learn's searches, whose candidates train together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from sk_jae._doc_link import DocLinkMixin
from sk_jae.model_selection._training_together import training_together

if TYPE_CHECKING:
    from sk_jae._sklearn_types import BaseEstimator

    class GridSearchCV(BaseEstimator):
        estimator: Any

        def __init__(self, *args: Any, **kwargs: Any) -> None: ...
        def fit(self, X: Any, y: Any = None, **params: Any) -> Self: ...

    class RandomizedSearchCV(GridSearchCV): ...

else:
    from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

__all__ = ["BatchedRandomizedSearchCV", "BatchedSearchCV"]


class BatchedSearchCV(DocLinkMixin, GridSearchCV):
    """Grid search that trains the networks of all candidates and folds together.

    It is scikit-learn's GridSearchCV, with its parameters, attributes and results. The
    fits run side by side. Whenever several of them need an epoch of training for
    networks of equal layers and batches of equal sizes, the weights of these are
    stacked, and every step is made once for all. So loss weights, learning rates,
    weight decays, seeds and folds may differ within a group of networks; the depth of
    sharing, widths and batch sizes begin another group.

    On a CPU with one thread, every network gets the very weights that it would get
    alone. So the scores and the best candidate are those of GridSearchCV. A candidate
    that diverges fails alone.

    Parameters
    ----------
    estimator : estimator
        One of this package, or a Pipeline that ends with one. Any other is searched as
        GridSearchCV does.
    param_grid : dict or list of dict
        The values to try for each parameter.
    scoring : str, callable, list, tuple or dict, default=None
        How the estimators are scored; None uses their own `score`.
    n_jobs : int, default=None
        Number of processes that the fits are divided among, each of which trains its
        part together. This process is one of them, and begins while the others start;
        each uses its part of the cores. With None it is alone, and uses the threads of
        PyTorch.
    refit : bool, str or callable, default=True
        Whether to fit the best candidate on all samples, or the scorer that decides.
    cv : int, cross-validation generator or iterable, default=None
        The splits. None means 5 folds.
    verbose : int, default=0
        How much is printed.
    pre_dispatch : int or str, default="2*n_jobs"
        Ignored; the fits that run at the same time are as many as half of the memory
        that is free can hold.
    error_score : "raise" or float, default=nan
        The score of a candidate whose fit fails.
    return_train_score : bool, default=False
        Whether `cv_results_` has scores of the training samples.

    Attributes
    ----------
    cv_results_ : dict of ndarray
        As in GridSearchCV. The time of a fit contains its waiting for the others.
    best_estimator_, best_score_, best_params_, best_index_ : object
        The best candidate. `best_estimator_` is fitted on all samples.
    scorer_, n_splits_, refit_time_, multimetric_ : object
        As in GridSearchCV.

    See Also
    --------
    BatchedRandomizedSearchCV : Draws the candidates from distributions.

    Notes
    -----
    One by one, with the same results, are trained: networks with convolutions, in
    bfloat16, or with modules, losses or optimizers of the user, fits with callbacks of
    skorch, and fits with `ids`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae import JointTransferClassifier, pack
    >>> from sk_jae.model_selection import BatchedSearchCV
    >>> rng = np.random.default_rng(0)
    >>> y = [rng.integers(2, size=60), rng.integers(2, size=40)]
    >>> X = [rng.normal(size=(len(part), 4)) + 3 * part[:, None] for part in y]
    >>> X, y = pack(X, y)
    >>> clf = JointTransferClassifier(max_epochs=5, random_state=0)
    >>> search = BatchedSearchCV(clf, {"reconstruction_weight": [0.1, 1.0]}, cv=3)
    >>> search.fit(X, y).cv_results_["mean_test_score"].shape
    (2,)
    """

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Fit and score all candidates, and fit the best one on all samples.

        Parameters
        ----------
        X : JointArrays or array-like of shape (n_samples, ...)
            Several tasks are packed by :func:`sk_jae.pack`.
        y : array-like of shape (n_samples,), default=None
            Labels or targets, in the order of `X`.
        **params : dict
            Further arguments of the estimator's `fit`, the splitter and the scorer.

        Returns
        -------
        self : BatchedSearchCV
        """
        with training_together(self.estimator):
            return super().fit(X, y, **params)


class BatchedRandomizedSearchCV(DocLinkMixin, RandomizedSearchCV):
    """Randomized search that trains the networks of all candidates and folds together.

    It is scikit-learn's RandomizedSearchCV, with its parameters, attributes and
    results, and trains as :class:`BatchedSearchCV` does.

    Parameters
    ----------
    estimator : estimator
        One of this package, or a Pipeline that ends with one.
    param_distributions : dict or list of dict
        Distributions or lists from which the parameters are drawn.
    n_iter : int, default=10
        Number of candidates.
    scoring, n_jobs, refit, cv, verbose, pre_dispatch : object
        As in :class:`BatchedSearchCV`.
    random_state : int, RandomState or None, default=None
        Decides the candidates.
    error_score, return_train_score : object
        As in :class:`BatchedSearchCV`.

    Examples
    --------
    >>> from scipy.stats import loguniform
    >>> from sk_jae import JointTransferClassifier
    >>> from sk_jae.model_selection import BatchedRandomizedSearchCV
    >>> clf = JointTransferClassifier(random_state=0)
    >>> space = {"lr": loguniform(1e-3, 1e-2), "infomax_weight": [0.0, 1.0]}
    >>> search = BatchedRandomizedSearchCV(clf, space, n_iter=4, random_state=0)
    >>> search.n_iter
    4
    """

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Fit and score all candidates, and fit the best one on all samples.

        Parameters
        ----------
        X : JointArrays or array-like of shape (n_samples, ...)
            Several tasks are packed by :func:`sk_jae.pack`.
        y : array-like of shape (n_samples,), default=None
            Labels or targets, in the order of `X`.
        **params : dict
            Further arguments of the estimator's `fit`, the splitter and the scorer.

        Returns
        -------
        self : BatchedRandomizedSearchCV
        """
        with training_together(self.estimator):
            return super().fit(X, y, **params)
