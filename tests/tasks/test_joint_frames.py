"""Dataframes inside `JointArrays`: they stay what they are, by rows and by name."""

from __future__ import annotations

import copy
import pickle
import tracemalloc

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sk_jae import JointArrays, JointAutoencoder, JointTransferClassifier, pack
from sk_jae.preprocessing import PerTask
from tests.helpers.refusals import assert_has, refusal
from tests.helpers.small import SMALL

N = 24
Y = np.arange(N) % 2


def content(n=N):
    rng = np.random.default_rng(0)
    color = rng.permutation(["red", "green", None] * n)[:n]
    return {
        "size": rng.normal(size=n) + Y[:n],
        "color": color.tolist(),
        "count": [None if i % 5 == 0 else i for i in range(n)],
        "old": [i % 3 == 0 for i in range(n)],
    }


def pandas(data):
    return pd.DataFrame(data).convert_dtypes()


def categories(data):
    n = len(next(iter(data.values())))
    frame = pd.DataFrame(data, index=pd.date_range("2020", periods=n))
    return frame.astype({name: "category" for name in frame if "color" in name})


MAKERS = {
    "pandas": pandas,
    "categories": categories,
    "polars": pl.DataFrame,
    "pyarrow": pa.table,
}
made = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
OTHER = np.random.default_rng(1).normal(size=(15, 3))


def rows_of(frame):
    """The rows of any dataframe, with None for what is missing."""
    if isinstance(frame, pd.DataFrame):
        frame = frame.astype(object).where(frame.notna(), None)
        return frame.to_numpy().tolist()
    rows = frame.to_pylist() if isinstance(frame, pa.Table) else frame.to_dicts()
    return [list(row.values()) for row in rows]


@made
def test_a_dataframe_stays_one_and_is_not_copied(make):
    frame = make(content())
    X = JointArrays({"frame": frame, "array": OTHER})
    assert X.samples[0] is frame
    assert X.samples[1] is OTHER
    assert repr(X).startswith(
        f"JointArrays(n_samples=39, frame: (24, 4) {type(frame).__name__}, array: (15"
    )
    assert f"<td>{type(frame).__name__}</td>" in X._repr_html_()


@made
def test_selections_of_rows(make):
    frame = make(content())
    X = JointArrays([frame, OTHER])
    all_rows = rows_of(frame)
    chosen = np.random.default_rng(0).permutation(len(X))[:20]
    for key in (chosen, slice(5, 20), slice(None, None, -1), X.task == 1, [3, 3]):
        part = X[key]
        rows = np.arange(N)[X._row[key][X.task[key] == 0]]
        assert type(part.samples[0]) is type(frame)
        assert rows_of(part.samples[0]) == [all_rows[i] for i in rows]
        again = part[::-1]
        assert rows_of(again.samples[0]) == [all_rows[i] for i in rows[::-1]]


@made
def test_copies_and_equal_content(make):
    data = content()
    X = JointArrays([make(data), OTHER])
    chosen = np.random.default_rng(0).permutation(len(X))
    inverse = np.argsort(chosen)
    equals = [
        X[:],
        X[chosen][inverse],
        JointArrays([make({k: list(v) for k, v in data.items()}), OTHER.copy()]),
        pickle.loads(pickle.dumps(X)),
        pickle.loads(pickle.dumps(X[chosen]))[inverse],
        copy.deepcopy(X),
    ]
    for equal in equals:
        assert rows_of(equal.samples[0]) == rows_of(X.samples[0])
        assert type(equal.samples[0]) is type(X.samples[0])
        assert joblib.hash(equal) == joblib.hash(X)
        assert_array_equal(equal.task, X.task)
    others = [
        X[chosen],
        JointArrays([make({**data, "size": np.asarray(data["size"]) + 1}), OTHER]),
        JointArrays([make({f"{k}s": v for k, v in data.items()}), OTHER]),
        JointArrays([make(dict(reversed(data.items()))), OTHER]),
    ]
    assert len({joblib.hash(other) for other in [X, *others]}) == 5


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_arrays_are_those_of_the_frames(make):
    data = {name: OTHER[:, i] for i, name in enumerate("abc")}
    X = JointArrays([make(data), OTHER])
    for container in (X, X[::-1]):
        assert_array_equal(container.arrays[0], container.arrays[1])
        assert isinstance(container.arrays[0], np.ndarray)


def test_a_selection_copies_nothing_but_indices():
    X = JointArrays([np.zeros((1000, 500)), pd.DataFrame(np.zeros((900, 300)))])
    chosen = np.random.default_rng(0).permutation(len(X))
    tracemalloc.start()
    part = X[chosen[:1500]][::2]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000 < X.samples[0].nbytes / 10
    assert len(part.samples[0]) + len(part.samples[1]) == 750


def test_columns_keep_their_kinds_in_workers():
    X = JointArrays([categories(content()), OTHER])[::-1]

    def kinds(X):
        return [str(dtype) for dtype in X.samples[0].dtypes], X.samples[0].index[0]

    (found,) = joblib.Parallel(n_jobs=2)([joblib.delayed(kinds)(X)])
    assert found == kinds(X)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_names_and_order_of_columns_are_those_of_fit(make):
    data = {name: OTHER[:, i] for i, name in enumerate("abc")}
    frame, other = make(data), make(dict(reversed(data.items())))
    renamed = make({f"{name}1": column for name, column in data.items()})
    jae = JointAutoencoder(**SMALL, warm_start=True).fit([frame, OTHER])
    before = jae.transform([frame, None])[0]
    for X in ([other, OTHER], [renamed, OTHER]):
        for given in (X, pack(X)[0], pack(X)[0][::2]):
            for call in (jae.transform, jae.score, jae.reconstruct, jae.fit):
                text = refusal(call, given)
                assert_has(text, "X of task 'task0' has the features", "a, b, c as in")
    assert_array_equal(jae.transform([frame, None])[0], before)
    jae.fit(pack([frame, OTHER])[0])
    JointAutoencoder(**SMALL).fit([frame, OTHER]).fit([other, OTHER])  # a new start


def test_columns_by_name_in_a_search():
    frame = pd.DataFrame(content()).drop(columns="old")
    small = pd.DataFrame(
        {"size": np.arange(15.0), "color": ["red", "green", "red"] * 5}
    )
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["size"]),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["color"]),
    )
    pipe = make_pipeline(PerTask(columns), JointTransferClassifier(**SMALL))
    X, y = pack([frame, small], [Y, None])
    grid = {"jointtransferclassifier__n_shared": [2, 3]}
    search = GridSearchCV(pipe, grid, cv=2, error_score="raise", n_jobs=2).fit(X, y)
    assert np.isfinite(search.best_score_)
    expected = search.best_estimator_.predict([frame, small])
    for found, other in zip(X.split(search.predict(X)), expected, strict=True):
        assert_array_equal(found, other)


def test_frames_of_one_transformer_reach_the_next():
    frame = pd.DataFrame({name: OTHER[:, i] for i, name in enumerate("abc")})
    scaler = PerTask(StandardScaler()).set_output(transform="pandas")
    first = PerTask(make_column_transformer(("passthrough", ["b", "a"])))
    X, _ = pack([frame, frame])
    found = make_pipeline(scaler, first).fit_transform(X)
    scaled = StandardScaler().fit_transform(frame)
    assert_array_equal(found.arrays[1], scaled[:, [1, 0]])
    pipe = make_pipeline(scaler, first, JointAutoencoder(**SMALL))
    assert np.isfinite(cross_val_score(pipe, X, cv=2, error_score="raise")).all()


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_frames_are_trained_on_like_arrays(make):
    data = {name: OTHER[:, i] for i, name in enumerate("abc")}
    y = [np.arange(15) % 2, None]
    expected = JointTransferClassifier(**SMALL).fit([OTHER, OTHER], y)
    for tasks in ([make(data), OTHER], pack([make(data), OTHER])[0]):
        labels = y if isinstance(tasks, list) else pack([OTHER, OTHER], y)[1]
        clf = JointTransferClassifier(**SMALL).fit(tasks, labels)
        found = clf.transform([make(data), None])[0]
        assert_array_equal(found, expected.transform([OTHER, None])[0])
    assert_array_equal(clf.translate(make(data), 0, 1), expected.translate(OTHER, 0, 1))
