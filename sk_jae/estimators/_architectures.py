"""Describes the branches of all tasks, from the parameters and the samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from sk_jae.architecture import (
    Architecture,
    Layer,
    Shape,
    common_columns,
    common_steps,
    common_view,
    describe,
    has_few,
    signal_encoder,
)
from sk_jae.estimators._common_axis import (
    names_of_axes,
    points_of_view,
    view_on_axis,
)
from sk_jae.estimators._common_scale import with_common_scale
from sk_jae.estimators._common_signals import with_common_signals
from sk_jae.estimators._paired_scale import with_paired_scale
from sk_jae.estimators._parameters import (
    JointParameters,
    has_axes,
    is_one_coder,
)
from sk_jae.estimators._signal_reading import are_for_kernels
from sk_jae.estimators._whitened import (
    is_whitened,
    names_of_directions,
    names_of_values,
)
from sk_jae.tasks import (
    EncodedTargets,
    Layout,
    RegressionTargets,
    TaskInputs,
    check_sampling_rate,
    per_task,
)

__all__ = ["describe_tasks"]


def describe_tasks(
    estimator: JointParameters,
    inputs: TaskInputs,
    layouts: Sequence[Layout],
    labels: EncodedTargets | None,
    *,
    has_kernels: bool | None = None,
) -> list[Architecture]:
    """The layers of every task's branches, and what the shared ones see.

    Whether signals are read by fixed kernels is looked for, if it is not said.
    """
    rates = None
    if estimator.sampling_rate is not None:
        rates = check_sampling_rate(estimator.sampling_rate, inputs, layouts)
    if has_axes(estimator) and rates:
        raise ValueError(
            "sampling_rate is given, and shared_input has an axis per task, expected "
            "one of them; set sampling_rate=None, or shared_input='auto'."
        )
    if estimator.shared_input is None and rates:
        raise ValueError(
            "sampling_rate says how to resample what the shared branch sees, which "
            "shared_input=None leaves as it is; set shared_input='auto', or "
            "sampling_rate=None."
        )
    found = _architectures(estimator, inputs, layouts, labels, rates, has_kernels)
    is_auto = not has_axes(estimator) and estimator.shared_input == "auto"
    if (is_auto or has_axes(estimator)) and estimator.n_shared:
        found = with_common_scale(found, inputs, layouts, labels)
        if inputs.pairs is not None and estimator.pairing_weight:
            found = with_paired_scale(found, inputs, layouts, labels)
    if is_auto and estimator.n_shared:
        found = with_common_signals(found, inputs, layouts, labels)
    return found


def _architectures(
    estimator: JointParameters,
    inputs: TaskInputs,
    layouts: Sequence[Layout],
    labels: EncodedTargets | None,
    rates: Sequence[float | None] | None,
    has_kernels: bool | None,
) -> list[Architecture]:
    """The layers of every task's branches."""
    names = inputs.names
    shapes = [layout.module_shape for layout in layouts]
    if has_axes(estimator):
        views = [view_on_axis(layout) for layout in layouts]
    else:
        views = _views(estimator.shared_input, shapes, names, rates)
    named = [_named(layout) for layout in layouts]
    features = _features(estimator, layouts, named, labels)
    columns = [
        names_of_values(x) if is_whitened(x) else own
        for x, own in zip(layouts, named, strict=True)
    ]
    encoders = per_task(estimator.encoder, names, "encoder", is_one=is_one_coder)
    numbers = isinstance(labels, RegressionTargets) and labels.are_complete
    if numbers and all(map(is_whitened, layouts)):
        # Hidden layers help to read whitened vectors only where targets are missing.
        encoders = [() if encoder == "auto" else encoder for encoder in encoders]
    decoders = per_task(estimator.decoder, names, "decoder", is_one=is_one_coder)
    auto = None
    if any(isinstance(encoder, str) and encoder == "auto" for encoder in encoders):
        auto = _auto_of_signals(inputs, views, layouts, labels, has_kernels)
    classified: Literal["private", "shared"] | None = None
    if labels:
        classified = "shared" if estimator.n_shared else "private"
    found = [
        describe(
            names[t],
            shape,
            views[t],
            encoders[t],
            decoders[t],
            classified=classified,
            auto=auto if layouts[t].kind == "signal" else None,
            columns=columns[t],
            features=features[t],
            shared_encoder=estimator.shared_encoder,
        )
        for t, shape in enumerate(shapes)
    ]
    return [
        replace(a, points=points_of_view(layout))
        for a, layout in zip(found, layouts, strict=True)
    ]


def _named(layout: Layout) -> tuple[str, ...] | None:
    """The names of the columns of a table; those of flattened pictures are none."""
    return layout.columns if layout.kind == "vector" else None


def _features(
    estimator: JointParameters,
    layouts: Sequence[Layout],
    own: Sequence[tuple[str, ...] | None],
    labels: EncodedTargets | None,
) -> list[tuple[str, ...] | None]:
    """The names of the columns that the shared branch sees of each task."""
    if any(map(is_whitened, layouts)):
        return names_of_directions(layouts)
    if has_axes(estimator):
        return names_of_axes(layouts)
    if estimator.shared_input != "auto" or not any(own):
        return [None] * len(own)
    features = common_columns(own)
    # Only a task without labels has nothing better than a few common columns.
    if labels and any(part is None for part in labels.encoded):
        return features
    one = features[0]
    if one is not None and has_few(one, [len(c) for c in own if c is not None]):
        return list(own)
    return features


def _auto_of_signals(
    inputs: TaskInputs,
    views: Sequence[Shape],
    layouts: Sequence[Layout],
    labels: EncodedTargets | None,
    has_kernels: bool | None,
) -> tuple[Layer, ...] | None:
    """The layers that the classes of signals are learned from."""
    pairs = zip(views, layouts, strict=True)
    signals = [view for view, layout in pairs if layout.kind == "signal"]
    if not signals or labels is None:
        return None
    if has_kernels is None:
        has_kernels = are_for_kernels(inputs, views, layouts, labels)
    return signal_encoder(signals, transfers=not has_kernels)


def _views(
    shared_input: Any,
    shapes: list[Shape],
    names: Sequence[str],
    rates: Sequence[float | None] | None,
) -> list[Shape]:
    """The shape of one sample of each task that the shared branch sees."""
    if shared_input is None:
        return shapes
    if shared_input == "auto":
        view = common_view(shapes)
        if view is not None:
            return [view] * len(shapes)
        if not rates:
            return shapes
        steps = common_steps([shape[-1] for shape in shapes], rates)
        return [(*shape[:-1], n) for shape, n in zip(shapes, steps, strict=True)]
    if len(shared_input) != 3 or not all(
        isinstance(n, (int, np.integer)) and n > 0 for n in shared_input
    ):
        raise ValueError(
            "shared_input must be 'auto', None, a tuple (channels, height, width), or "
            f"a list or dict with an axis for each task, got {shared_input!r}."
        )
    for name, shape in zip(names, shapes, strict=True):
        if len(shape) != 3:
            raise ValueError(
                f"shared_input={shared_input} resizes images, but the samples of task "
                f"{name!r} have the shape {shape}; set shared_input=None."
            )
    return [tuple(shared_input)] * len(shapes)
