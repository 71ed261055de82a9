"""Describes the branches of a task that joins a fitted estimator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sk_jae.architecture import (
    Architecture,
    ColumnScale,
    CommonSteps,
    Shape,
    common_columns,
    common_view,
    describe,
)
from sk_jae.estimators._common_axis import points_of_view, view_on_axis
from sk_jae.estimators._parameters import (
    JointParameters,
    has_axes,
    is_one_coder,
)
from sk_jae.estimators._seen_columns import scale_of_view
from sk_jae.estimators._state import FittedState
from sk_jae.estimators._whitened import is_whitened, names_of_group
from sk_jae.nn import TaskDescription, common_scales
from sk_jae.tasks import (
    AddedTask,
    AxisWhitening,
    Layout,
    check_sampling_rate,
    counted,
    listed,
    per_task,
)
from sk_jae.training import root_mean_power, whitening_gains

__all__ = ["describe_added"]


def describe_added(
    estimator: JointParameters,
    state: FittedState,
    added: AddedTask,
    *,
    is_labeled: bool,
) -> Architecture:
    """The layers of the new task's branches, and what the shared one sees.

    Parameters
    ----------
    estimator : JointAutoencoder or any other
    state : FittedState
        The fit that the task joins.
    added : AddedTask
    is_labeled : bool
        Whether some of its samples have labels or targets.

    Returns
    -------
    architecture : Architecture

    Raises
    ------
    ValueError, TypeError
        If the shared branch cannot see the samples as those of the other tasks.
    """
    layout, names = added.layout, added.inputs.names
    layouts = (*state.layouts, layout)
    rates: Sequence[float | None] = [None] * len(names)
    if estimator.sampling_rate is not None:
        rates = check_sampling_rate(estimator.sampling_rate, added.inputs, layouts)
    peers = [
        t
        for t, own in enumerate(state.layouts)
        if (own.kind == layout.kind or (own.is_image and layout.is_image))
    ]
    tasks = state.description.tasks
    view, features, indices = layout.module_shape, None, None
    if has_axes(estimator):
        view, features, indices = _on_axis(state, peers, layout)
    elif state.module.n_shared and peers and estimator.shared_input is not None:
        if layout.kind == "vector":
            view, features, indices = _columns(state, peers, layout, names[-1])
        elif layout.kind == "signal":
            view = _steps(state, peers, layout.module_shape, rates, names[-1])
        else:
            view = _picture(estimator, [tasks[t] for t in peers], layout.module_shape)
    a = _layers(estimator, state, peers, names, layout, view)
    a = replace(
        a,
        view=view,
        features=features,
        indices=indices,
        points=points_of_view(layout),
    )
    if layout.kind == "signal" and not has_axes(estimator):
        return _with_spectrum(a, [tasks[t] for t in peers], added)
    return _with_scale(a, state, peers, layout, is_labeled=is_labeled)


def _on_axis(
    state: FittedState, peers: Sequence[int], layout: Layout
) -> tuple[Shape, tuple[str, ...] | None, tuple[int, ...] | None]:
    """What the shared branch sees of a task on an axis: see `_columns`."""
    axes = [t for t in peers if state.layouts[t].axis is not None]
    if layout.axis is None or not axes:
        own = names_of_group(layout) if is_whitened(layout) else None
        return layout.module_shape, own, None
    features = state.description.tasks[axes[0]].features
    if isinstance(layout.scaling, AxisWhitening):
        n = layout.scaling.n_common_values
        return (n,), features, tuple(range(n))
    return view_on_axis(layout), features, None


def _columns(
    state: FittedState, peers: Sequence[int], layout: Layout, name: str
) -> tuple[Shape, tuple[str, ...] | None, tuple[int, ...] | None]:
    """What the shared branch sees of a table: its view, the names and the places."""
    shape = layout.module_shape
    features = [state.description.tasks[t].features for t in peers]
    if is_whitened(layout):
        same = [
            t
            for t in peers
            if getattr(state.layouts[t].scaling, "group", None)
            == getattr(layout.scaling, "group", None)
        ]
        if same:
            return shape, state.description.tasks[same[0]].features, None
        if set(features) == {None} and state.ties_first_layers:
            raise ValueError(
                f"X of task {name!r} has {counted(layout.shape[0], 'column')}, "
                f"expected those of the other tasks, {state.layouts[peers[0]].shape[0]}"
                " in the same order, on whose directions it is projected."
            )
        return shape, names_of_group(layout), None
    if len(set(features)) > 1:
        return shape, layout.columns, None
    seen = expected = features[0]
    if expected is None:
        expected = state.layouts[peers[0]].columns
        if None in common_columns([expected, layout.columns]):
            return shape, None, None  # matched by position
    if expected == layout.columns:
        return shape, seen, None
    own = layout.columns or ()
    missing = [column for column in expected or () if own.count(column) != 1]
    if missing and state.ties_first_layers:
        what = f"lacks {listed(missing[:5])}" if own else "has no names of columns"
        raise ValueError(
            f"X of task {name!r} {what}, expected a dataframe with each of the "
            f"{counted(expected or (), 'column')} that the shared branch sees, in any "
            "order; add what is missing, or fit all tasks anew."
        )
    if missing or expected is None:
        return shape, layout.columns, None
    return (len(expected),), seen, tuple(own.index(column) for column in expected)


def _steps(
    state: FittedState,
    peers: Sequence[int],
    shape: Shape,
    rates: Sequence[float | None],
    name: str,
) -> Shape:
    """The shape of signals at the sampling rate that the shared branch sees."""
    rate = rates[-1]
    if rate is None:
        return shape
    of_peers = [
        (rates[t] or 0.0) * task.view[-1] / task.shape[-1]
        for t, task in ((t, state.description.tasks[t]) for t in peers)
    ]
    common = float(np.median(of_peers))
    n_steps = max(1, round(shape[-1] * common / rate))
    if n_steps > shape[-1]:
        raise ValueError(
            f"sampling_rate of task {name!r} is {rate:g}, expected at least {common:g},"
            " at which the shared branch sees signals; fit all tasks anew to lower it."
        )
    return (*shape[:-1], n_steps)


def _picture(
    estimator: JointParameters, peers: Sequence[TaskDescription], shape: Shape
) -> Shape:
    """The shape of pictures that the shared branch sees."""
    if isinstance(estimator.shared_input, tuple):
        return tuple(estimator.shared_input)
    views = {task.view for task in peers}
    if len(views) == 1 and common_view([shape, *views]):
        return views.pop()
    return shape


def _layers(
    estimator: JointParameters,
    state: FittedState,
    peers: Sequence[int],
    names: Sequence[str],
    layout: Layout,
    view: Shape,
) -> Architecture:
    """The layers, where ``encoder="auto"`` takes those of a similar task."""
    shape = layout.module_shape
    encoder = per_task(estimator.encoder, names, "encoder", is_one=is_one_coder)[-1]
    decoder = per_task(estimator.decoder, names, "decoder", is_one=is_one_coder)[-1]
    tasks = [state.description.tasks[t] for t in peers]
    shares = state.module.n_shared > 0
    if encoder != "auto" or not tasks:
        return describe(names[-1], shape, view, encoder, decoder)
    private: Any = [task.private for task in tasks if task.shape == shape]
    if not private and not layout.is_image:
        private = [tasks[0].private]
    a = describe(
        names[-1],
        shape,
        view,
        private[0] if private else "auto",
        decoder,
        classified="private" if state.is_predictor and not shares else None,
    )
    alike = [task.shared for task in tasks if task.view == view]
    return replace(a, shared=(alike or [tasks[0].shared])[0])


def _with_spectrum(
    a: Architecture, peers: Sequence[TaskDescription], added: AddedTask
) -> Architecture:
    """Resample signals, and whiten them if those of other tasks are."""
    whiten = any(task.steps and task.steps.gains for task in peers)
    if not whiten and a.view == a.shape:
        return a
    gains = None
    if whiten:
        inputs = added.inputs
        weights = inputs.weights[-1] if inputs.weights else None
        power = root_mean_power(inputs.arrays[-1], added.layout, weights)
        gains = whitening_gains(power, a.view[1])
    return replace(a, steps=CommonSteps(a.view[1], gains))


def _with_scale(
    a: Architecture,
    state: FittedState,
    peers: Sequence[int],
    layout: Layout,
    *,
    is_labeled: bool,
) -> Architecture:
    """Give a table the scale of the others, from which its own is trained."""
    tasks = state.description.tasks
    if layout.kind != "vector" or layout.scaling is None or not state.module.n_shared:
        return a
    alike = [
        t for t in peers if (tasks[t].view, tasks[t].features) == (a.view, a.features)
    ]
    labeled = [t for t in alike if state.has_labels(t)]
    if not labeled:
        return a
    (n_columns,) = a.view
    neutral = ColumnScale((0.0,) * n_columns, (1.0,) * n_columns)
    scale = tasks[labeled[0]].scale or neutral
    if is_labeled or is_whitened(layout):
        return replace(a, scale=scale)
    # Small differences between the means may be real and are given back.
    _, (own,) = common_scales(
        [scale_of_view(tasks[t], state.layouts[t]) for t in labeled],
        [scale_of_view(a, layout)],
        [False],
    )
    return replace(a, scale=ColumnScale(own.offset, scale.factor))
