"""Layouts and units in training: what goes in comes out."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone

from sk_jae import JointAutoencoder
from tests.helpers.small import SMALL


def test_bytes_are_trained_on_as_fractions():
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(10, 6, 5)).astype(np.uint8)
    jae = JointAutoencoder(**SMALL)
    of_bytes = clone(jae).fit(images).reconstruct(images)
    of_fractions = clone(jae).fit(images / 255).reconstruct(images / 255)
    np.testing.assert_allclose(of_bytes, 255 * of_fractions, rtol=1e-4, atol=1e-2)


def test_units_in_prediction_are_those_of_fit():
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(10, 6, 5)).astype(np.uint8)
    jae = JointAutoencoder(**SMALL).fit(images)
    codes = jae.transform(images)
    np.testing.assert_array_equal(jae.transform(images.astype(np.float64)), codes)


def test_channels_first_and_last_train_alike():
    rng = np.random.default_rng(0)
    first = rng.uniform(size=(10, 3, 6, 5))
    last = np.moveaxis(first, 1, -1)
    jae = JointAutoencoder(**SMALL)
    of_first = clone(jae).fit(first).reconstruct(first)
    of_last = clone(jae).fit(last).reconstruct(last)
    assert of_last.shape == last.shape
    np.testing.assert_allclose(np.moveaxis(of_last, -1, 1), of_first, atol=1e-5)
