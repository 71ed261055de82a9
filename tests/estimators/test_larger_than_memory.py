"""Samples that are read when they are needed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import KFold, cross_val_score, train_test_split
from sklearn.preprocessing import StandardScaler

from sk_jae import (
    JointAutoencoder,
    JointTransferClassifier,
    JointTransferRegressor,
    pack,
)
from sk_jae.metrics import EntropyScorer, LabeledScorer
from sk_jae.model_selection import task_train_test_split
from sk_jae.preprocessing import PerTask
from tests.helpers.small import SMALL, equal_weights, make_tasks, small
from tests.helpers.stores import (
    ChunkedRows,
    FailingRows,
    Rows,
    Samples,
    no_new_threads,
    with_small_buffers,
)

(ARRAY, OTHER), (LABELS, _) = make_tasks((150, 30), ((6,), (6,)))
HALF = np.where(np.arange(150) % 9, -1, LABELS)


@pytest.fixture(autouse=True)
def small_buffers(monkeypatch):
    with_small_buffers(monkeypatch)


@pytest.fixture
def mapped(tmp_path):
    np.save(tmp_path / "x.npy", ARRAY)
    return np.load(tmp_path / "x.npy", mmap_mode="r")


FITS = {
    "autoencoder": (JointAutoencoder, {}, {}),
    "early stopping": (JointAutoencoder, {"early_stopping": True}, {}),
    "whitening": (JointAutoencoder, {"input_scaling": "whiten"}, {}),
    "huber": (JointAutoencoder, {"reconstruction_loss": "huber"}, {}),
    "weights": (
        JointAutoencoder,
        {},
        {"sample_weight": [np.arange(150.0), np.ones(30)]},
    ),
    "pairs": (JointAutoencoder, {}, {"ids": [np.arange(150), np.arange(30)]}),
    "classifier": (JointTransferClassifier, {}, {"y": [LABELS, None]}),
    "few labels": (
        JointTransferClassifier,
        {"early_stopping": True},
        {"y": [HALF, None]},
    ),
    "common branch": (
        JointTransferClassifier,
        {"strategy": "common-branch"},
        {"y": [LABELS, HALF[:30]]},
    ),
    "regressor": (JointTransferRegressor, {}, {"y": [ARRAY[:, 0], None]}),
}
fits = pytest.mark.parametrize("name", FITS)


def fit(name, X, **changes):
    estimator, parameters, data = FITS[name]
    return estimator(**small(**parameters, **changes)).fit(X, **data)


@fits
@pytest.mark.parametrize("form", [Rows, Samples])
def test_without_chunks_results_are_those_from_memory(name, form):
    expected = fit(name, [ARRAY, OTHER])
    with no_new_threads():
        found = fit(name, [form(ARRAY), OTHER])
    assert equal_weights(found, expected)
    assert_array_equal(
        found.transform([form(ARRAY), None])[0], expected.transform([ARRAY, None])[0]
    )


@fits
def test_chunks_are_shuffled_and_learned_from_alike(name):
    with no_new_threads():
        found = fit(name, [ChunkedRows(ARRAY), OTHER], max_epochs=10)
    expected = fit(name, [ARRAY, OTHER], max_epochs=10)
    assert not equal_weights(found, expected)
    if name not in ("early stopping", "few labels"):  # which may end at other epochs
        assert_allclose(reconstruction(found), reconstruction(expected), rtol=0.15)


def reconstruction(estimator):
    """The last that the history has."""
    rows = estimator.history_
    return [r["train_reconstruction"] for r in rows if "train_reconstruction" in r][-1]


def test_equal_seeds_shuffle_chunks_alike():
    one, other = (fit("few labels", [ChunkedRows(ARRAY), OTHER]) for _ in range(2))
    assert equal_weights(one, other)


def test_chunks_that_fit_the_buffer_are_shuffled_as_in_memory(monkeypatch):
    monkeypatch.undo()
    expected = fit("few labels", [ARRAY, OTHER])
    assert equal_weights(fit("few labels", [ChunkedRows(ARRAY), OTHER]), expected)


def test_an_epoch_reads_every_row_once():
    rows = []
    for max_epochs in (2, 5):
        array = ChunkedRows(ARRAY)
        fit("autoencoder", [array, OTHER], max_epochs=max_epochs)
        rows.append(sum(array.reads))
    # What is read ahead when the first batch is looked at may be a chunk more or less.
    assert abs(rows[1] - rows[0] - 3 * len(ARRAY)) <= 10


def test_one_pass_before_training_checks_and_scales():
    array = ChunkedRows(ARRAY)
    fit("autoencoder", [array, OTHER], max_epochs=1)
    # The epoch reads them too, and a sample finds the units of the loss, which has all
    # of so few rows. At the end, a few more are looked at.
    assert sum(array.reads) < 3.5 * len(ARRAY)


@pytest.mark.parametrize("form", [Rows, Samples, ChunkedRows])
def test_cross_validation_reads_rows_when_they_are_needed(form):
    array = form(ARRAY)
    X, y = pack({"large": array, "small": OTHER}, {"large": LABELS, "small": None})
    train, test = train_test_split(X, random_state=0)
    assert not getattr(array, "reads", [])
    plain, _ = pack({"large": ARRAY, "small": OTHER})
    plain_train, plain_test = train_test_split(plain, random_state=0)
    clf = JointTransferClassifier(**SMALL)
    found = cross_val_score(clf, X, y, cv=KFold(2), error_score="raise")
    expected = cross_val_score(clf, plain, y, cv=KFold(2), error_score="raise")
    jae = JointAutoencoder(**SMALL).fit(plain_train)
    assert jae.score(test) == pytest.approx(jae.score(plain_test))
    assert_array_equal(jae.transform(test), jae.transform(plain_test))
    if form is not ChunkedRows:
        assert_array_equal(found, expected)
        assert equal_weights(JointAutoencoder(**SMALL).fit(train), jae)


def test_folds_of_a_memory_map_are_not_copied(mapped):
    X, _ = pack([mapped, OTHER])
    odd, plain = X[1::2], pack([ARRAY, OTHER])[0][1::2]
    assert not isinstance(odd.samples[0], np.ndarray)
    assert_array_equal(odd.arrays[0], plain.arrays[0])
    expected = JointAutoencoder(**SMALL).fit(plain)
    assert equal_weights(JointAutoencoder(**SMALL).fit(odd), expected)
    assert_array_equal(expected.transform(odd), expected.transform(plain))


@pytest.mark.parametrize(
    ("shape", "parameters"),
    [
        ((8, 9), {"layout": "image", "encoder": "Conv 4x(3x3), FC 8"}),
        ((2, 40), {"layout": "signal", "encoder": (8,)}),
        ((3, 6, 6), {"encoder": (8,)}),
    ],
)
def test_images_and_signals_are_read_alike(shape, parameters):
    rng = np.random.default_rng(0)
    x = 7 + 3 * rng.random((60, *shape), dtype=np.float32)
    jae = JointAutoencoder(**small(**parameters))
    expected = jae.fit([x, x]).transform([x, x])
    for form in (Rows, ChunkedRows):
        other = JointAutoencoder(**small(**parameters)).fit([form(x), x])
        assert other.layouts_ == jae.layouts_
        if form is Rows:
            assert equal_weights(other, jae)
        assert_array_equal(jae.transform([form(x), x])[0], expected[0])
        assert jae.score([form(x), None]) == pytest.approx(jae.score([x, None]))


@pytest.mark.parametrize(
    ("error", "expected"),
    [(OSError("disk gone"), OSError), (RuntimeError("closed"), ValueError)],
)
def test_a_file_that_fails_in_training_leaves_all_as_it_was(error, expected):
    jae = JointAutoencoder(**SMALL).fit([ARRAY, OTHER])
    before = jae.transform([ARRAY, OTHER])[0]
    failing = FailingRows(ARRAY, error)
    jae.set_params(max_epochs=50)
    with (
        no_new_threads(),
        pytest.raises(expected, match=r"X of task 'task0' cannot be read: (disk|clo)"),
    ):
        jae.fit([failing, OTHER])
    assert_array_equal(jae.transform([ARRAY, OTHER])[0], before)


class Broken(Samples):
    def __getitem__(self, i):
        if i == 77:
            raise LookupError("no such picture")
        return super().__getitem__(i)


def test_errors_of_a_dataset_are_raised_as_they_are_with_a_note():
    with no_new_threads(), pytest.raises(LookupError, match="no such") as caught:
        JointAutoencoder(**SMALL).fit([Broken(ARRAY), OTHER])
    assert "X of task 'task0'" in caught.value.__notes__[0]


class Ragged(Samples):
    def __getitem__(self, i):
        return self.array[i][: 5 if i == 77 else None]


def test_samples_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"task 'task0' .* sample 77 has shape \(5,\)"):
        JointAutoencoder(**SMALL).fit([Ragged(ARRAY), OTHER])


@pytest.mark.parametrize("form", [Rows, Samples, ChunkedRows])
def test_values_are_checked_block_by_block(form):
    jae = JointAutoencoder(**SMALL).fit({"a": ARRAY, "b": OTHER})
    spoiled = ARRAY.copy()
    spoiled[111, 3] = np.nan
    for call in (jae.fit, jae.transform, jae.score):
        with (
            no_new_threads(),
            pytest.raises(ValueError, match="X of task 'a' holds NaN"),
        ):
            call({"a": form(spoiled), "b": OTHER})
    with pytest.raises(ValueError, match="'a' has samples of shape"):
        jae.transform({"a": form(ARRAY[:, :4])})
    with pytest.raises(ValueError, match="task 'a' holds values from"):
        JointAutoencoder(**small(reconstruction_loss="bce")).fit(
            {"a": form(ARRAY), "b": OTHER}
        )


def test_one_array_is_one_task():
    jae = JointAutoencoder(**SMALL).fit(Rows(ARRAY))
    assert jae.n_features_in_ == 6
    assert equal_weights(jae, JointAutoencoder(**SMALL).fit(ARRAY))


def test_labels_stay_in_order_where_samples_are_shuffled_by_chunks():
    rng = np.random.default_rng(0)
    y = np.sort(rng.integers(0, 3, 300))  # every chunk is of one class
    x = rng.normal(size=(300, 4)) + 4 * np.eye(4)[y]
    clf = JointTransferClassifier(**small(max_epochs=8))
    clf.fit([ChunkedRows(x), OTHER[:, :4]], [y, None])
    assert clf.score([ChunkedRows(x), None], [y, None]) > 0.95


@pytest.mark.parametrize("kind", [Rows, ChunkedRows, Samples])
def test_scorers_and_splits_take_lists_of_them(kind):
    X, y = [kind(ARRAY), kind(OTHER)], [HALF, None]
    clf = JointTransferClassifier(**SMALL).fit(X, y)
    for scorer in (EntropyScorer(), LabeledScorer("f1_macro")):
        assert scorer(clf, X, y) == scorer(clf, [ARRAY, OTHER], y)
    split = task_train_test_split(X, y, random_state=0)
    expected = task_train_test_split([ARRAY, OTHER], y, random_state=0)
    for part, array in zip(split[:2], expected[:2], strict=True):
        assert_array_equal(clf.transform(part)[0], clf.transform(array)[0])
    scaled = PerTask(StandardScaler()).fit_transform(X)
    assert_allclose(scaled[0], StandardScaler().fit_transform(ARRAY))
