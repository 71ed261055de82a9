"""Samples of one task, decoded as another one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import _safe_indexing

from sk_jae.inspection._blocks import Block, draw_blocks
from sk_jae.inspection._task_samples import (
    KindParameter,
    TaskSamples,
    few_samples,
    fitted_joint,
    only_task,
)
from sk_jae.tasks import check_task

__all__ = ["TranslationDisplay"]


class TranslationDisplay:
    """Samples of one task, and what they are as samples of another one.

    The upper block has samples of the task `source`, the lower one their translations
    by the shared codes, drawn as samples of the task `target`.

    Make it with :meth:`from_estimator`.

    Parameters
    ----------
    blocks : list of object
        What is drawn for each of the two tasks, as the class method makes it.

    Attributes
    ----------
    figure_ : Figure
        The figure.
    axes_ : list of ndarray of Axes of shape (n_rows, n_columns)
        One array for each of the two tasks.

    See Also
    --------
    ReconstructionDisplay : Samples beside their reconstructions.

    Examples
    --------
    >>> from sk_jae import JointAutoencoder
    >>> from sk_jae.datasets import load_digits_pair
    >>> from sk_jae.inspection import TranslationDisplay
    >>> X, _ = load_digits_pair(return_X_y=True)
    >>> jae = JointAutoencoder(max_epochs=1, random_state=0).fit(X)
    >>> display = TranslationDisplay.from_estimator(
    ...     jae, X["optical"], source="optical", target="pen"
    ... )
    >>> [axes.shape for axes in display.axes_]
    [(1, 8), (1, 8)]
    """

    def __init__(self, *, blocks: list[Block]) -> None:
        self.blocks = blocks

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        *,
        source: int | str,
        target: int | str,
        X_target: ArrayLike | None = None,
        n_samples: int | None = None,
        kind: KindParameter = "auto",
        ax: Any = None,
    ) -> TranslationDisplay:
        """Translate a few samples of one task and draw them.

        Parameters
        ----------
        estimator : estimator
            A fitted joint estimator, or a search around one.
        X : array-like of shape (n_samples, ...)
            Samples of the task `source`.
        source, target : int or str
            Position or name of a task.
        X_target : array-like of shape (n_samples, ...), default=None
            Samples of the task `target` that belong to those in `X`, row by row, to be
            compared with the translations.
        n_samples : int, default=None
            Number of samples, evenly spaced among those in `X`. None is a number that
            is legible.
        kind : {"auto", "curve", "table"}, or list or dict of these, default="auto"
            How vectors are drawn, see :meth:`ReconstructionDisplay.from_estimator`.
        ax : matplotlib Axes, default=None
            The axes in whose place the picture is drawn. None makes a new figure.

        Returns
        -------
        display : TranslationDisplay

        Raises
        ------
        ValueError, TypeError
            If there is no such task or no shared code, or if `X_target` has another
            number of samples than `X`.
        """
        joint = fitted_joint(estimator, cls.__name__, "translate")
        s = check_task(source, joint.task_names_, "source")
        t = check_task(target, joint.task_names_, "target")
        before = few_samples(joint, only_task(joint, s, X), n_samples, kind)[s]
        assert before is not None
        values = joint.translate(before.item, s, t)
        rows = {"translated": values}
        reference = values
        if X_target is not None:
            reference = _paired(X, X_target)
            n = len(before.array)
            positions = np.arange(n) * len(reference) // n
            rows["measured"] = _safe_indexing(X_target, positions)
        after = few_samples(joint, only_task(joint, t, reference), len(values), kind)[t]
        assert after is not None
        return cls(blocks=_blocks(before, after, rows)).plot(ax=ax)

    def plot(self, ax: Any = None) -> TranslationDisplay:
        """Draw the picture once more.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes in whose place the picture is drawn. None makes a new figure.

        Returns
        -------
        display : TranslationDisplay
        """
        self.figure_, self.axes_ = draw_blocks(type(self).__name__, self.blocks, ax)
        return self


def _paired(X: Any, X_target: Any) -> Any:
    if len(X_target) != len(X):
        raise ValueError(
            f"X_target has {len(X_target)} samples, expected {len(X)}, one for each "
            "sample of X, in the same order."
        )
    return X_target


def _blocks(
    before: TaskSamples, after: TaskSamples, rows: dict[str, Any]
) -> list[Block]:
    behind = None
    measured = rows.pop("measured", None)
    title = f"as {after.name}"
    if measured is not None:
        measured = np.asarray(measured)
        if after.kind == "curve":
            behind, title = measured, f"{title} (measured in gray)"
        else:
            rows["measured"] = measured
    return [
        Block(before.name, before, {"input": before.array}),
        Block(title, after, rows, behind),
    ]
