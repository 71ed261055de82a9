"""The codes of all tasks in two dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from sk_jae._sklearn_types import Transformer
from sk_jae.inspection._figures import GRAY, MARKERS, class_colors, one_axes
from sk_jae.inspection._task_samples import fitted_joint
from sk_jae.tasks import (
    Samples,
    Targets,
    check_tasks,
    known_values,
    labeled_mask,
    split_labels,
    with_known_values,
)

__all__ = ["CodesDisplay"]

_MOST_CLASSES = 20


class CodesDisplay:
    """The codes of all tasks in two dimensions, colored by class or target.

    Each task has a marker, each class a color and its name in the middle of its codes.
    Where transfer works, a class has one place, whatever the task. Samples without
    labels are gray.

    Make it with :meth:`from_estimator`, or from points of your own.

    Parameters
    ----------
    points : dict of {str: ndarray of shape (n_samples, 2)}
        The points of each task, by its name.
    y : dict of {str: ndarray of shape (n_samples,) or None}
        Classes, or numbers of which some are fractions; a missing value or -1 marks an
        unlabeled sample.

    Attributes
    ----------
    figure_ : Figure
        The figure.
    ax_ : Axes
        The axes with the points.

    Examples
    --------
    >>> from sk_jae import JointTransferClassifier
    >>> from sk_jae.datasets import load_digits_pair
    >>> from sk_jae.inspection import CodesDisplay
    >>> X, y = load_digits_pair(return_X_y=True)
    >>> clf = JointTransferClassifier(max_epochs=1, random_state=0)
    >>> clf = clf.fit(X, {"optical": y["optical"]})
    >>> display = CodesDisplay.from_estimator(clf, X, y)
    >>> {task: points.shape for task, points in display.points.items()}
    {'optical': (673, 2), 'pen': (674, 2)}
    """

    def __init__(
        self,
        *,
        points: Mapping[str, NDArray[Any]],
        y: Mapping[str, NDArray[Any] | None],
    ) -> None:
        self.points = points
        self.y = y

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Samples,
        y: Targets | None = None,
        *,
        codes: Literal["both", "shared", "private"] = "shared",
        transformer: Transformer | None = None,
        ax: Any = None,
    ) -> CodesDisplay:
        """Encode the samples of all tasks and draw their codes.

        Parameters
        ----------
        estimator : estimator
            A fitted joint estimator, or a search around one.
        X : list, tuple, dict, JointArrays or array-like
            Samples in the form given to `fit`; None or a missing name skips a task.
        y : list, tuple or dict, or array-like of shape (n_samples,), default=None
            Classes or targets in the form of `X`, only for the colors. Labels that the
            estimator has not seen show whether the transfer worked.
        codes : {"both", "shared", "private"}, default="shared"
            The codes that are drawn.
        transformer : transformer, default=None
            Brings the codes of all tasks together to two dimensions by its
            `fit_transform`, as :class:`sklearn.manifold.TSNE` does. None takes the
            first two principal components.
        ax : matplotlib Axes, default=None
            The axes to draw on. None makes a new figure.

        Returns
        -------
        display : CodesDisplay

        Raises
        ------
        ValueError, TypeError
            If `estimator` is no fitted joint estimator, if it does not return these
            codes, or if `X` or `y` has not its tasks.
        """
        joint = fitted_joint(estimator, cls.__name__, "transform")
        tasks, _ = check_tasks(X, estimator=joint)
        columns = _columns(joint.get_feature_names_out(), codes)
        present = [t for t, x in enumerate(tasks.arrays) if x is not None and len(x)]
        found = joint.transform(X)
        if tasks.container is not None:
            found = tasks.container.split(np.asarray(found))
        if tasks.container_kind == "array":
            found = [found]
        by_task = dict(zip(tasks.positions, _values(found), strict=True))
        z = [np.asarray(by_task[t])[:, columns] for t in present]
        parts = split_labels(y, tasks, joint) if y is not None else [None] * len(z)
        transformer = PCA(2) if transformer is None else transformer
        together = np.concatenate(z)
        flat = np.asarray(_to_plane(together, transformer))
        ends = np.cumsum([len(part) for part in z])[:-1]
        points = dict(
            zip([tasks.names[t] for t in present], np.split(flat, ends), strict=True)
        )
        labels = {tasks.names[t]: None if y is None else parts[t] for t in present}
        return cls(points=points, y=labels).plot(ax=ax)

    def plot(
        self, ax: Any = None, *, scatter_kw: dict[str, Any] | None = None
    ) -> CodesDisplay:
        """Draw the points.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to draw on. None makes a new figure.
        scatter_kw : dict, default=None
            Further arguments of matplotlib's `scatter`, such as ``{"s": 20}``.

        Returns
        -------
        display : CodesDisplay
        """
        figure, ax = one_axes(type(self).__name__, ax, height=4.4)
        style = {"s": 12, "linewidths": 0.6, "alpha": 0.7, **(scatter_kw or {})}
        masks, values = _labels(self.y)
        seen = [values[task][masks[task]] for task in values]
        known = np.concatenate(seen) if seen else np.zeros(0)
        is_target = known.dtype.kind == "f" and bool((known % 1 != 0).any())
        markers = dict(zip(self.points, _markers(len(self.points)), strict=True))
        for task, xy in self.points.items():
            rest = ~masks.get(task, np.zeros(len(xy), dtype=bool))
            ax.scatter(*xy[rest].T, marker=markers[task], color=GRAY, **style)
        colors = _target_colors if is_target else _class_colors
        colors(self, ax, figure, markers, masks, values, style)
        _legend(ax, markers)
        ax.set(xticks=[], yticks=[])
        self.figure_, self.ax_ = figure, ax
        return self


def _columns(names: NDArray[Any], codes: str) -> NDArray[np.intp]:
    """The columns of `transform` that hold the wanted codes."""
    if codes not in ("both", "shared", "private"):
        raise ValueError(f"codes must be 'both', 'shared' or 'private', got {codes!r}.")
    kinds = ("shared", "private") if codes == "both" else (codes,)
    found = np.flatnonzero([name.startswith(kinds) for name in names])
    if not len(found):
        have = "private" if codes == "shared" else "shared"
        raise ValueError(
            f"transform returns no {codes} codes of this estimator; take "
            f"codes={have!r}, or fit with other codes."
        )
    return found


def _values(found: Any) -> list[Any]:
    return list(found.values()) if isinstance(found, dict) else list(found)


def _to_plane(codes: NDArray[Any], transformer: Any) -> Any:
    if codes.shape[1] == 1 and isinstance(transformer, PCA):
        return np.column_stack([codes[:, 0], np.zeros(len(codes))])
    points = np.asarray(transformer.fit_transform(codes))
    if points.ndim != 2 or points.shape != (len(codes), 2):
        raise ValueError(
            f"transformer returned an array of shape {points.shape}, expected "
            f"({len(codes)}, 2); give one with two components."
        )
    return points


def _labels(
    y: Mapping[str, NDArray[Any] | None],
) -> tuple[dict[str, NDArray[np.bool_]], dict[str, NDArray[Any]]]:
    """The mask of labeled samples of each task that has some, and all its values."""
    masks, values = {}, {}
    for task, labels in y.items():
        if labels is None:
            continue
        labels = np.asarray(labels)
        mask = labeled_mask(labels)
        if mask.any():
            masks[task] = mask
            values[task] = with_known_values(labels, known_values(labels[mask]), mask)
    return masks, values


def _markers(n_tasks: int) -> list[str]:
    return [MARKERS[t % len(MARKERS)] for t in range(n_tasks)]


def _class_colors(
    display: CodesDisplay,
    ax: Any,
    figure: Any,
    markers: dict[str, str],
    masks: dict[str, NDArray[np.bool_]],
    values: dict[str, NDArray[Any]],
    style: dict[str, Any],
) -> None:
    if not values:
        return
    classes = np.unique(np.concatenate([values[t][masks[t]] for t in values]))
    colors = dict(zip(classes.tolist(), class_colors(len(classes)), strict=True))
    for task, labels in values.items():
        for label, color in colors.items():
            chosen = masks[task] & (labels == label)
            xy = display.points[task][chosen].T
            ax.scatter(*xy, marker=markers[task], color=[color], **style)
    if len(classes) <= _MOST_CLASSES:
        for label, color in colors.items():
            _name_class(ax, display, masks, values, label, color)


def _name_class(
    ax: Any,
    display: CodesDisplay,
    masks: dict[str, NDArray[np.bool_]],
    values: dict[str, NDArray[Any]],
    label: Any,
    color: Any,
) -> None:
    """Write the name of a class where its codes of the first labeled task lie."""
    for task, labels in values.items():
        chosen = masks[task] & (labels == label)
        if chosen.any():
            x, y = np.median(display.points[task][chosen], axis=0)
            box = {"facecolor": "white", "edgecolor": color, "pad": 1.5, "alpha": 0.85}
            ax.text(x, y, str(label), ha="center", va="center", fontsize=9, bbox=box)
            return


def _target_colors(
    display: CodesDisplay,
    ax: Any,
    figure: Any,
    markers: dict[str, str],
    masks: dict[str, NDArray[np.bool_]],
    values: dict[str, NDArray[Any]],
    style: dict[str, Any],
) -> None:
    known = np.concatenate([values[t][masks[t]] for t in values]).astype(float)
    for task, labels in values.items():
        drawn = ax.scatter(
            *display.points[task][masks[task]].T,
            c=labels[masks[task]].astype(float),
            marker=markers[task],
            vmin=known.min(),
            vmax=known.max(),
            cmap="viridis",
            **style,
        )
    figure.colorbar(drawn, ax=ax, label="target")


def _legend(ax: Any, markers: dict[str, str]) -> None:
    for task, marker in markers.items():
        ax.scatter([], [], marker=marker, color="black", s=25, label=task)
    ax.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=min(len(markers), 4),
        frameon=False,
        fontsize=9,
    )
