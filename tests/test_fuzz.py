"""Random input of every kind: a fitted estimator, or an error that names the task.

What is drawn comes with a verdict, so that neither a wrong refusal nor a silent
acceptance goes unseen. ``SK_JAE_FUZZ=5000 pytest tests/test_fuzz.py`` looks further.
"""

from __future__ import annotations

import os
import re
import tempfile
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.exceptions import DataConversionWarning

from sk_jae import JointArrays, JointAutoencoder, JointTransferClassifier

N_EXAMPLES = int(os.environ.get("SK_JAE_FUZZ", "150"))
fuzz = settings(
    max_examples=N_EXAMPLES,
    derandomize="SK_JAE_FUZZ" not in os.environ,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
TINY = {
    "n_shared": 2,
    "n_private": 2,
    "encoder": (4,),
    "max_epochs": 1,
    "device": "cpu",
    "random_state": 0,
}
NAMES = ("mnist", "usps", "pen")
METHODS = ("transform", "reconstruct", "predict", "predict_proba", "decision_function")


@dataclass
class Drawn:
    """A value, and whether it may be used; None where that is for others to say."""

    value: Any
    valid: bool | None = True
    size: int = 0


# Samples ---------------------------------------------------------------------------

REAL = [
    *("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
    *("float16", "float32", "float64", "longdouble", ">f4", ">i8"),
]
OTHER = ["complex64", "complex128", "object", "str", "bytes", "datetime64[s]", "void"]

shapes = st.one_of(
    st.tuples(st.integers(1, 5)),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.tuples(st.sampled_from([1, 3, 4]), st.integers(5, 9), st.integers(5, 9)),
    st.tuples(st.integers(5, 9), st.integers(5, 9), st.sampled_from([1, 3, 4])),
    st.tuples(*[st.integers(1, 3)] * 4),
)
odd_shapes = st.one_of(
    st.just(()),
    st.tuples(st.just(0)),
    st.tuples(st.integers(1, 4), st.just(0)),
    st.tuples(st.sampled_from([2, 5]), st.integers(2, 3), st.sampled_from([2, 5])),
)


@st.composite
def arrays(draw, shape=None, n_least=1):
    """One task's samples as an array, mostly good ones."""
    rarely = st.integers(0, 11).map(lambda k: k == 0)
    valid = True
    n = draw(st.integers(n_least, 7))
    if draw(rarely):
        n, valid = 0, False
    if shape is None:
        shape = draw(shapes)
        if draw(rarely):
            shape, valid = draw(odd_shapes), False
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    values = rng.uniform(0, 2, (n, *shape))
    if draw(rarely):
        dtype = draw(st.sampled_from(OTHER))
        if dtype == "void":
            array = np.zeros(values.shape, dtype=[("a", "f4")])
        else:
            array = values.astype("int64" if "date" in dtype else "float64")
            array = array.astype(dtype)
        numbers = dtype == "object"
        valid = valid and numbers
        if numbers and array.size and draw(st.booleans()):
            array.flat[0] = draw(
                st.sampled_from([None, "a", "1", b"1", 1j, {}, 10**400, np.nan, pd.NA])
            )
            valid = False
        return Drawn(array, valid, n)
    array = values.astype(draw(st.sampled_from(REAL)))
    if array.dtype.kind == "f" and array.size and draw(rarely):
        array.flat[-1] = draw(st.sampled_from([np.nan, np.inf, -np.inf]))
        valid = False
    return Drawn(array, valid, n)


@st.composite
def samples(draw, shape=None, n_least=1):
    """One task's samples in any container that has a shape of its own."""
    drawn = draw(arrays(shape, n_least))
    array = drawn.value
    form = draw(st.sampled_from(["array"] * 4 + ["odd"]))
    if form == "array" or not array.ndim:
        return drawn
    form = draw(
        st.sampled_from(
            ["torch", "memmap", "frame", "fortran", "read-only", "strided", "broadcast"]
            + ["masked", "sparse", "subclass"]
        )
    )
    if form == "torch" and array.dtype.kind in "biufc" and array.dtype.isnative:
        if array.dtype != np.longdouble:
            drawn.value = torch.from_numpy(array)
            if array.dtype.kind == "f":
                drawn.value.requires_grad_()
    elif form == "memmap" and array.size and array.dtype != object:
        with tempfile.NamedTemporaryFile() as file:
            drawn.value = np.memmap(file.name, array.dtype, "w+", shape=array.shape)
        drawn.value[:] = array
    elif form == "frame" and array.ndim == 2 and array.dtype.kind != "V":
        drawn.value = pd.DataFrame(array).rename(columns="f{}".format)
    elif form == "fortran":
        drawn.value = np.asfortranarray(array)
    elif form == "read-only":
        array.flags.writeable = False
    elif form == "strided":
        drawn.value = np.repeat(array, 2, axis=0)[::-2]
    elif form == "broadcast" and len(array):
        drawn.value = np.broadcast_to(array[:1], array.shape)
    elif form == "masked" and array.dtype.kind in "biuf":
        masked = draw(st.booleans()) and array.size > 0
        drawn.value = np.ma.masked_array(array, mask=False)
        if masked:
            drawn.value[0] = np.ma.masked
            drawn.valid = False
    elif form == "sparse" and array.ndim == 2 and array.dtype.kind == "f":
        if array.dtype.itemsize in (4, 8) and array.dtype.isnative:
            drawn.value = scipy.sparse.csr_array(array)
            drawn.valid = False
    elif form == "subclass" and array.ndim == 2:
        drawn.value = np.asmatrix(array)
    return drawn


@st.composite
def inputs(draw):
    """X in any form, its tasks, and the verdict."""
    form = draw(st.sampled_from(["array", "nested", "list", "tuple", "dict", "joint"]))
    if form == "array":
        one = draw(samples())
        return Drawn(one.value, one.valid), [one], form
    if form == "nested":
        one = draw(arrays())
        value = one.value.tolist()
        valid = None  # lists forget the dtype, and their empty dimensions
        if one.valid and one.value.dtype.kind in "biuf":
            valid = True
        return Drawn(value, valid), [one], form
    n_tasks = draw(st.sampled_from([2] * 6 + [3] * 3 + [1, 0]))
    tasks = [draw(samples()) for _ in range(n_tasks)]
    if draw(st.integers(0, 9)) == 0 and tasks:
        tasks[draw(st.integers(0, n_tasks - 1))] = Drawn(None, False)
    values = [task.value for task in tasks]
    valid = all(task.valid for task in tasks) and n_tasks > 0
    if form == "dict":
        keys = list(NAMES[:n_tasks])
        if draw(st.integers(0, 15)) == 0 and keys:
            keys[0], valid = 7, False
        return Drawn(dict(zip(keys, values, strict=True)), valid), tasks, form
    if form == "joint":
        named = draw(st.booleans())
        names = dict(zip(NAMES, values, strict=False))
        try:
            container = JointArrays(names if named else values)
        except (TypeError, ValueError):  # tested with the container
            one = draw(samples())
            return Drawn(one.value, one.valid), [one], "array"
        return Drawn(container, valid), tasks, form
    if not any(np.ndim(v) > 1 or v is None or hasattr(v, "nnz") for v in values):
        valid = None if values else False  # rows of one array
    elif n_tasks == 1:
        valid = False
    return Drawn(values if form == "list" else tuple(values), valid), tasks, form


# Labels ----------------------------------------------------------------------------


@st.composite
def labels(draw, n, rarely_odd=8):
    """The labels of one task, with the labels that count as such."""
    if draw(st.integers(0, rarely_odd)) == 0:
        odd = draw(
            st.sampled_from(
                ["longer", "2-d", "scalar", "nan", "fraction", "complex", "mixed"]
                + ["none inside", "huge", "bytes", "dates", "text mark", "ragged"]
            )
        )
        y = np.arange(n) % 2
        value = {
            "longer": np.arange(n + 1) % 2,
            "2-d": np.zeros((n, 2), dtype=int),
            "scalar": 3,
            "nan": np.where(y, np.nan, 1.0),
            "fraction": y + 0.5,
            "complex": y + 1j,
            "mixed": ["a" if k else 1 for k in y],
            "none inside": [None if k else 1 for k in y],
            "huge": [2**70 if k else 1 for k in y],
            "bytes": [b"a" if k else b"b" for k in y],
            "dates": y.astype("datetime64[s]"),
            "text mark": ["-1" if k else "a" for k in y],
            "ragged": [[1, 2] if k else [1] for k in y],
        }[odd]
        few = n < 2 and odd in ("mixed", "none inside", "huge", "text mark", "ragged")
        return Drawn(value, None if few or n == 0 else False)
    choice = draw(
        st.sampled_from(["int", "float", "bool", "str", "object", "mark", "none"])
    )
    if choice == "none":
        return Drawn(None, None)
    codes = np.array(draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)), int)
    value = {
        "int": codes,
        "float": codes.astype(float),
        "bool": codes > 0,
        "str": np.array(["a", "b", "c"])[codes],
        "object": np.array(["a", "b", "c"], dtype=object)[codes],
        "mark": codes - 1,
    }[choice]
    if draw(st.booleans()) and choice in ("str", "object"):
        value = value.astype(object)
        value[: n // 2] = -1
    form = draw(st.sampled_from(["array", "list", "series", "torch", "column"]))
    if form == "list":
        value = value.tolist()
    elif form == "series":
        value = pd.Series(value)
    elif form == "torch" and value.dtype.kind in "bif":
        value = torch.from_numpy(value)
    elif form == "column":
        value = value[:, None]
    return Drawn(value, None if n else False)


# Verdicts --------------------------------------------------------------------------


def check_error(error, n_tasks):
    """The only errors there may be, with a text that says where."""
    assert isinstance(error, (TypeError, ValueError)), repr(error)
    text = str(error)
    assert re.search(r"\btask '|\b[Xy]\b", text), repr(error)
    assert "\n" not in text, repr(error)
    assert text.rstrip().endswith((".", ")")), repr(error)


def fitted(estimator, X, *y):
    """The estimator, or the error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DataConversionWarning)
        try:
            return estimator.fit(X, *y), None
        except Exception as error:
            return estimator, error


def parts_of(output, X, form):
    """The outputs per task, whatever form they come in."""
    if form == "joint":
        parts = output.arrays if isinstance(output, JointArrays) else X.split(output)
        return list(parts.values()) if isinstance(parts, dict) else list(parts)
    if form == "dict":
        assert list(output) == list(X)
        return list(output.values())
    if form in ("list", "tuple"):
        assert isinstance(output, list)
        return output
    return [output]


def check_outputs(estimator, X, tasks, form):
    """Every method gives the right form, shapes and finite values."""
    for method in METHODS:
        if not hasattr(estimator, method):
            continue
        parts = parts_of(getattr(estimator, method)(X), X, form)
        assert len(parts) == len(tasks)
        for t, (part, task) in enumerate(zip(parts, tasks, strict=True)):
            shape = tuple(np.shape(task.value))[1:]
            width = {
                "transform": (4,),
                "reconstruct": shape,
                "predict": (),
                "predict_proba": (len(getattr(estimator, "classes_", ())),),
            }.get(method)
            assert len(part) == task.size
            if width is not None:
                assert part.shape[1:] == width
            if method in ("transform", "reconstruct"):
                assert part.dtype == np.float32
                assert np.isfinite(part).all()
            if method == "predict":
                assert np.isin(part, estimator.task_classes_[t]).all()
            if method == "predict_proba":
                np.testing.assert_allclose(part.sum(1), 1)
    codes = estimator.transform(X)
    if form == "joint":
        codes = X.split(codes)
        codes = codes if len(codes) > 1 or isinstance(codes, dict) else codes[0]
    decoded = estimator.inverse_transform(codes)
    if isinstance(decoded, dict):
        decoded = list(decoded.values())
    for part, task in zip(decoded if len(tasks) > 1 or isinstance(codes, dict) else [decoded], tasks, strict=True):
        assert part.shape == tuple(np.shape(task.value))


@fuzz
@given(inputs())
def test_autoencoder_takes_it_or_says_why(case):
    X, tasks, form = case
    estimator, error = fitted(JointAutoencoder(**TINY), X.value)
    if error is not None:
        check_error(error, len(tasks))
        assert not X.valid, repr(error)
        assert not hasattr(estimator, "net_")
        return
    assert X.valid is not False
    if X.valid:
        check_outputs(estimator, X.value, tasks, form)
        assert np.isfinite(estimator.score(X.value))


@st.composite
def labeled_inputs(draw):
    X, tasks, form = draw(inputs())
    several = form in ("list", "tuple", "dict")
    parts = [draw(labels(task.size)) for task in tasks]
    values = [part.value for part in parts]
    valid = None
    if any(part.valid is False for part in parts) and X.valid:
        valid = False
    if several:
        y = values
        if form == "dict" and isinstance(X.value, dict) and draw(st.booleans()):
            y = dict(zip(X.value, values, strict=True))
        if draw(st.integers(0, 15)) == 0:
            y = draw(st.sampled_from([None, [], {}, "a", 3, np.arange(4)]))
            valid = None
    elif form == "joint":
        y = draw(labels(len(X.value)))
        valid = False if X.valid and y.valid is False else None
        y = y.value
    else:
        y = values[0]
    return X, tasks, form, y, valid


@fuzz
@given(
    labeled_inputs(),
    st.sampled_from(["auto", "shared", "both"]),
    st.sampled_from(["end-to-end"] * 3 + ["common-branch"]),
)
def test_classifier_takes_it_or_says_why(case, head, strategy):
    X, tasks, form, y, valid = case
    estimator = JointTransferClassifier(**TINY, head=head, strategy=strategy)
    estimator, error = fitted(estimator, X.value, y)
    if error is not None:
        assert isinstance(error, (TypeError, ValueError)), repr(error)
        if "strategy='common-branch'" not in str(error):
            check_error(error, len(tasks))
        assert not hasattr(estimator, "net_")
        return
    assert X.valid is not False
    assert valid is not False
    if X.valid:
        check_outputs(estimator, X.value, tasks, form)
        assert 0 <= estimator.score(X.value, y) <= 1


# Prediction ------------------------------------------------------------------------

SHAPES = {"mnist": (3,), "usps": (6, 5)}


@pytest.fixture(scope="module")
def two_tasks():
    rng = np.random.default_rng(0)
    X = {name: rng.uniform(size=(8, *shape)) for name, shape in SHAPES.items()}
    y = {"mnist": np.arange(8) % 2}
    return JointTransferClassifier(**TINY).fit(X, y)


@st.composite
def prediction_inputs(draw):
    """Any input to an estimator fitted on two named tasks, and the verdict."""
    names = list(SHAPES)
    tasks = []
    for name in names:
        kind = draw(st.sampled_from(["right"] * 5 + ["none", "any"]))
        if kind == "none":
            tasks.append(Drawn(None))
        else:
            tasks.append(draw(samples(SHAPES[name] if kind == "right" else None)))
            if np.shape(tasks[-1].value)[1:] != SHAPES[name]:
                tasks[-1].valid = False
    values = [task.value for task in tasks]
    valid = all(task.valid for task in tasks) and any(v is not None for v in values)
    form = draw(st.sampled_from(["list", "tuple", "dict", "joint", "array"]))
    if form == "array":
        return Drawn(values[0], False), tasks, form
    if form in ("list", "tuple"):
        return Drawn(values if form == "list" else tuple(values), valid), tasks, form
    order = draw(st.permutations(names))
    chosen = order[: draw(st.sampled_from([2, 2, 1]))]
    by_name = dict(zip(names, values, strict=True))
    by_task = dict(zip(names, tasks, strict=True))
    X = {name: by_name[name] for name in chosen}
    tasks = [by_task[name] for name in chosen]
    valid = all(task.valid for task in tasks)
    valid = valid and any(task.value is not None for task in tasks)
    if form == "dict":
        return Drawn(X, valid), tasks, form
    try:
        return Drawn(JointArrays(X), valid), tasks, form
    except (TypeError, ValueError):  # tested with the container
        return Drawn(X, valid), tasks, "dict"


@fuzz
@given(prediction_inputs())
def test_prediction_takes_it_or_says_why(two_tasks, case):
    X, tasks, form = case
    for method in METHODS:
        try:
            output = getattr(two_tasks, method)(X.value)
        except Exception as error:
            check_error(error, 2)
            assert not X.valid, repr(error)
            continue
        assert X.valid
        for part, task in zip(parts_of(output, X.value, form), tasks, strict=True):
            if task.value is None:
                assert part is None
                continue
            assert len(part) == task.size
            if method == "reconstruct":
                assert part.shape == tuple(np.shape(task.value))
            # The same samples in another form have the same result.
            name = next(n for n, s in SHAPES.items() if s == np.shape(task.value)[1:])
            alone = getattr(two_tasks, method)({name: task.value})[name]
            np.testing.assert_array_equal(part, alone)
