"""Samples of any dtype, memory layout and place, read batch by batch."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch

from sk_jae import JointAutoencoder
from sk_jae.tasks.layout_choice import infer_layout
from sk_jae.training import units
from sk_jae.training.batches import TaskData
from sk_jae.training.reading import read_batches, to_module
from tests.helpers.batches import CPU, training_batches, validation_batches


def images(shape, dtype):
    rng = np.random.default_rng(0)
    if np.dtype(dtype).kind == "b":
        return rng.random(shape) < 0.5
    if np.dtype(dtype).kind == "f":
        return rng.normal(size=shape).astype(dtype)
    return rng.integers(0, 100, shape).astype(dtype)


DTYPES = [
    *("bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "longdouble", ">f4", ">f8", ">i4", ">u2"),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("shape", "choice", "axes"),
    [
        ((6, 5), "auto", None),
        ((6, 6, 7), "auto", None),
        ((6, 4, 5), "signal", None),
        ((6, 4, 5), "vector", None),
        ((6, 3, 4, 5), "channels_first", None),
        ((6, 4, 5, 3), "channels_last", (0, 3, 1, 2)),
        ((6, 60), (3, 4, 5), None),
    ],
)
def test_samples_reach_the_module_as_plain_numpy_would_give_them(
    dtype, shape, choice, axes
):
    array = images(shape, dtype)
    layout = infer_layout(array, choice, "X")
    expected = array.astype(np.float32)
    if array.dtype == np.uint8 and layout.is_image:
        expected = expected / 255
    if axes is not None:
        expected = expected.transpose(axes)
    expected = expected.reshape(len(array), *layout.module_shape)
    x = to_module(array, layout, CPU)
    assert x.dtype == torch.float32
    np.testing.assert_allclose(x.numpy(), expected, rtol=1e-6)


def variants():
    array = images((12, 6, 7), "float32")
    readonly = array.copy()
    readonly.flags.writeable = False
    yield "reversed rows", array[::-1]
    yield "reversed columns", array[:, :, ::-1]
    yield "every second row", array[::2]
    yield "transposed", np.asfortranarray(array)
    yield "readonly", readonly
    yield "readonly and reversed", readonly[::-1]
    yield "one sample for all", np.broadcast_to(array[:1], array.shape)


@pytest.mark.parametrize(
    "array", [pytest.param(array, id=name) for name, array in variants()]
)
@pytest.mark.filterwarnings("error")
def test_any_memory_layout_is_read(array):
    layout = infer_layout(array, "auto", "X")
    before = array.copy()
    np.testing.assert_array_equal(to_module(array, layout, CPU)[:, 0].numpy(), array)
    parts = torch.cat([x for *_, x in read_batches(array, layout, CPU, 5)])
    np.testing.assert_array_equal(parts[:, 0].numpy(), array)
    rows = (np.arange(len(array)),)
    data = TaskData((array,), (layout,), (None,), ("a",), rows)
    read = torch.cat([b.inputs[0] for b in training_batches(data, 5, CPU, 0)])
    flat = array.reshape(len(array), -1)
    np.testing.assert_array_equal(
        np.sort(read.reshape(len(read), -1).numpy(), 0), np.sort(flat, 0)
    )
    np.testing.assert_array_equal(array, before)


def test_batches_of_go_through_a_task_in_order():
    array = images((10, 3), "float64")
    layout = infer_layout(array, "auto", "X")
    parts = [x for *_, x in read_batches(array, layout, CPU, 4)]
    assert [len(part) for part in parts] == [4, 4, 2]
    np.testing.assert_array_equal(torch.cat(parts).numpy(), array.astype(np.float32))


class Recorder(np.memmap):
    """A memory map that takes note of how many rows are read at a time."""

    def __getitem__(self, key):
        result = super().__getitem__(key)
        if np.ndim(result) == self.ndim:
            self.read.append(len(result))
        return result

    def __array_finalize__(self, obj):
        super().__array_finalize__(obj)
        self.read = getattr(obj, "read", [])


@pytest.mark.filterwarnings("error")
def test_a_memory_map_is_read_batch_by_batch(tmp_path):
    expected = images((50, 6, 7), "uint8")
    expected.tofile(tmp_path / "x")
    array = Recorder(tmp_path / "x", dtype=np.uint8, mode="r", shape=(50, 6, 7))
    array.read = []
    layout = infer_layout(array, "auto", "X")
    data = TaskData((array,), (layout,), (None,), ("a",), (np.arange(50),))
    batches = training_batches(data, 10, CPU, 0)
    assert array.read == []
    list(batches)
    list(validation_batches(data, 10, CPU))
    parts = torch.cat([x for *_, x in read_batches(array, layout, CPU, 10)])
    assert array.read == [10] * 15
    np.testing.assert_allclose(parts[:, 0].numpy(), expected / 255, rtol=1e-6)


def test_a_memory_map_is_never_held_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(units, "_MOST_ROWS", 500)
    shape = (8000, 28, 28)
    array = Recorder(tmp_path / "x", dtype=np.uint8, mode="w+", shape=shape)
    jae = JointAutoencoder(
        encoder=(4,), max_epochs=1, batch_size=250, early_stopping=True, device="cpu"
    )
    jae.fit([array[:9], images((9, 3), "float32")])  # for what is done only once
    array.read = []
    tracemalloc.start()
    try:
        jae.fit([array, images((50, 3), "float32")])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    jae.transform([array, None])
    assert max(array.read) <= 1024
    # An epoch, the codes, looks at some samples before and after, and all that are held
    # out (a tenth) once more for their R^2.
    assert 2 * len(array) <= sum(array.read) <= 2.2 * len(array)
    assert peak < array.nbytes / 3


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_gpu_gets_the_same_batches(dtype, mapped, tmp_path):
    array = images((50, 6, 7), dtype)
    if mapped:
        file = tmp_path / "array.npy"
        np.save(file, array)
        array = np.load(file, mmap_mode="r")  # read batch by batch
    array.flags.writeable = False
    layout = infer_layout(array, "auto", "X")
    data = TaskData((array,), (layout,), (np.arange(50),), ("a",), (np.arange(50),))
    on_cpu = list(training_batches(data, 8, CPU, 0))
    on_gpu = list(training_batches(data, 8, torch.device("cuda"), 0))
    for one, other in zip(on_cpu, on_gpu, strict=True):
        assert other.inputs[0].is_cuda
        torch.testing.assert_close(other.inputs[0].cpu(), one.inputs[0])
        torch.testing.assert_close(other.labels[0].cpu(), one.labels[0])
