"""Strategies for random input, each drawn with the verdict whether it can be used."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse
import torch
from hypothesis import strategies as st

from sk_jae import JointArrays

NAMES = ("mnist", "usps", "pen")

REAL = [
    *("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
    *("float16", "float32", "float64", "longdouble", ">f4", ">i8"),
]
NOT_REAL = ["complex64", "complex128", "str", "bytes", "M8[s]", "V4"]
FORMS = ["torch", "memmap", "frame", "fortran", "read-only", "strided"]
FORMS += ["masked", "sparse", "matrix"]
NO_NUMBER = [None, "a", "1", b"1", 1j, {}, 10**400, float("nan"), pd.NA]


@dataclass
class Drawn:
    """A value, and whether it can be used; None where either is right.

    Of samples, `shape` is the shape. Of labels, `known` has those of labeled samples.
    """

    value: Any
    valid: bool | None = True
    shape: tuple[int, ...] = ()
    known: frozenset = frozenset()


rarely = st.integers(0, 11).map(lambda k: k == 11)

shapes = st.one_of(
    st.tuples(st.integers(1, 5)),
    st.tuples(st.integers(6, 9), st.integers(6, 9)),  # images
    st.tuples(st.integers(1, 2), st.integers(9, 12)),  # signals
    st.tuples(st.integers(2, 4), st.integers(4, 5)),  # images if they are of bytes
    st.tuples(st.sampled_from([1, 3, 4]), st.integers(5, 9), st.integers(5, 9)),
    st.tuples(st.integers(5, 9), st.integers(5, 9), st.sampled_from([1, 3, 4])),
)
unusable_shapes = st.one_of(
    st.just(()),
    st.tuples(*[st.integers(1, 3)] * 4),
    st.tuples(st.just(0)),
    st.tuples(st.integers(1, 4), st.just(0)),
    st.tuples(st.sampled_from([2, 5]), st.integers(2, 3), st.sampled_from([2, 5])),
)


@st.composite
def arrays(draw, shape=None):
    """One task's samples, of a given shape each or of any."""
    valid = True
    if shape is None:
        bad = draw(rarely)
        shape, valid = draw(unusable_shapes if bad else shapes), not bad
    n = draw(st.integers(1, 7))
    if draw(rarely):
        n, valid = 0, False
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    array = rng.uniform(0, 2, (n, *shape))
    if draw(rarely):
        array, valid = array.astype(int).astype(draw(st.sampled_from(NOT_REAL))), False
    elif draw(rarely):
        array = array.astype(object)
        if array.size and draw(st.booleans()):
            array.flat[0], valid = draw(st.sampled_from(NO_NUMBER)), False
    else:
        array = array.astype(draw(st.sampled_from(REAL)))
        if array.size and array.dtype.kind == "f" and draw(rarely):
            array.flat[-1] = draw(st.sampled_from([np.nan, np.inf, -np.inf]))
            valid = False
    if array.ndim == 3 and max(shape) < 6 and array.dtype != np.uint8:
        valid = False
    return Drawn(array, valid, array.shape)


@st.composite
def samples(draw, shape=None):
    """One task's samples in any container that knows its shape."""
    drawn = draw(arrays(shape))
    array, dtype = drawn.value, drawn.value.dtype
    form = draw(st.one_of(st.just("plain"), st.sampled_from(FORMS)))
    if form == "torch" and dtype.isnative and dtype.kind in "biufc":
        if dtype != np.longdouble:
            drawn.value = torch.from_numpy(array)
            if dtype.kind == "f":
                drawn.value.requires_grad_()
    elif form == "memmap" and array.size and dtype.kind != "O":
        with tempfile.TemporaryFile() as file:
            drawn.value = np.memmap(file, dtype, "w+", shape=array.shape)
        drawn.value[...] = array
    elif form == "frame" and array.ndim == 2 and dtype.kind != "V":
        drawn.value = pd.DataFrame(array).rename(columns="f{}".format)
    elif form == "fortran":
        drawn.value = np.asfortranarray(array)
    elif form == "read-only":
        array.flags.writeable = False
    elif form == "strided" and array.ndim:
        drawn.value = np.repeat(array, 2, axis=0)[::2]
    elif form == "masked" and dtype.kind in "biuf" and array.size:
        drawn.value = np.ma.masked_array(array, mask=False)
        if draw(st.booleans()):
            drawn.value[0] = np.ma.masked
            drawn.valid = False
    elif form == "sparse" and array.ndim == 2 and dtype.str in ("<f4", "<f8"):
        drawn.value, drawn.valid = scipy.sparse.csr_array(array), False
    elif form == "matrix" and array.ndim == 2:
        drawn.value = array.view(np.matrix)
    return drawn


@st.composite
def inputs(draw):
    """X in any form, the tasks in it, and the name of the form."""
    form = draw(st.sampled_from(["array", "nested", "list", "tuple", "dict", "joint"]))
    if form == "array":
        one = draw(samples())
        return one, [one], form
    if form == "nested":
        one = draw(arrays())
        # Lists forget their dtype, and the dimensions behind one of size 0.
        one.valid = one.valid and (True if one.value.dtype.kind in "biuf" else None)
        if one.value.ndim > 2:  # which may be images, or one table per task
            one.valid = False
        return Drawn(one.value.tolist(), one.valid), [one], "array"
    n_tasks = draw(st.sampled_from([*[2] * 6, *[3] * 3, 1, 0]))
    tasks = [draw(samples()) for _ in range(n_tasks)]
    if tasks and draw(rarely):
        tasks[-1] = Drawn(None, False)
    return Drawn(*in_form(draw, form, NAMES[:n_tasks], tasks)), tasks, form


def in_form(draw, form, names, tasks):
    """Tasks as list, tuple, dict or container, and whether that can be used."""
    values = [task.value for task in tasks]
    valid = bool(tasks) and all(task.valid for task in tasks)
    by_name = dict(zip(names, values, strict=True))
    if form == "dict":
        return by_name, valid
    if form == "joint":
        try:
            return JointArrays(by_name if draw(st.booleans()) else values), valid
        except (TypeError, ValueError):  # tested with the container
            return JointArrays({"other": np.zeros((0, 1))}), False
    if not any(value is None or len(np.shape(value)) > 1 for value in values):
        valid = None if values else False  # the rows of one array
    return (values if form == "list" else tuple(values)), valid and len(values) > 1


UNUSABLE_LABELS = {
    "longer": lambda n: np.arange(n + 1) % 2,
    "two columns": lambda n: np.zeros((n, 2), dtype=int),
    "scalar": lambda n: 3,
    "fraction": lambda n: np.full(n, 0.5),
    "complex": lambda n: np.full(n, 1j),
    "dates": lambda n: np.zeros(n, dtype="M8[s]"),
    "bytes": lambda n: np.full(n, b"a"),
    "mixed": lambda n: ["a", 1, *["a"] * (n - 2)],
    "objects": lambda n: [{}, *[None] * (n - 1)],
    "large": lambda n: [2**70, *[1] * (n - 1)],
    "text mark": lambda n: ["-1", *["a"] * (n - 1)],
    "ragged": lambda n: [[1, 2], [1], *[[1]] * (n - 2)],
}


@st.composite
def labels(draw, n, one_array=False):
    """The labels of one task with n samples; -1 is none except as in `one_array`."""
    if draw(rarely) and n > 1:
        make = draw(st.sampled_from([*UNUSABLE_LABELS.values()]))
        return Drawn(make(n), False)
    choices = ["int", "mark", "float", "bool", "str", "object", "gaps", "NaN"]
    choice = draw(st.sampled_from(choices))
    codes = np.array(draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)), int)
    value = {
        "int": codes,
        "mark": codes - 1,
        "float": codes - 1.0,
        "bool": codes > 0,
        "str": np.array(["a", "b", "c"])[codes],
        "object": np.array(["a", "b", -1], dtype=object)[codes],
        "gaps": np.array(["a", "b", None], dtype=object)[codes],
        "NaN": np.array([0, 1, np.nan])[codes],
    }[choice]
    known = {label for label in value.tolist() if label is not None and label == label}
    if not (one_array and len(known) == 2 and choice != "object"):
        known -= {-1}
    form = draw(st.sampled_from(["array", "list", "series", "torch", "column"]))
    if form == "list":
        value = value.tolist()
    elif form == "series":
        value = pd.Series(value)
    elif form == "torch" and value.dtype.kind in "bif":
        value = torch.from_numpy(value)
    elif form == "column":
        value = value[:, None]
    return Drawn(value, known=frozenset(known))


def are_classes(parts):
    """Whether the labels of all tasks can be learned from."""
    known = frozenset().union(*(part.known for part in parts))
    kinds = {isinstance(label, str) for label in known}
    return all(part.valid for part in parts) and len(known) > 1 and len(kinds) == 1
