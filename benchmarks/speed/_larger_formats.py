"""The forms in which samples are kept that are larger than memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

N_FEATURES = 1024
# Rows of a chunk, of 1 MB.
CHUNK = 256


def blocks(n: int) -> Iterator[tuple[int, np.ndarray]]:
    """The samples, a few at a time, and where they begin."""
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(16, N_FEATURES)).astype(np.float32)
    for start in range(0, n, 16 * CHUNK):
        size = min(16 * CHUNK, n - start)
        values = rng.standard_normal((size, 16), dtype=np.float32) @ mixing
        yield start, values + rng.random((size, N_FEATURES), dtype=np.float32)


def make(name: str, folder: Path, n: int) -> None:
    """Write the samples in one form."""
    shape = (n, N_FEATURES)
    target: Any
    if name in ("memory map", "torch Dataset"):
        target = np.lib.format.open_memmap(
            folder / "x.npy", "w+", dtype=np.float32, shape=shape
        )
    elif name == "h5py":
        import h5py

        file = h5py.File(folder / "x.h5", "w")
        target = file.create_dataset("x", shape, "f4", chunks=(CHUNK, N_FEATURES))
    elif name in ("zarr", "zarr, compressed", "dask"):
        import zarr

        chunks = (4 * CHUNK, N_FEATURES)
        target = zarr.create_array(
            str(folder / "x.zarr"),
            shape=shape,
            chunks=chunks,
            dtype="f4",
            # Files of h5py are not compressed by default, those of zarr are.
            compressors="auto" if name == "zarr, compressed" else None,
        )
    elif name == "parquet":
        _make_parquet(folder / "x.parquet", n)
        return
    else:
        return
    for start, block in blocks(n):
        target[start : start + len(block)] = block


def _make_parquet(path: Path, n: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kind = pa.list_(pa.float32(), N_FEATURES)
    schema = pa.schema([pa.field("x", kind)])
    plain = {"use_dictionary": False, "compression": "none"}
    with pq.ParquetWriter(path, schema, **plain) as writer:
        for _, block in blocks(n):
            values = pa.array(block.reshape(-1))
            column = pa.FixedSizeListArray.from_arrays(values, N_FEATURES)
            writer.write_table(pa.table([column], schema=schema), row_group_size=CHUNK)


def _in_memory(folder: Path, n: int) -> Any:
    found = np.empty((n, N_FEATURES), np.float32)
    for start, block in blocks(n):
        found[start : start + len(block)] = block
    return found


def _h5py(folder: Path, n: int) -> Any:
    import h5py

    return h5py.File(folder / "x.h5", "r")["x"]


def _zarr(folder: Path, n: int) -> Any:
    import zarr

    return zarr.open_array(str(folder / "x.zarr"), mode="r")


def _dask(folder: Path, n: int) -> Any:
    import dask.array

    return dask.array.from_zarr(str(folder / "x.zarr"))


def _parquet(folder: Path, n: int) -> Any:
    import pyarrow.dataset

    return pyarrow.dataset.dataset(folder / "x.parquet")


def _memory_map(folder: Path, n: int) -> Any:
    return np.load(folder / "x.npy", mmap_mode="r")


def _torch(folder: Path, n: int) -> Any:
    import torch

    class Rows(torch.utils.data.Dataset):  # type: ignore[misc]
        def __init__(self) -> None:
            self.x = np.load(folder / "x.npy", mmap_mode="r")

        def __len__(self) -> int:
            return len(self.x)

        def __getitem__(self, i: int) -> Any:
            return self.x[i]

    return Rows()


OPEN: dict[str, Callable[[Path, int], Any]] = {
    "memory": _in_memory,
    "memory map": _memory_map,
    "h5py": _h5py,
    "zarr": _zarr,
    "zarr, compressed": _zarr,
    "dask": _dask,
    "parquet": _parquet,
    "torch Dataset": _torch,
}
