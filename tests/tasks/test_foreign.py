"""Objects that are no arrays: taken for what they hold, or refused with the way."""

from __future__ import annotations

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
import torch
from numpy.testing import assert_array_equal
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, Dataset, IterableDataset

from sk_jae import JointArrays, JointAutoencoder, JointTransferClassifier, pack
from sk_jae.metrics import LabeledScorer
from sk_jae.preprocessing import PerTask
from tests.helpers.refusals import (
    MNIST,
    USPS,
    Y,
    assert_has,
    autoencoder,
    classifier,
    fitted,
    refusal,
    refusal_of_fit,
)
from tests.helpers.small import SMALL


class Endless:
    """What numpy would index for ever."""

    def __init__(self, inner=None):
        self.inner = inner

    def __len__(self):
        return 10

    def __getitem__(self, key):
        return self


class Annotated(Endless):
    """Like AnnData: samples in X, the names of the features in var_names."""

    def __init__(self, X, names=None):
        self.X = X
        if names is not None:
            self.var_names = pd.Index(names)


class Several(Endless):
    """Like MuData: a mapping of annotated arrays."""

    def __init__(self, mod):
        self.mod = mod


class Images(Dataset):
    X = MNIST  # without what __getitem__ does to it

    def __len__(self):
        return 12

    def __getitem__(self, i):
        return 2 * self.X[i], Y[i]


class Stream(IterableDataset):
    def __iter__(self):
        return iter(MNIST)


def parts(X):
    return X.values() if isinstance(X, dict) else X


@pytest.mark.parametrize(
    ("annotated", "plain"),
    [
        (Annotated(MNIST), MNIST),
        ([Annotated(MNIST), Annotated(USPS)], [MNIST, USPS]),
        ([Annotated(MNIST), USPS], [MNIST, USPS]),
        ({"a": Annotated(MNIST), "b": USPS}, {"a": MNIST, "b": USPS}),
        (
            Several({"a": Annotated(MNIST), "b": Annotated(USPS)}),
            {"a": MNIST, "b": USPS},
        ),
    ],
)
def test_annotated_arrays_are_what_they_hold(annotated, plain):
    y = Y if plain is MNIST else [Y, None]
    y = dict(zip("ab", y, strict=True)) if isinstance(plain, dict) else y
    clf = JointTransferClassifier(**SMALL).fit(annotated, y)
    expected = JointTransferClassifier(**SMALL).fit(plain, y)
    for method in ("transform", "reconstruct", "predict"):
        found = getattr(clf, method)(annotated)
        assert type(found) is type(plain)
        for one, other in zip(
            parts(found), parts(getattr(expected, method)(plain)), strict=True
        ):
            assert_array_equal(one, other)
    assert clf.score(annotated, y) == expected.score(plain, y)
    assert LabeledScorer()(clf, annotated, y) == LabeledScorer()(expected, plain, y)
    if plain is not MNIST:
        packed, flat = pack(annotated, y)
        assert_array_equal(flat, pack(plain, y)[1])
        assert_array_equal(packed.arrays[1], USPS)
        assert JointArrays(annotated).task_names == packed.task_names
        kept = PerTask("passthrough").fit_transform(annotated)
        assert_array_equal([*parts(kept)][1], USPS)


def test_names_of_annotated_features_are_those_of_fit():
    jae = JointAutoencoder(**SMALL).fit([Annotated(MNIST, list("abc")), USPS])
    text = refusal(jae.transform, [Annotated(MNIST, list("bac")), None])
    assert_has(text, "X of task 'task0'", "features b, a, c", "expected a, b, c")


def test_names_of_annotated_features_are_kept_by_pack():
    annotated = Annotated(MNIST, list("abc"))
    X, y = pack([annotated, USPS], [Y, None])
    clf = JointTransferClassifier(**SMALL).fit(X[::2], y[::2])
    other = pack([Annotated(MNIST, list("bac")), USPS])[0]
    for wrong in (other, pickle.loads(pickle.dumps(other[3:9]))):
        text = refusal(clf.transform, wrong)
        assert_has(text, "X of task 'task0'", "features b, a, c", "expected a, b, c")
    assert clf.transform(pickle.loads(pickle.dumps(X))).shape == (20, 5)
    assert clf.transform([annotated, None])[0].shape == (12, 5)
    assert joblib.hash(X[1:]) == joblib.hash(copy.deepcopy(X)[1:])
    assert joblib.hash(X) != joblib.hash(other)
    assert repr(X) == (
        "JointArrays(n_samples=20, 0: (12, 3) float64, 1: (8, 4) float64)"
    )
    # Without names there is nothing to keep beside the array.
    assert pack([Annotated(MNIST), USPS])[0].samples[0] is MNIST


def test_a_modality_that_is_missing_is_skipped():
    jae = JointAutoencoder(**SMALL).fit(Several({"a": MNIST, "b": USPS}))
    assert list(jae.transform(Several({"b": Annotated(USPS)}))) == ["b"]


FOREIGN = {
    "loader": (DataLoader(Images()), ["a DataLoader", "for x, *_ in loader"]),
    "stream": (Stream(), ["a Stream", "np.stack"]),
    "lazy frame": (pl.LazyFrame({"a": [1.0]}), ["a LazyFrame", "collect()"]),
    "endless": (Endless(), ["an Endless", "an array, a tensor or a dataframe"]),
    "generator": ((x for x in MNIST), ["a generator", "make a list"]),
    "set": ({1, 2}, ["a set", "make a list"]),
    "object": (object(), ["an object", "convert it to an array"]),
}
foreign = pytest.mark.parametrize(
    ("given", "fragments"), FOREIGN.values(), ids=FOREIGN.keys()
)


@foreign
def test_foreign_objects_are_refused_with_the_way(given, fragments):
    assert_has(refusal_of_fit(autoencoder, given), "X is", *fragments)
    text = refusal_of_fit(autoencoder, {"mnist": MNIST, "usps": given})
    assert_has(text, "X of task 'usps' is", *fragments)
    text = refusal(fitted().predict, {"usps": given})
    assert_has(text, "X of task 'usps' is", *fragments)
    text = refusal(pack, [MNIST, given])
    assert_has(text, "X of task 'task1' is", *fragments)
    text = refusal_of_fit(classifier, [MNIST, USPS], [given, None])
    assert_has(text, "y of task 'task0' is", *fragments)
    if given.__class__ is not object:
        text = refusal_of_fit(autoencoder, [given, given])
        assert_has(text, "X of task 'task0' is", *fragments)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_nested_tensors_are_refused():
    nested = torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(4, 3)])
    for X in ({"mnist": MNIST, "usps": nested}, [MNIST, nested]):
        text = refusal_of_fit(autoencoder, X)
        assert_has(text, "X of task '", "cannot become a numpy array")


def test_a_sparse_array_that_is_a_mapping_is_no_dict_of_tasks():
    sparse = scipy.sparse.dok_array(MNIST)
    assert_has(refusal(pack, sparse), "X is sparse", "toarray()")
    assert_has(refusal(JointArrays, sparse), "X is dok_array, expected a list")
    text = refusal_of_fit(classifier, [MNIST, USPS], sparse)
    assert_has(text, "y is dok_array, expected a list or dict")


def test_columns_of_one_dataframe_have_names_of_their_own():
    frame = pd.DataFrame(MNIST, columns=list("aba"))
    text = refusal_of_fit(autoencoder, frame)
    assert_has(text, "X has the column 'a' more than once")
    assert JointAutoencoder(**SMALL).fit([frame, USPS]).n_tasks_ == 2


@pytest.mark.parametrize("given", [FOREIGN["lazy frame"][0], FOREIGN["endless"][0]])
def test_transformers_get_no_foreign_objects(given):
    text = refusal(PerTask(StandardScaler()).fit, [MNIST, given])
    assert_has(text, "X of task 'task1' is", "expected an array")


def test_errors_of_a_transformer_name_the_task():
    huge = np.array([[10**400, 1]] * 5, dtype=object)
    with pytest.raises(ValueError, match=r"StandardScaler of task 'task1'.*too large"):
        PerTask(StandardScaler()).fit([MNIST, huge])


def test_the_ways_that_the_messages_name():
    loader, dataset = DataLoader(Images(), batch_size=5), Images()
    assert_array_equal(np.concatenate([x for x, *_ in loader]), 2 * MNIST)
    assert_array_equal(np.stack([x for x, *_ in dataset]), 2 * MNIST)


def test_labels_are_no_dataset():
    text = refusal_of_fit(classifier, [MNIST, USPS], [Images(), None])
    assert_has(text, "y of task 'task0' is an Images", "for x, *_ in dataset")


def test_foreign_objects_among_rows_and_labels():
    assert_has(refusal_of_fit(autoencoder, [[Endless()] * 3] * 4), "X holds an Endless")
    text = refusal_of_fit(classifier, [MNIST, USPS], [[Endless()] * 12, None])
    assert_has(text, "y of task 'task0' holds an Endless")


@pytest.mark.parametrize("of", [list, tuple])
@pytest.mark.parametrize("second", [MNIST, USPS, MNIST[:5]])
def test_tasks_as_nested_lists_are_refused_with_the_way(of, second):
    X = of([MNIST.tolist(), second.tolist()])
    text = refusal_of_fit(autoencoder, X)
    assert_has(text, f"X is a {of.__name__} of nested lists", "images", "task")
    assert_has(text, "np.asarray(X)", "[np.asarray(x) for x in X]")
    assert_has(refusal(fitted().predict, X), "nested lists")
    assert JointAutoencoder(**SMALL).fit([np.asarray(x) for x in X]).n_tasks_ == 2
    assert_has(refusal_of_fit(autoencoder, of([[*MNIST], [*second]])), "nested lists")


def test_nested_lists_of_one_table_or_of_named_tasks_are_taken():
    assert JointAutoencoder(**SMALL).fit(MNIST.tolist()).n_tasks_ == 1
    X = {"a": MNIST.tolist(), "b": np.zeros((4, 6, 6)).tolist()}
    assert JointAutoencoder(**SMALL).fit(X).feature_shapes_in_["b"] == (6, 6)
    assert JointArrays([MNIST.tolist(), USPS.tolist()]).n_tasks == 2


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_tensors_of_every_precision(dtype):
    tensor = torch.tensor(MNIST, requires_grad=True).to(dtype)
    plain = tensor.detach().float().numpy()
    jae = JointAutoencoder(**SMALL).fit([tensor, USPS])
    assert_array_equal(
        jae.transform([tensor, None])[0], jae.transform([plain, None])[0]
    )
    codes = torch.zeros(3, 5, dtype=dtype)
    jae.inverse_transform([codes, None])


def test_tensors_with_a_negative_bit():
    tensor = torch.complex(torch.zeros(12, 3), torch.tensor(MNIST).float()).conj().imag
    jae = JointAutoencoder(**SMALL).fit([tensor, USPS])
    plain = -MNIST.astype(np.float32)
    assert_array_equal(
        jae.transform([tensor, None])[0], jae.transform([plain, None])[0]
    )


def test_strides_of_any_kind():
    records = np.zeros(12, dtype=[("flag", "i1"), ("x", "f4", 3)])
    records["x"] = MNIST
    wide = np.repeat(MNIST.astype(np.float32), 2, axis=1)
    jae = JointTransferClassifier(**SMALL)
    given = {
        "records": records["x"],
        "reversed": MNIST.astype(np.float32)[::-1][::-1],
        "columns": wide[:, ::-2][:, ::-1],
        "one row": np.broadcast_to(MNIST[:1], MNIST.shape),
    }
    for X in given.values():
        y = Y[::-1].copy()[::-1]
        found = jae.fit([X, USPS], [y, None]).transform([X, USPS])
        plain = [np.array(X), USPS]
        assert_array_equal(jae.fit(plain, [Y, None]).transform(plain)[0], found[0])
        codes = np.ascontiguousarray(found[0][::-1])[::-1]
        assert_array_equal(
            jae.inverse_transform([codes, None])[0], jae.reconstruct([X, None])[0]
        )
        scored = jae.score([X[::-1], None], [y[::-1], None])
        assert scored == jae.score(plain, [Y, None])
