"""Samples beside what the branches make of them."""

from __future__ import annotations

from typing import Any

from sk_jae.inspection._blocks import Block, draw_blocks
from sk_jae.inspection._task_samples import (
    KindParameter,
    few_samples,
    fitted_joint,
    only_task,
)
from sk_jae.tasks import Samples

__all__ = ["ReconstructionDisplay"]


class ReconstructionDisplay:
    """Samples, and their reconstructions from both codes and from each kind alone.

    Below each other stand, for every task, the input and what the estimator makes of it
    with both codes, with the shared ones alone and with the private ones alone
    (Epstein et al. 2018, Figure 2). Images are drawn as images, signals and spectra as
    curves over the input in gray, and tables as heat maps with a row per sample.

    Make it with :meth:`from_estimator`.

    Parameters
    ----------
    blocks : list of object
        What is drawn for each task, as the class method makes it.

    Attributes
    ----------
    figure_ : Figure
        The figure.
    axes_ : list of ndarray of Axes of shape (n_rows, n_columns)
        One array per task, with a row per kind of codes.

    See Also
    --------
    TranslationDisplay : Samples of one task as another one.

    Examples
    --------
    >>> from sk_jae import JointAutoencoder
    >>> from sk_jae.datasets import load_digits_pair
    >>> from sk_jae.inspection import ReconstructionDisplay
    >>> X, _ = load_digits_pair(return_X_y=True)
    >>> jae = JointAutoencoder(max_epochs=1, random_state=0).fit(X)
    >>> display = ReconstructionDisplay.from_estimator(jae, X)
    >>> [axes.shape for axes in display.axes_]
    [(4, 8), (4, 8)]
    >>> display.figure_.savefig("reconstructions.png")  # doctest: +SKIP
    """

    def __init__(self, *, blocks: list[Block]) -> None:
        self.blocks = blocks

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Samples,
        *,
        n_samples: int | None = None,
        kind: KindParameter = "auto",
        ax: Any = None,
    ) -> ReconstructionDisplay:
        """Reconstruct a few samples of every task and draw them.

        Parameters
        ----------
        estimator : estimator
            A fitted joint estimator, or a search around one.
        X : list, tuple, dict, JointArrays or array-like
            Samples in the form given to `fit`; None or a missing name skips a task.
        n_samples : int, default=None
            Number of samples of each task, evenly spaced among those in `X`. None is a
            number that is legible.
        kind : {"auto", "curve", "table"}, or list or dict of these, default="auto"
            How vectors are drawn. "auto" draws curves if neighboring features are
            alike, as in a spectrum. Columns whose names are numbers give the places of
            the points. A list or dict has one entry per task.
        ax : matplotlib Axes, default=None
            The axes in whose place the picture is drawn. None makes a new figure.

        Returns
        -------
        display : ReconstructionDisplay

        Raises
        ------
        ValueError, TypeError
            If `estimator` is no fitted joint estimator, or `X` has not its tasks.
        """
        joint = fitted_joint(estimator, cls.__name__, "reconstruct")
        kinds = [("both codes", "both")]
        if joint.module_.n_shared and joint.module_.n_private:
            kinds += [("shared only", "shared"), ("private only", "private")]
        blocks = []
        for t, samples in enumerate(few_samples(joint, X, n_samples, kind)):
            if samples is None:
                continue
            one = only_task(joint, t, samples.item)
            rows = {"input": samples.array}
            for label, codes in kinds:
                found = joint.reconstruct(one, codes=codes)
                rows[label] = found[t] if isinstance(one, list) else found
            behind = None
            if samples.kind == "curve":
                behind = rows.pop("input")
            blocks.append(Block(_title(samples.name, behind), samples, rows, behind))
        return cls(blocks=blocks).plot(ax=ax)

    def plot(self, ax: Any = None) -> ReconstructionDisplay:
        """Draw the picture once more.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes in whose place the picture is drawn. None makes a new figure.

        Returns
        -------
        display : ReconstructionDisplay
        """
        self.figure_, self.axes_ = draw_blocks(type(self).__name__, self.blocks, ax)
        return self


def _title(name: str, behind: object) -> str:
    return name if behind is None else f"{name} (input in gray)"
