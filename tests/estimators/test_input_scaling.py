"""Vectors are scaled inside, and what comes back has the user's units."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sk_jae import JointAutoencoder, JointTransferClassifier, pack, paper
from tests.helpers.scaling import scaled
from tests.helpers.small import SMALL, equal_weights, make_tasks, small
from tests.helpers.training import Recorder


def tables(seed=0):
    """A labeled table and an unlabeled one of the same columns."""
    X, (y, _) = make_tasks(shapes=((6,), (6,)), seed=seed)
    return X, [y, None]


def first_inputs(X, **parameters):
    """An autoencoder, and what its module sees of each task in an epoch."""
    recorder = Recorder()
    parameters = small(**parameters, max_epochs=1, callbacks=[recorder])
    jae = JointAutoencoder(**parameters).fit(X)
    seen = [[b.inputs[t].numpy() for b in recorder.batches] for t in range(len(X))]
    return jae, [np.concatenate(parts) for parts in seen]


CHANGES = {
    "small": (1e-12, 0.0),
    "large": (1e18, 0.0),
    "moved": (1.0, 1e4),
    "both": (0.03, -2e3),
}


@pytest.fixture(scope="module")
def plain():
    X, y = tables()
    return JointTransferClassifier(**small(max_epochs=4)).fit(X, y)


@pytest.mark.parametrize("change", CHANGES)
def test_other_units_leave_predictions_and_codes_as_they_are(change, plain):
    (unit, offset), (X, y) = CHANGES[change], tables()
    there = [unit * x + offset for x in X]
    clf = JointTransferClassifier(**small(max_epochs=4)).fit(there, y)
    for own, other in zip(plain.transform(X), clf.transform(there), strict=True):
        assert_allclose(other, own, atol=1e-3)
    for p, q in zip(plain.predict_proba(X), clf.predict_proba(there), strict=True):
        assert_allclose(q, p, atol=1e-3)
    own, other = plain.reconstruct(X), clf.reconstruct(there)
    for t in range(2):
        assert_allclose((other[t] - offset) / unit, own[t], atol=5e-3)
    assert_allclose(
        (clf.translate(there[0], 0, 1) - offset) / unit,
        plain.translate(X[0], 0, 1),
        atol=5e-3,
    )


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint16])
def test_integers_in_other_units_are_the_same_samples(dtype):
    rng = np.random.default_rng(0)
    X = [rng.integers(0, 50, size=(n, 6)).astype(dtype) for n in (40, 20)]
    y = [(X[0][:, 0] > 25).astype(int), None]
    own = JointTransferClassifier(**SMALL).fit(X, y)
    there = [x * dtype(900) + dtype(7) for x in X]
    other = JointTransferClassifier(**SMALL).fit(there, y)
    for a, b in zip(own.predict_proba(X), other.predict_proba(there), strict=True):
        assert_allclose(a, b, atol=1e-4)


def test_the_module_sees_each_task_on_a_scale_of_its_own():
    X, _ = make_tasks((20, 20), ((6,), (4,)))
    X = [3 * X[0] + 5, 1e6 * X[1]]
    _, seen = first_inputs(X)
    for t in range(2):
        assert_allclose(np.sort(seen[t], 0), np.sort(scaled(X[t]), 0), atol=1e-5)


@pytest.mark.parametrize(
    "parameters", [{"input_scaling": None}, {"reconstruction_loss": "bce"}]
)
def test_values_stay_as_they_are_where_that_is_asked_for(parameters):
    X = [np.random.default_rng(t).random((16, 5)) for t in range(2)]
    jae, seen = first_inputs(X, **parameters)
    for t in range(2):
        assert_allclose(np.sort(seen[t], 0), np.sort(X[t], 0), rtol=1e-6)
        assert jae.layouts_[t].scaling is None


def test_images_are_not_standardized():
    X = np.random.default_rng(0).normal(size=(10, 6, 6)) + 3
    jae = JointAutoencoder(**SMALL, layout="image").fit(X)
    assert [layout.scaling for layout in jae.layouts_] == [None]


def test_what_comes_back_has_the_units_of_the_user():
    rng = np.random.default_rng(0)
    X = {
        "bytes": rng.integers(100, 140, size=(40, 5), dtype=np.uint8),
        "large": 1e6 + 1e4 * rng.normal(size=(40, 4)),
    }
    X["large"][:, 3] = 5.0
    jae = JointAutoencoder(**SMALL).fit(X)
    from_codes = jae.inverse_transform(jae.transform(X))
    translated = {
        "bytes": jae.translate(X["large"], "large", "bytes"),
        "large": jae.translate(X["bytes"], "bytes", "large"),
    }
    for found in (jae.reconstruct(X), from_codes, translated):
        assert found["bytes"].dtype == np.uint8
        assert found["large"].dtype == np.float32
        assert (found["bytes"] > 60).all()
        assert (found["bytes"] < 180).all()
        assert (np.abs(found["large"][:, :3] - 1e6) < 1e5).all()
        assert_array_equal(found["large"][:, 3], 5)


def test_one_extreme_value_changes_other_reconstructions_by_little():
    X, _ = make_tasks((60, 60), ((6,), (6,)))
    X[0][0, 0] = 1e9
    est, seen = first_inputs(X, batch_size=64)
    assert np.abs(seen[0]).max() < 10
    assert np.isfinite(est.reconstruct(X)[0]).all()


def test_constant_columns_may_differ_later():
    X, y = tables()
    X = [np.column_stack([x, np.full(len(x), 4.0)]) for x in X]
    clf = JointTransferClassifier(**SMALL).fit(X, y)
    later = [x.copy() for x in X]
    for x in later:
        x[:, -1] = -1e5
    for p, q in zip(clf.predict_proba(X), clf.predict_proba(later), strict=True):
        assert_array_equal(p, q)


@pytest.mark.parametrize("form", ["memmap", "columns first", "packed"])
def test_other_forms_of_samples_are_scaled_alike(form, tmp_path):
    X, _ = make_tasks()
    X = [5 * x + 100 for x in X]
    expected = JointAutoencoder(**SMALL).fit(X)
    given = X
    if form == "memmap":
        given = []
        for t, x in enumerate(X):
            np.save(tmp_path / f"{t}.npy", x)
            given.append(np.load(tmp_path / f"{t}.npy", mmap_mode="r"))
    elif form == "columns first":
        given = [np.asfortranarray(x) for x in X]
    elif form == "packed":
        given = pack(X)[0]
    jae = JointAutoencoder(**SMALL).fit(given)
    assert equal_weights(jae, expected)
    for found, back in zip(jae.transform(X), expected.transform(X), strict=True):
        assert_array_equal(found, back)


def test_a_list_of_lists_is_scaled_like_an_array():
    X = 5 * make_tasks()[0][0] + 100
    expected = JointAutoencoder(**SMALL).fit(X)
    jae = JointAutoencoder(**SMALL).fit(X.tolist())
    assert equal_weights(jae, expected)
    assert_array_equal(jae.reconstruct(X.tolist()), expected.reconstruct(X))


def test_samples_that_are_predicted_are_not_scaled_by_themselves():
    X, y = tables()
    clf = JointTransferClassifier(**SMALL).fit(X, y)
    together = clf.transform(X)[0]
    assert_allclose(clf.transform([X[0][:3], None])[0], together[:3], atol=1e-6)


def test_a_warm_start_keeps_the_first_scaling():
    X, y = tables()
    clf = JointTransferClassifier(**small(warm_start=True)).fit(X, y)
    before = [layout.scaling for layout in clf.layouts_]
    clf.fit([10 * x + 3 for x in X], y)
    for layout, scaling in zip(clf.layouts_, before, strict=True):
        assert_array_equal(layout.scaling.mean, scaling.mean)
        assert_array_equal(layout.scaling.spread, scaling.spread)
    clf.set_params(warm_start=False).fit([10 * x + 3 for x in X], y)
    assert_allclose(clf.layouts_[0].scaling.mean, 10 * before[0].mean + 3)


def test_a_warm_start_may_get_labels_of_a_task_that_had_none():
    X, y = tables()
    clf = JointTransferClassifier(**small(warm_start=True, head="shared")).fit(X, y)
    scale = {k: v.clone() for k, v in clf.module_.views.state_dict().items()}
    assert scale
    clf.fit(X, [y[0], np.arange(len(X[1])) % 3])
    assert clf.n_iter_ == 4
    for name, value in clf.module_.views.state_dict().items():
        assert_array_equal(value, scale[name])


def test_copies_keep_the_scaling():
    X, _ = make_tasks()
    X = [100 * x for x in X]
    jae = JointAutoencoder(**SMALL).fit(X)
    copy = pickle.loads(pickle.dumps(jae))
    for own, other in zip(jae.reconstruct(X), copy.reconstruct(X), strict=True):
        assert_array_equal(own, other)


SYSTEMS = [name for name in paper.__all__ if name != "figure"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_papers_systems_leave_samples_and_losses_as_they_are(system):
    parameters = clone(getattr(paper, system)()).get_params()
    assert parameters["input_scaling"] is None
    assert parameters["loss_scaling"] is None


@pytest.mark.parametrize("parameter", ["input_scaling", "loss_scaling"])
def test_other_values_are_refused(parameter):
    X, _ = make_tasks()
    with pytest.raises(ValueError, match=parameter):
        JointAutoencoder(**small(**{parameter: "standard"})).fit(X)
