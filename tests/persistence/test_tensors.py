"""The arrays of a file: a safetensors file like those of the library itself."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, from_dtype
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from sk_jae.exceptions import DamagedFileError
from sk_jae.persistence import read_state, write_state
from tests.helpers.model_files import members_of, put_together

DTYPES = [
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"),
    *("uint64", "float16", "float32", "float64"),
]
ARRAYS = st.sampled_from(DTYPES).flatmap(
    lambda dtype: arrays(
        dtype,
        array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
        elements=from_dtype(np.dtype(dtype), allow_nan=False),
    )
)
NAMES = st.text(st.characters(codec="utf-8"), max_size=4).filter(
    lambda name: not name.startswith("$")
)
LARGE = {"a": np.arange(600_000.0), "b": np.arange(3), "c": np.ones(999_999, "uint8")}


@settings(deadline=None, max_examples=60)
@given(state=st.dictionaries(NAMES, ARRAYS, max_size=5))
def test_it_is_what_the_library_writes_and_the_library_reads_it(
    state, tmp_path_factory
):
    path = tmp_path_factory.mktemp("tensors") / "file"
    write_state(path, "test", state)
    member = members_of(path)["weights.safetensors"]
    assert member == save_tensors(state)
    theirs, ours = load_tensors(member), read_state(path, "test").state
    assert ours.keys() == theirs.keys() == state.keys()
    for name, array in state.items():
        for found in (theirs[name], ours[name]):
            assert found.dtype == array.dtype
            np.testing.assert_array_equal(found, array)


def test_a_large_file_too(tmp_path):
    path = tmp_path / "file"
    write_state(path, "test", LARGE)
    assert members_of(path)["weights.safetensors"] == save_tensors(LARGE)
    found = read_state(path, "test").state
    for name, array in LARGE.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("name", ["__metadata__", "\ud800", "", "a/b"])
def test_names_that_mean_something_else_there(name, tmp_path):
    path = tmp_path / "file"
    state = {name: np.arange(3), "a": {"b": np.zeros(2)}, "?": np.ones(2)}
    write_state(path, "test", state)
    assert len(load_tensors(members_of(path)["weights.safetensors"])) == 3
    found = read_state(path, "test").state
    assert list(found) == list(state)
    np.testing.assert_array_equal(found[name], state[name])


def test_arrays_have_memory_like_that_of_torch(tmp_path):
    write_state(tmp_path / "file", "test", LARGE)
    found = read_state(tmp_path / "file", "test").state
    for array in found.values():
        assert array.ctypes.data % 64 == 0
        assert array.flags.writeable
        array[...] = 0  # and none shares it with another one
    assert not any(array.any() for array in found.values())


@pytest.mark.parametrize("place", [0.3, 0.8, 0.95])
def test_damage_in_a_large_file_is_refused(place, tmp_path):
    path = tmp_path / "file"
    write_state(path, "test", LARGE)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 4
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match="checksum"):
        read_state(path, "test")


def test_no_second_copy_is_made(tmp_path):
    state = {str(k): np.ones(1_000_000) for k in range(4)}
    size = sum(array.nbytes for array in state.values())
    peaks = []
    tracemalloc.start()
    write_state(tmp_path / "file", "test", state)
    peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.reset_peak()
    found = read_state(tmp_path / "file", "test").state
    peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    assert len(found) == 4
    assert peaks[0] < size / 8
    assert peaks[1] < size * 9 / 8


AT_EXIT = """
import atexit, sys
import numpy as np
from sk_jae.persistence import read_state, write_state

def end():
    write_state(sys.argv[1], "test", {"a": np.arange(600_000.0)})
    print(read_state(sys.argv[1], "test").state["a"][-1])

atexit.register(end)
"""


def test_it_can_be_written_while_python_ends(tmp_path):
    """Python starts no threads then."""
    command = [sys.executable, "-c", AT_EXIT, str(tmp_path / "file")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.stdout == "599999.0\n", run.stderr


@pytest.fixture
def path(tmp_path):
    state = {"weights": {"a": np.arange(6.0).reshape(2, 3)}}
    write_state(tmp_path / "file", "test", state)
    return tmp_path / "file"


def tensors(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


ENTRY = {"dtype": "F64", "shape": [2, 3], "data_offsets": [0, 48]}
NOTHING = {"dtype": "F64", "shape": [0], "data_offsets": [48, 48]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        struct.pack("<Q", 2**63) + b"{}",
        tensors({"weights/a": {**ENTRY, "shape": [2**40, 2**40]}}, bytes(48)),
        tensors({"weights/a": {**ENTRY, "data_offsets": [0, 2**60]}}, bytes(48)),
        tensors({"weights/a": {**ENTRY, "data_offsets": [-48, 0]}}, bytes(48)),
        tensors({"weights/a": {**ENTRY, "dtype": "O"}}, bytes(48)),
        tensors({"weights/a": {**ENTRY, "shape": [float("nan")]}}, bytes(48)),
        tensors({"weights/a": {**ENTRY, "shape": ["6"]}}, bytes(48)),
        tensors({"weights/a": 1}, bytes(48)),
        tensors({"weights/a": ENTRY}, bytes(47)),
        tensors({"weights/a": ENTRY}, bytes(56)),
        tensors({"weights/a": ENTRY, "weights/b": ENTRY}, bytes(48)),
        tensors(
            b'{"weights/a":%s,"weights/a":%s}' % ((json.dumps(ENTRY).encode(),) * 2),
            bytes(48),
        ),
        tensors({"weights/a": {**ENTRY, "more": 1}}, bytes(48)),
        tensors({"weights/a": {**ENTRY, "shape": [True, 6]}}, bytes(48)),
        tensors({"weights/a": {**ENTRY, "shape": [1] * 94 + [6]}}, bytes(48)),
        tensors({"weights/a": {**ENTRY, "data_offsets": [8, 56]}}, bytes(56)),
        tensors({"weights/a": ENTRY, "more": {**NOTHING, "shape": [2**70, 0]}}),
        tensors({"weights/a": {**ENTRY, "dtype": "BOOL", "shape": [48]}}, b"\2" * 48),
        tensors(b"[]"),
        b"\x80\x05}\x94\x8c\x01a\x94K\x01s.",  # a pickle
    ],
)
def test_tensors_that_were_made_by_hand_are_refused(path, content):
    put_together(path, {**members_of(path), "weights.safetensors": content}, sums=True)
    with pytest.raises(DamagedFileError):
        read_state(path, "test")
