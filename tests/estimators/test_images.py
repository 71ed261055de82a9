"""Layouts and units of images."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import r2_score

from sk_jae import JointAutoencoder
from tests.helpers.small import CONV, SMALL, images, small


def test_images_come_back_in_their_own_layout_and_units():
    # Adam would make much of the last digit of a small gradient.
    parameters = {**CONV, "optimizer": "sgd"}
    X = images()
    jae = JointAutoencoder(**parameters).fit(X)
    scaled = {name: x.astype(np.float32) / 255 for name, x in X.items()}
    plain = JointAutoencoder(**parameters).fit(scaled)
    for codes in ("both", "shared", "private"):
        reconstructed = jae.reconstruct(X, codes=codes)
        expected = plain.reconstruct(scaled, codes=codes)
        for name, x in X.items():
            assert reconstructed[name].shape == x.shape
            np.testing.assert_allclose(
                reconstructed[name], (255 * expected[name]).clip(0, 255), atol=0.6
            )
    assert jae.feature_shapes_in_["last"] == (9, 8, 3)


def test_reconstructions_of_uint8_are_between_0_and_255():
    rng = np.random.default_rng(0)
    X = rng.integers(180, 220, size=(64, 8, 8), dtype=np.uint8)
    jae = JointAutoencoder(**small(max_epochs=60, lr=0.01)).fit(X)
    assert 180 < jae.reconstruct(X).mean() < 220
    codes = jae.transform(X)
    assert 180 < jae.inverse_transform(codes).mean() < 220


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_reconstructions_are_of_the_units_of_the_samples_with_bce(dtype):
    rng = np.random.default_rng(0)
    unit = 255 if dtype is np.uint8 else 1
    X = (unit * rng.uniform(0.7, 0.9, size=(64, 8, 8))).astype(dtype)
    parameters = {**SMALL, "max_epochs": 60, "lr": 0.01, "reconstruction_loss": "bce"}
    jae = JointAutoencoder(**parameters).fit(X)
    reconstructed = jae.reconstruct(X)
    assert 0.7 < reconstructed.mean() / unit < 0.9
    for other in (
        jae.inverse_transform(jae.transform(X)),
        jae.reconstruct(X, codes="shared"),
        jae.translate(X, 0, 0),
    ):
        assert other.min() > 0
        assert other.max() < unit
    flat = len(X), -1
    r2 = r2_score(
        X.reshape(flat),
        reconstructed.reshape(flat),
        multioutput="variance_weighted",
    )
    assert jae.score(X) == pytest.approx(r2, abs=1e-3 if unit == 255 else 1e-4)


@pytest.mark.parametrize("method", ["reconstruct", "transform"])
def test_layouts_of_images_differ_in_nothing_else(method):
    first = images()["first"]
    last = np.moveaxis(first, 1, 3)
    one = JointAutoencoder(**CONV).fit(first)
    other = JointAutoencoder(**CONV).fit(last)
    actual, expected = getattr(other, method)(last), getattr(one, method)(first)
    if method == "reconstruct":
        actual = np.moveaxis(actual, 3, 1)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("axis", [1, 3])
def test_gray_images_may_have_a_channel(axis):
    gray = images()["gray"]
    expected = JointAutoencoder(**CONV).fit(gray).reconstruct(gray)
    X = np.expand_dims(gray, axis)
    actual = JointAutoencoder(**CONV).fit(X).reconstruct(X)
    np.testing.assert_array_equal(actual.squeeze(axis), expected)


def test_the_layout_says_where_the_channels_are():
    X = np.zeros((5, 3, 8, 3))
    first = JointAutoencoder(**small(layout="channels_first")).fit(X)
    last = JointAutoencoder(**small(layout="channels_last")).fit(X)
    assert first.module_([torch.zeros(1, 3, 8, 3)])[0] is not None
    assert last.module_([torch.zeros(1, 3, 3, 8)])[0] is not None
    with pytest.raises(ValueError, match=r"layout='channels_first' or"):
        JointAutoencoder(**SMALL).fit(X)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, "tensor"])
def test_images_of_other_types_have_the_units_of_those_in_fit(dtype):
    X = images()["first"]
    jae = JointAutoencoder(**CONV).fit(X)
    other = torch.from_numpy(X) if dtype == "tensor" else X.astype(dtype)
    np.testing.assert_array_equal(jae.transform(other), jae.transform(X))


def test_any_number_of_channels_is_kept():
    X = np.random.default_rng(0).uniform(size=(12, 5, 8, 8))
    jae = JointAutoencoder(**small(CONV, layout="channels_first")).fit([X, X[:, :2]])
    assert [x.shape for x in jae.reconstruct([X, X[:, :2]])] == [X.shape, (12, 2, 8, 8)]
    for channel in range(5):
        changed = X.copy()
        changed[:, channel] += 1
        shared = [jae.transform([x, None])[0][:, :3] for x in (X, changed)]
        assert not np.allclose(*shared)
