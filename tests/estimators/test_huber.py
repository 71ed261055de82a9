"""The Huber loss of reconstructions, as a user has it."""

from __future__ import annotations

import numpy as np

from sk_jae import JointAutoencoder


def test_outliers_disturb_the_reconstruction_of_other_samples_less():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2)) @ rng.normal(size=(2, 8))
    spoiled = X.copy()
    spoiled[rng.random(X.shape) < 0.02] += 60
    clean = (spoiled == X).all(axis=1)
    errors = {}
    for loss in ("mse", "huber"):
        est = JointAutoencoder(
            n_shared=2,
            n_private=0,
            encoder=(),
            input_scaling=None,
            reconstruction_loss=loss,
            max_epochs=150,
            lr=0.01,
            random_state=0,
        ).fit(spoiled)
        errors[loss] = np.abs(est.reconstruct(spoiled) - X)[clean].mean()
    assert errors["huber"] < 0.7 * errors["mse"]
