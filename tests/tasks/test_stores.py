"""Rows in files of h5py, zarr, dask and pyarrow."""

from __future__ import annotations

import pickle

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.feather
import pyarrow.parquet
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV

from sk_jae import JointAutoencoder, pack
from tests.helpers.small import SMALL, equal_weights, make_tasks
from tests.helpers.stores import Samples, no_new_threads, with_small_buffers

(ARRAY, OTHER), _ = make_tasks((90, 20))
ARRAY = ARRAY.astype(np.float32)


def h5py_chunks(folder, **parameters):
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "x.h5", "w") as file:
        file.create_dataset("group/x", data=ARRAY, **parameters)
    return h5py.File(folder / "x.h5", "r")["group/x"]


def zarr_array(folder):
    zarr = pytest.importorskip("zarr")
    array = zarr.open(
        str(folder / "x.zarr"), mode="w", shape=ARRAY.shape, chunks=(7, 3), dtype="f4"
    )
    array[:] = ARRAY
    return array


def dask_array(folder):
    dask = pytest.importorskip("dask.array")
    return dask.from_array(ARRAY, chunks=((40, 11, 39), (2, 4)))


def table(folder):
    columns = {f"column {i}": ARRAY[:, i] for i in range(6)}
    for k, rows in enumerate((slice(0, 50), slice(50, 90))):
        part = pa.table({name: values[rows] for name, values in columns.items()})
        pyarrow.parquet.write_table(part, folder / f"{k}.parquet", row_group_size=15)
    return pyarrow.dataset.dataset(folder)


def lists(folder):
    column = pa.FixedSizeListArray.from_arrays(pa.array(ARRAY.ravel()), 6)
    pyarrow.parquet.write_table(
        pa.table({"x": column}), folder / "x.parquet", row_group_size=15
    )
    return pyarrow.dataset.dataset(folder / "x.parquet")


def feather(folder):
    (folder / "feather").mkdir()
    columns = {f"column {i}": ARRAY[:, i] for i in range(6)}
    for k, rows in enumerate((slice(0, 40), slice(40, 90))):
        part = pa.table({name: values[rows] for name, values in columns.items()})
        path = folder / "feather" / f"{k}.feather"
        pyarrow.feather.write_feather(part, path, chunksize=20)
    return pyarrow.dataset.dataset(folder / "feather", format="feather")


extra = pytest.mark.extra
FORMS = [
    pytest.param(lambda folder: h5py_chunks(folder), id="h5py", marks=extra),
    pytest.param(lambda f: h5py_chunks(f, chunks=(7, 2)), id="chunks", marks=extra),
    pytest.param(zarr_array, id="zarr", marks=extra),
    pytest.param(dask_array, id="dask", marks=extra),
    pytest.param(table, id="parquet"),
    pytest.param(lists, id="lists in parquet"),
    pytest.param(feather, id="feather"),
    pytest.param(lambda folder: Samples(ARRAY), id="torch"),
]


@pytest.fixture(params=FORMS)
def source(request, tmp_path, monkeypatch):
    with_small_buffers(monkeypatch)
    return request.param(tmp_path)


@pytest.mark.parametrize(
    "key",
    [slice(3, 70), slice(None, None, 3), [50, 2, 2, 71, 3], [], slice(None, None, -1)],
)
def test_selections_hold_the_right_rows(source, key):
    found, expected = pack([source, OTHER])[0][key], pack([ARRAY, OTHER])[0][key]
    assert_array_equal(found.arrays[0], expected.arrays[0])
    assert found.arrays[0].dtype == np.float32
    assert_array_equal(pickle.loads(pickle.dumps(found)).arrays[0], expected.arrays[0])


def test_it_is_learned_from_and_encoded(source):
    with no_new_threads():
        jae = JointAutoencoder(**SMALL).fit([source, OTHER])
    same = JointAutoencoder(**SMALL).fit(pack([source, OTHER])[0])
    assert equal_weights(jae, same)
    assert_array_equal(
        jae.transform([source, None])[0], jae.transform([ARRAY, None])[0]
    )
    X, plain = pack([source, OTHER])[0][::-2], pack([ARRAY, OTHER])[0][::-2]
    assert_array_equal(jae.transform(X), jae.transform(plain))
    assert jae.score(X) == pytest.approx(jae.score(plain))


@pytest.mark.extra
@pytest.mark.parametrize("form", [h5py_chunks, zarr_array, table])
def test_processes_of_a_search_read_the_files_themselves(form, tmp_path):
    X, _ = pack([form(tmp_path), OTHER])
    for rows in (ARRAY, ARRAY.T):
        assert rows[:2].tobytes() not in pickle.dumps(X)
    grid = {"n_shared": [2, 3]}
    found = GridSearchCV(JointAutoencoder(**SMALL), grid, cv=2, n_jobs=2).fit(X)
    alone = GridSearchCV(JointAutoencoder(**SMALL), grid, cv=2).fit(X)
    assert_array_equal(
        found.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )


def test_columns_have_names(tmp_path):
    dataset = table(tmp_path)
    jae = JointAutoencoder(**SMALL).fit([dataset, OTHER])
    assert jae.layouts_[0].columns == tuple(dataset.schema.names)
    turned = dataset.replace_schema(pa.schema(list(dataset.schema)[::-1]))
    for X in ([turned, None], pack([turned, OTHER])[0]):
        with pytest.raises(ValueError, match="'task0' has the features column 5, "):
            jae.transform(X)
    two = dataset.replace_schema(pa.schema(list(dataset.schema)[:2]))
    assert JointAutoencoder(**SMALL).fit(two).n_features_in_ == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda d: d.filter(pa.dataset.field("column 0") > 0),
            "'a' cannot be read: .*filter",
        ),
        (
            lambda d: pyarrow.dataset.dataset(pa.table({"x": ["text"] * 40})),
            "'a' has dtype object, expected numbers",
        ),
        (
            lambda d: pyarrow.dataset.dataset(pa.table({"x": [1.0, None] * 20})),
            "'a' cannot be read: its column 'x' has missing values",
        ),
    ],
)
def test_tables_that_cannot_be_used_are_refused(change, message, tmp_path):
    with pytest.raises((ValueError, TypeError), match=message):
        JointAutoencoder(**SMALL).fit({"a": change(table(tmp_path)), "b": OTHER})
