"""Plain values come back as they were, with their types."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sk_jae.exceptions import NotSavableError
from sk_jae.persistence import read_state, write_state


def there_and_back(value, folder):
    path = folder / "file"
    write_state(path, "test", value)
    return read_state(path, "test").state


def same(one, other):
    """Equality that tells 1 from 1.0 and from True, and finds NaN equal to NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        alike = one.dtype == other.dtype and one.shape == other.shape
        if one.dtype == object:
            return alike and all(map(same, one.ravel(), other.ravel()))
        return alike and np.array_equal(
            one.tolist(), other.tolist(), one.dtype.kind in "f"
        )
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one), list(other)) and all(same(one[k], other[k]) for k in one)
    if isinstance(one, (float, np.floating)) and math.isnan(one):
        return math.isnan(other)
    return one == other and getattr(one, "dtype", 0) == getattr(other, "dtype", 0)


ARRAYS = [
    np.arange(6, dtype=dtype).reshape(2, 3)
    for dtype in [
        "int8",
        "uint8",
        "int16",
        "uint16",
        "int32",
        "uint32",
        "int64",
        "uint64",
        "float16",
        "float32",
        "float64",
    ]
] + [
    np.array([True, False]),
    np.array(3.5),
    np.zeros((0, 4), dtype=np.float32),
    np.arange(24.0).reshape(2, 3, 4).transpose(2, 0, 1),
    np.arange(10)[::-3],
    np.array(["a", "wörld", ""]),
    np.array(["short"], dtype="<U30"),
    np.array([], dtype="<U3"),
    np.array([[b"a", b"\xff\x00b"]]),
    np.array(["2020-01-01", "NaT"], dtype="datetime64[D]"),
    np.array([5, 7], dtype="timedelta64[ms]"),
    np.array([1, "a", None, 2.5, (1, "x")], dtype=object),
    np.array([], dtype=object),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype}{a.shape}")
def test_arrays_come_back_with_their_dtype(array, tmp_path):
    found = there_and_back({"a": array, "b": [array]}, tmp_path)
    assert same(found["a"], array)
    assert same(found["b"][0], array)
    assert found["a"].flags.writeable


def test_byte_order_is_made_native(tmp_path):
    found = there_and_back(np.arange(3, dtype=">f4"), tmp_path)
    assert same(found, np.arange(3, dtype=np.float32))


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="needs numpy 2")
def test_strings_of_numpy_2_come_back(tmp_path):
    array = np.array(["a", "wörld"], dtype=np.dtypes.StringDType())
    found = there_and_back(array, tmp_path)
    assert found.dtype == array.dtype
    assert found.tolist() == array.tolist()


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=5)
    | st.binary(max_size=5)
    | st.sampled_from([np.float32(0.1), np.int64(3), np.bool_(True), np.str_("x")]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(
            st.text(max_size=3)
            | st.integers()
            | st.sampled_from(["$array", "$tuple", "a/b"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=100)
@given(value=PLAIN)
def test_any_plain_value_comes_back(value, tmp_path_factory):
    folder = tmp_path_factory.mktemp("values")
    assert same(there_and_back({"x": value}, folder)["x"], value)


def test_keys_that_look_like_paths_do_not_collide(tmp_path):
    value = {"a": {"b": np.zeros(2)}, "a/b": np.ones(3)}
    found = there_and_back(value, tmp_path)
    assert same(found, value)


def recursive():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (object(), r"row/k is a object"),
        ({1, 2}, r"row/k is a set"),
        (1j, r"row/k is a complex"),
        (lambda x: x, r"row/k is a function"),
        (np.array([1j]), r"row/k is an array of complex128"),
        (np.array([object()]), r"row/k is a object"),
        (np.zeros(2, dtype=[("a", int)]), r"row/k is an array of"),
        (np.longdouble(1), r"row/k is an array of"),
        (recursive(), r"nested too deeply"),
        (10**2000, r"row/k is a int"),
    ],
)
def test_other_values_are_refused_by_their_path(value, words, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"earlier")
    with pytest.raises(NotSavableError, match=words):
        write_state(path, "test", {"row": {"k": value}})
    assert path.read_bytes() == b"earlier"
