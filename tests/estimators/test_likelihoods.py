"""The likelihood of each task: numbers, probabilities and counts."""

from __future__ import annotations

import numpy as np
import pytest

import sk_jae
from sk_jae import JointAutoencoder, JointTransferClassifier
from tests.helpers.refusals import assert_has, refusal
from tests.helpers.small import SMALL, small

rng = np.random.default_rng(0)
HIDDEN = rng.normal(size=(200, 2))
RATES = np.exp(0.8 * HIDDEN @ rng.normal(size=(2, 12)) + 3 * rng.normal(size=12))
COUNTS = rng.poisson(RATES).astype(float)
FRACTIONS = 1 / (1 + np.exp(-HIDDEN @ rng.normal(size=(2, 8))))
NUMBERS = HIDDEN @ rng.normal(size=(2, 5))
TASKS = {"counts": COUNTS, "fractions": FRACTIONS, "numbers": NUMBERS}
LOSSES = {"counts": "poisson", "fractions": "bce", "numbers": "huber"}


def deviance(counts, rates):
    logs = np.where(counts > 0, counts * np.log(np.maximum(counts, 1) / rates), 0)
    return (logs - counts + rates).mean()


@pytest.mark.parametrize("scaling", ["auto", None])
def test_each_task_is_reconstructed_by_its_own_likelihood(scaling, tmp_path):
    jae = JointAutoencoder(
        random_state=0, reconstruction_loss=LOSSES, input_scaling=scaling
    )
    found = jae.fit(TASKS).reconstruct(TASKS)
    assert (found["counts"] >= 0).all()
    assert ((found["fractions"] > 0) & (found["fractions"] < 1)).all()
    assert found["numbers"].min() < 0
    of_means = deviance(COUNTS, np.broadcast_to(COUNTS.mean(0), COUNTS.shape))
    if scaling:
        assert deviance(COUNTS, found["counts"]) < 0.3 * of_means
        assert jae.score({"counts": COUNTS}) > 0.8
    jae.save(tmp_path / "model")
    same = sk_jae.load(tmp_path / "model").reconstruct(TASKS)
    for name, values in same.items():
        np.testing.assert_array_equal(values, found[name])


def test_the_loss_of_counts_is_half_their_deviance():
    jae = JointAutoencoder(
        **small(lr=1e-20, max_epochs=1, batch_size=200, reconstruction_loss="poisson"),
        loss_scaling=None,
    )
    jae.fit(COUNTS)
    expected = deviance(COUNTS, jae.reconstruct(COUNTS).astype(float))
    np.testing.assert_allclose(jae.loss_curve_[0], expected, rtol=1e-3)
    jae.set_params(loss_scaling="auto").fit(COUNTS)
    np.testing.assert_allclose(jae.loss_curve_[0], 1, atol=0.3)


def test_counts_as_images_and_as_integers():
    images = rng.poisson(3, size=(40, 8, 8)).astype(np.uint8)
    jae = JointAutoencoder(**SMALL, reconstruction_loss=["poisson", "mse"])
    found = jae.fit([images, NUMBERS]).reconstruct([images, NUMBERS])[0]
    assert found.dtype == np.uint8
    assert found.shape == images.shape
    integers = COUNTS.astype(int)
    rates = jae.fit([integers, NUMBERS]).reconstruct([integers, None])[0]
    assert rates.dtype == np.float32


def test_rates_are_translated_and_decoded():
    rows = np.arange(len(COUNTS))
    clf = JointTransferClassifier(**small(max_epochs=5), reconstruction_loss=LOSSES)
    y = {"numbers": (HIDDEN[:, 0] > 0).astype(int)}
    clf.fit(TASKS, y, ids=dict.fromkeys(TASKS, rows))
    assert (clf.translate(NUMBERS, "numbers", "counts") > 0).all()
    codes = clf.transform(TASKS)
    decoded = clf.inverse_transform(codes)["counts"]
    np.testing.assert_allclose(decoded, clf.reconstruct(TASKS)["counts"], rtol=1e-4)
    assert np.isfinite([*clf.history_[-1].values()][1:]).all()


def test_held_out_counts_are_scored_in_their_units():
    jae = JointAutoencoder(
        **small(max_epochs=3, early_stopping=True), reconstruction_loss="poisson"
    )
    jae.fit(COUNTS)
    assert jae.history_[-1]["valid_r2_task0"] <= 1


def test_a_task_of_counts_joins():
    jae = JointAutoencoder(**small(n_shared_layers=1), reconstruction_loss="mse")
    jae.fit({"numbers": NUMBERS, "fractions": FRACTIONS})
    jae.set_params(
        reconstruction_loss={"numbers": "mse", "fractions": "mse", "counts": "poisson"}
    )
    jae.add_task(COUNTS, name="counts")
    assert (jae.reconstruct({"counts": COUNTS})["counts"] > 0).all()


@pytest.mark.parametrize(
    ("changes", "X", "words"),
    [
        ({"reconstruction_loss": "poisson"}, [COUNTS, -COUNTS], ["'task1'", "poisson"]),
        (
            {"reconstruction_loss": ["mse", "bce"]},
            [COUNTS, COUNTS],
            ["'task1'", "bce", "[0, 1]"],
        ),
        ({"reconstruction_loss": ["mse"]}, [COUNTS, COUNTS], ["1 value", "expected 2"]),
        (
            {"reconstruction_loss": ["mse", "mae"]},
            [COUNTS, COUNTS],
            ["'task1'", "'mae'", "'poisson'"],
        ),
        (
            {"reconstruction_loss": "poisson", "input_scaling": "whiten"},
            [COUNTS, COUNTS],
            ["'task0'", "whiten"],
        ),
    ],
)
def test_what_has_no_such_likelihood_is_refused(changes, X, words):
    assert_has(refusal(JointAutoencoder(**small(), **changes).fit, X), *words)
