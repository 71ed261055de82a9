"""The regressor learns, and its objective is what the documentation says."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import r2_score
from skorch.callbacks import Callback

from sk_jae import JointTransferRegressor
from sk_jae.exceptions import TransferWarning
from tests.helpers.regression import QUICK, make_regression, with_gaps
from tests.helpers.small import small

X, Y = make_regression()
NEW, NEW_Y = make_regression(seed=1)


@pytest.mark.parametrize("n_outputs", [None, 2])
@pytest.mark.parametrize("strategy", ["end-to-end", "common-branch"])
def test_all_tasks_are_learned(n_outputs, strategy):
    X, Y = make_regression((200, 150), n_outputs)
    new, y = make_regression((200, 150), n_outputs, seed=1)
    reg = JointTransferRegressor(random_state=0, strategy=strategy).fit(X, Y)
    for t in range(2):
        assert reg.score([new[t] if s == t else None for s in range(2)], y) > 0.8


def test_a_task_without_targets_learns_from_the_other():
    X, Y = make_regression((200, 150))
    X[1] = 7 * X[1] + 3  # another instrument
    reg = JointTransferRegressor(random_state=0).fit(X, [Y[0], None])
    assert reg.score([None, X[1]], [None, Y[1]]) > 0.9
    assert sorted(reg.module_.private_heads) == []


def test_heads_follow_the_rule_of_the_classifier():
    complete = JointTransferRegressor(**small()).fit(X, Y)
    assert sorted(complete.module_.private_heads) == ["0", "1"]
    partly = JointTransferRegressor(**small()).fit(X, [Y[0], with_gaps(Y[1])])
    assert not len(partly.module_.private_heads)
    both = JointTransferRegressor(**small(head="both")).fit(X, [Y[0], None])
    assert sorted(both.module_.private_heads) == ["0"]


class FirstLoss(Callback):
    """The first batch, and the weights and terms before the first step."""

    def on_batch_begin(self, net, batch, training, **kwargs):
        if training and not hasattr(self, "batch"):
            self.batch, self.module = batch, copy.deepcopy(net.module_)

    def on_batch_end(self, net, training, loss=None, **kwargs):
        if training and not hasattr(self, "loss"):
            self.loss = loss.item()


def test_the_objective_equals_one_written_in_torch():
    y = [with_gaps(Y[0]), None]
    first = FirstLoss()
    JointTransferRegressor(
        **small(callbacks=[first], reconstruction_weight=0.5, regression_weight=3.0)
    ).fit(X, y)
    outputs = first.module(first.batch.inputs)
    mean, spread = np.nanmean(y[0]), np.nanstd(y[0])
    expected = 0.0
    for x, output in zip(first.batch.inputs, outputs, strict=True):
        # Columns are standardized, so that the unit of the reconstruction is 1.
        expected += 0.5 * (output.reconstruction - x).square().mean().item()
    targets = first.batch.labels[0]
    known = ~targets.isnan()
    error = (outputs[0].targets[known] - targets[known]).square().mean()
    expected += 3.0 * error.item()
    assert first.batch.labels[1] is None
    assert first.loss == pytest.approx(expected, rel=2e-2)
    found = np.unique(targets[known].numpy())
    assert np.isin(
        found.round(4), ((y[0] - mean) / spread).astype(np.float32).round(4)
    ).all()


def test_the_term_is_1_for_a_model_that_knows_nothing():
    first = FirstLoss()
    y = [1e6 + 1e3 * part for part in Y]
    JointTransferRegressor(**small(batch_size=60, callbacks=[first])).fit(X, y)
    # Smaller tasks are repeated, so that each sample counts alike only within a task.
    losses = [part.square().mean().item() for part in first.batch.labels]
    assert np.average(losses, weights=[60, 30]) == pytest.approx(1, abs=0.01)


def test_score_is_r2_of_the_known_values():
    X, Y = make_regression(n_outputs=2)
    reg = JointTransferRegressor(**QUICK).fit(X, Y)
    y = [with_gaps(Y[0]), Y[1].copy()]
    y[1][:20, 0] = np.nan
    weights = np.random.default_rng(0).uniform(size=30)
    expected = []
    for part, guess, w in zip(y, reg.predict(X), (np.ones(60), weights), strict=True):
        outputs = []
        for k in range(2):
            known = ~np.isnan(part[:, k])
            outputs.append(
                r2_score(part[known, k], guess[known, k], sample_weight=w[known])
            )
        expected.append(np.mean(outputs))
    found = reg.score(X, y, sample_weight=[None, weights])
    assert found == pytest.approx(np.mean(expected), rel=1e-6)


def test_the_scores_of_held_out_samples_are_those_of_score():
    X, Y = make_regression(n_outputs=2)
    y = [with_gaps(Y[0]), None]
    y[0][1::4, 1] = np.nan
    seen = []
    reg = JointTransferRegressor(
        **small(
            max_epochs=3, batch_size=7, early_stopping=True, validation_fraction=0.4
        )
    )

    class Outside(Callback):
        def on_epoch_end(self, net, dataset_valid, **kwargs):
            rows = dataset_valid.rows[0]
            seen.append(reg.score([X[0][rows], None], [y[0][rows], None]))

    reg.set_params(callbacks=[Outside()]).fit(X, y)
    found = [row["valid_r2_task0"] for row in reg.history_]
    assert_allclose(found, seen, rtol=1e-4)
    assert "valid_r2_task1" not in reg.history_[0]
    known = ~np.isnan(y[0]).all(axis=1)
    assert known.sum() == 45


def test_a_warm_start_keeps_the_units_of_the_targets():
    reg = JointTransferRegressor(**small(warm_start=True, max_epochs=1, lr=1e-9))
    before = reg.fit(X, Y).predict(X)
    after = reg.fit(X, [y + 500 for y in Y]).predict(X)
    assert_allclose(before[0], after[0], rtol=1e-5)
    assert len(reg.history_) == 2
    with pytest.raises(ValueError, match="number of outputs was 1 there and is 2"):
        reg.fit(X, [np.c_[y, y] for y in Y])


def test_a_pickle_predicts_the_same():
    reg = JointTransferRegressor(**small()).fit(X, [Y[0], None])
    loaded = pickle.loads(pickle.dumps(reg))
    for a, b in zip(reg.predict(X), loaded.predict(X), strict=True):
        assert_array_equal(a, b)


def test_predictions_of_dicts_and_of_skipped_tasks():
    named = dict(zip("ab", X, strict=True))
    reg = JointTransferRegressor(**small()).fit(named, {"a": Y[0]})
    both = reg.predict(named)
    assert_array_equal(reg.predict({"b": X[1]})["b"], both["b"])
    assert list(both) == ["a", "b"]
    assert all(y.dtype == np.float64 for y in both.values())


def test_images_are_regressed():
    rng = np.random.default_rng(0)
    images = [rng.uniform(size=(40, 12, 12)), rng.uniform(size=(20, 10, 10))]
    y = [x.mean(axis=(1, 2)) for x in images]
    reg = JointTransferRegressor(max_epochs=2, random_state=0).fit(images, [y[0], None])
    assert [part.shape for part in reg.predict(images)] == [(40,), (20,)]


def test_columns_that_nothing_ties_are_warned_of():
    with pytest.warns(TransferWarning, match="first layers of task 'task1'"):
        JointTransferRegressor(**small()).fit([X[0], X[1][:, :4]], [Y[0], None])


def test_no_shared_code_leaves_no_prediction_for_the_other_task():
    with pytest.raises(
        ValueError, match="n_shared=0 leaves task 'task1' without a pre"
    ):
        JointTransferRegressor(**small(n_shared=0)).fit(X, [Y[0], None])


def test_a_constant_target_is_predicted():
    reg = JointTransferRegressor(**small(max_epochs=60)).fit(X[0], np.full(60, 7.0))
    assert_allclose(reg.predict(X[0]), 7.0, atol=0.2)
    assert reg.score(X[0], np.full(60, 9.0)) == 0


def test_the_regression_weight_0_switches_the_term_off():
    reg = JointTransferRegressor(**small(regression_weight=0)).fit(X, Y)
    assert "train_regression" not in reg.history_[0]
    one = JointTransferRegressor(**small(regression_weight=[1, 0])).fit(X, Y)
    assert "train_regression_task1" not in one.history_[0]
    assert torch.isfinite(torch.as_tensor(one.predict(X)[1])).all()
