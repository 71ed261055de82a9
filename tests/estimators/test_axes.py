"""Tasks whose features lie on axes of different sampling, such as wavelengths."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

import sk_jae
from sk_jae import (
    JointAutoencoder,
    JointTransferClassifier,
    JointTransferRegressor,
    pack,
)
from sk_jae.model_selection import BatchedSearchCV, JointStratifiedKFold
from tests.helpers.exported import assert_programs_agree, run_torch
from tests.helpers.refusals import assert_has, refusal, refusal_of_fit
from tests.helpers.small import small

FINE = np.linspace(1100, 2500, 141)
COARSE = np.linspace(1195, 2595, 57)  # other points, and another range
KINDS = ["whitened", "standardized", "as they are", "signals"]


def curves(axis, n, seed, level=0.0):
    """Smooth curves at the points of an axis; the target is the height of a bump."""
    rng = np.random.default_rng(seed)
    u = (axis - 1100) / 1500
    y = rng.normal(size=n)
    height, slope = rng.normal(size=(2, n, 1))
    noise = 0.003 * rng.normal(size=(n, len(axis)))
    curve = level + height * (1 + u) + 0.1 * slope * u**2 + noise
    return curve + 0.05 * y[:, None] * np.exp(-(((u - 0.5) / 0.1) ** 2)), y


def data(kind="whitened"):
    (one, y), (other, y_other) = curves(FINE, 60, 0), curves(COARSE, 50, 1, level=2.0)
    X = {"fine": one, "coarse": other}
    if kind == "signals":
        X = {name: x[:, None] for name, x in X.items()}
    return X, {"fine": y, "coarse": y_other}


def parameters(kind="whitened", **changes):
    scaling = {"whitened": "whiten", "as they are": None}.get(kind, "auto")
    axes = {"fine": FINE, "coarse": COARSE}
    return small(input_scaling=scaling, shared_input=axes, **changes)


def seen_by_the_shared_branch(est, X):
    """What its first layers are given of each task."""
    from sk_jae.training import read_batches

    found = []
    for t, (x, layout) in enumerate(zip(X.values(), est.layouts_, strict=True)):
        ((*_, batch),) = read_batches(x, layout, torch.device("cpu"))
        found.append(est.module_.views[t](batch).numpy())
    return found


def common_points():
    inside = (FINE[0] <= COARSE) & (FINE[-1] >= COARSE)
    return COARSE[inside]


def at_common_points(x, axis):
    flat = x.reshape(len(x), -1)
    return np.stack([np.interp(common_points(), axis, row) for row in flat])


def test_what_is_not_scaled_is_interpolated_as_numpy_does():
    X, _ = data("as they are")
    est = JointAutoencoder(**parameters("as they are", shared_depth=1)).fit(X)
    found = seen_by_the_shared_branch(est, X)
    for x, axis, other in zip(X.values(), (FINE, COARSE), found, strict=True):
        assert_allclose(other, at_common_points(x, axis), atol=1e-5)


def test_signals_are_interpolated_along_time():
    X, _ = data("signals")
    est = JointAutoencoder(**parameters("signals", shared_depth=1)).fit(X)
    for t, (x, axis) in enumerate(zip(X.values(), (FINE, COARSE), strict=True)):
        found = seen_by_the_shared_branch(est, X)[t]
        scaled = (x - x.mean()) / x.std()
        assert_allclose(found[:, 0], at_common_points(scaled, axis), atol=1e-4)


def test_whitened_vectors_are_interpolated_before_they_are_whitened():
    X, _ = data()
    est = JointAutoencoder(**parameters(shared_depth=1)).fit(X)
    by_hand = JointAutoencoder(**small(input_scaling="whiten", shared_depth=1))
    axes = zip(X.values(), (FINE, COARSE), strict=True)
    interpolated = {str(k): at_common_points(*own) for k, own in enumerate(axes)}
    by_hand.fit(interpolated)
    found = seen_by_the_shared_branch(est, X)
    expected = seen_by_the_shared_branch(by_hand, interpolated)
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        large = np.abs(other).max(0) > 1e-2  # the others are rounding
        signs = np.sign((one * other).sum(0))
        assert_allclose((one * signs)[:, large], other[:, large], atol=2e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_layer_is_tied_and_each_task_comes_back_in_its_features(kind):
    X, _ = data(kind)
    more = {"encoder": "auto"} if kind == "signals" else {}
    est = JointAutoencoder(**parameters(kind, shared_depth=1, **more)).fit(X)
    assert est.module_.earliest_depth == 1
    back = est.reconstruct(X)
    assert {k: v.shape for k, v in back.items()} == {k: v.shape for k, v in X.items()}
    moved = est.translate(X["fine"], "fine", "coarse")
    assert moved.shape == (60, *X["coarse"].shape[1:])
    assert est.transform({"coarse": X["coarse"]})["coarse"].shape == (50, 5)


@pytest.mark.parametrize("kind", ["whitened", "standardized"])
def test_all_features_come_back(kind):
    X, _ = data(kind)
    kind_of_data = parameters(kind, max_epochs=60, encoder=(), n_shared=6)
    est = JointAutoencoder(**kind_of_data).fit(X)
    for name, back in est.reconstruct(X).items():
        x = X[name]
        error = ((back - x) ** 2).sum(0) / ((x - x.mean(0)) ** 2).sum(0)
        assert error.max() < 0.1  # also where the other task has no features
    assert est.score(X) > 0.9


def test_an_unlabeled_instrument_is_read():
    X, y = data()
    targets = {"fine": y["fine"], "coarse": None}
    base = {"random_state": 0, "max_epochs": 100}
    axes = {"fine": FINE, "coarse": COARSE}
    est = JointTransferRegressor(shared_input=axes, **base).fit(X, targets)
    new, y_new = curves(COARSE, 200, 2, level=2.0)
    found = est.predict({"coarse": new})["coarse"]
    assert 1 - np.mean((found - y_new) ** 2) / y_new.var() > 0.8
    with pytest.warns(sk_jae.exceptions.TransferWarning, match="coarse"):
        JointTransferRegressor(**base).fit(X, targets)


def test_an_unlabeled_table_is_classified():
    X, y = data("standardized")
    rng = np.random.default_rng(0)  # so much noise that they do not look like spectra
    X = {name: x + rng.normal(size=x.shape) for name, x in X.items()}
    labels = {"fine": (y["fine"] > 0).astype(int), "coarse": None}
    clf = JointTransferClassifier(**parameters("standardized")).fit(X, labels)
    assert clf.transfer_["coarse"]["scale"] in ("own", "common")
    assert clf.predict(X)["coarse"].shape == (50,)


def test_a_falling_axis_is_the_same_one():
    X, _ = data()
    rising = JointAutoencoder(**parameters()).fit(X)
    turned = {"fine": X["fine"][:, ::-1], "coarse": X["coarse"]}
    axes = {"fine": FINE[::-1], "coarse": COARSE}
    falling = JointAutoencoder(**parameters()).set_params(shared_input=axes).fit(turned)
    one = seen_by_the_shared_branch(rising, X)
    other = seen_by_the_shared_branch(falling, turned)
    assert_allclose(np.abs(one[0]), np.abs(other[0]), atol=2e-3)
    shape = falling.reconstruct(turned)["fine"].shape
    assert shape == turned["fine"].shape


def test_equal_axes_change_nothing():
    X, _ = data()
    X = {"one": X["coarse"][:30], "other": X["coarse"][30:]}
    plain = JointAutoencoder(**small(input_scaling="whiten")).fit(X)
    axes = {"one": COARSE, "other": COARSE.tolist()}
    est = clone(plain).set_params(shared_input=axes).fit(X)
    assert_array_equal(est.transform(X)["one"], plain.transform(X)["one"])


def test_a_task_without_an_axis_is_left_as_it_is():
    X, _ = data()
    X["table"] = np.random.default_rng(0).normal(size=(40, len(common_points())))
    for kind in KINDS[:3]:
        given = parameters(kind)
        axes = {**given["shared_input"], "table": None}
        est = JointAutoencoder(**{**given, "shared_input": axes}).fit(X)
        assert est.module_.earliest_depth == 2
        assert est.reconstruct(X)["table"].shape == X["table"].shape


@pytest.mark.parametrize("kind", KINDS[:3])
def test_copies_pickles_and_files(kind, tmp_path):
    X, y = data(kind)
    est = JointTransferRegressor(**parameters(kind)).fit(X, y)
    before = est.predict(X)
    est.save(tmp_path / "est.jae")
    for other in (
        pickle.loads(pickle.dumps(est)),
        sk_jae.load(tmp_path / "est.jae"),
        clone(est).fit(X, y),
    ):
        for name, values in other.predict(X).items():
            assert_array_equal(values, before[name])
    assert_array_equal(clone(est).shared_input["fine"], FINE)


@pytest.mark.parametrize("kind", KINDS[:3])
def test_exported_programs(kind, tmp_path):
    X, y = data(kind)
    given = parameters(kind)
    axes = list(given["shared_input"].values())
    X = [x.astype(np.float32) for x in X.values()]
    est = JointTransferRegressor(**{**given, "shared_input": axes})
    est.fit(X, list(y.values()))
    for t, what in ((0, "predict"), (1, "reconstruct"), (0, "translate:task1")):
        est.export(t, tmp_path / "program.pt2", what)
        run, _ = run_torch(tmp_path / "program.pt2")
        assert_programs_agree(est, X, t, what, run)


@pytest.mark.parametrize("kind", ["whitened", "standardized"])
def test_searches_train_them_together(kind):
    X, y = data(kind)
    X_packed, y_packed = pack(X, y)
    est = JointTransferRegressor(**parameters(kind))
    grid = {"lr": [0.01, 0.001]}
    search = BatchedSearchCV(est, grid, cv=JointStratifiedKFold(2))
    search.fit(X_packed, y_packed)
    alone = clone(est).set_params(**search.best_params_).fit(X, y)
    for name, values in search.best_estimator_.predict(X).items():
        assert_allclose(values, alone.predict(X)[name], rtol=1e-3, atol=1e-3)


class TestTasksThatComeLater:
    later = np.linspace(1150, 2650, 76)

    def new(self, kind, n=40):
        x, y = curves(self.later, n, 3, level=-1.0)
        return (x[:, None] if kind == "signals" else x), y

    @pytest.mark.parametrize("kind", KINDS)
    def test_add_task(self, kind):
        X, y = data(kind)
        est = JointTransferRegressor(**parameters(kind)).fit(X, y)
        before = est.predict(X)
        x, _ = self.new(kind)
        axes = {**est.shared_input, "later": self.later}
        est.set_params(shared_input=axes).add_task(x, name="later")
        assert est.predict({"later": x})["later"].shape == (40,)
        assert est.reconstruct({"later": x})["later"].shape == x.shape
        for name, values in before.items():
            assert_array_equal(est.predict({name: X[name]})[name], values)

    @pytest.mark.parametrize("kind", KINDS)
    def test_warm_start(self, kind):
        X, y = data(kind)
        est = JointTransferRegressor(**parameters(kind, warm_start=True)).fit(X, y)
        x, y_new = self.new(kind)
        axes = {**est.shared_input, "later": self.later}
        est.set_params(shared_input=axes)
        est.fit({**X, "later": x}, {**y, "later": y_new})
        assert est.reconstruct({"later": x})["later"].shape == x.shape

    def test_what_was_added_is_read(self):
        X, y = data()
        axes = {"fine": FINE, "coarse": COARSE}
        est = JointTransferRegressor(shared_input=axes, random_state=0)
        est.fit(X, {"fine": y["fine"], "coarse": None})
        x, _ = self.new("whitened")
        est.set_params(shared_input={**axes, "later": self.later})
        est.add_task(x, name="later")
        new, y_new = curves(self.later, 200, 4, level=-1.0)
        found = est.predict({"later": new})["later"]
        assert 1 - np.mean((found - y_new) ** 2) / y_new.var() > 0.8

    @pytest.mark.parametrize("points", [(1250, 2650), (1150, 2400)])
    def test_an_axis_that_lacks_a_part_is_refused(self, points):
        X, y = data()
        est = JointTransferRegressor(**parameters()).fit(X, y)
        x, _ = self.new("whitened")
        axis = np.linspace(*points, x.shape[1])
        est.set_params(shared_input={**est.shared_input, "later": axis})
        text = refusal(est.add_task, x, name="later")
        assert_has(text, "'later'", f"{points[0]}", f"{points[1]}", "fit all tasks")

    def test_an_axis_that_is_coarser_is_refused(self):
        X, y = data()
        est = JointTransferRegressor(**parameters()).fit(X, y)
        est.set_params(
            shared_input={**est.shared_input, "later": np.linspace(1000, 3000, 20)}
        )
        text = refusal(est.add_task, np.ones((5, 20)), name="later")
        assert_has(text, "'later' has", "points from 1000 to 3000", "at least the")

    def test_no_value_for_the_new_task_is_refused(self):
        X, y = data()
        est = JointTransferRegressor(**parameters()).fit(X, y)
        text = refusal(est.add_task, self.new("whitened")[0], name="later")
        assert_has(text, "shared_input has no value for task 'later'")

    @pytest.mark.parametrize("axis", [COARSE + 1, None])
    def test_another_axis_in_a_warm_start_is_refused(self, axis):
        X, y = data()
        est = JointTransferRegressor(**parameters(warm_start=True)).fit(X, y)
        est.set_params(shared_input={"fine": FINE, "coarse": axis})
        assert_has(refusal(est.fit, X, y), "'coarse'", "earlier fit", "warm_start")


@pytest.mark.parametrize(
    ("axes", "fragments"),
    [
        ({"fine": FINE}, ["shared_input has no value for task 'coarse'"]),
        ({"fine": FINE, "red": COARSE}, ["'red'"]),
        ({"fine": FINE, "coarse": FINE}, ["'coarse'", "(141,)", "expected (57,)"]),
        ({"fine": FINE, "coarse": COARSE[:, None]}, ["'coarse'", "(57, 1)", "(57,)"]),
        ({"fine": FINE, "coarse": np.zeros(57)}, ["'coarse'", "neither rises"]),
        ({"fine": FINE, "coarse": COARSE * np.nan}, ["'coarse'", "finite"]),
        ({"fine": FINE, "coarse": "nm"}, ["'coarse'", "'nm'", "wavelengths"]),
        ({"fine": FINE, "coarse": 3}, ["'coarse'", "()", "is a tuple"]),
        (
            {"fine": FINE, "coarse": COARSE / 1000},
            ["1100 to 2500 of task 'fine'", "1.195 to 2.595 of task 'coarse'", "unit"],
        ),
    ],
)
def test_refused(axes, fragments):
    X, y = data()
    est = JointTransferRegressor(**small())
    assert_has(refusal_of_fit(est, X, y, shared_input=axes), *fragments)


def test_images_have_no_axis():
    X, _ = data()
    X["picture"] = np.zeros((20, 8, 8))
    axes = {"fine": FINE, "coarse": COARSE, "picture": np.arange(8)}
    text = refusal_of_fit(JointAutoencoder(**small()), X, shared_input=axes)
    assert_has(text, "'picture'", "images", "None")


def test_a_sampling_rate_beside_axes_is_refused():
    X, _ = data("signals")
    est = JointAutoencoder(**parameters("signals", sampling_rate=10.0))
    assert_has(refusal_of_fit(est, X), "sampling_rate", "shared_input")
