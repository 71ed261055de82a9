"""Layouts and units in training: what goes in comes out."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

from sk_jae import JointAutoencoder, pack
from tests.helpers.small import CONV, SMALL


def test_bytes_are_trained_on_as_fractions():
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(10, 7, 6)).astype(np.uint8)
    jae = JointAutoencoder(**SMALL)
    of_bytes = clone(jae).fit(images).reconstruct(images)
    of_fractions = clone(jae).fit(images / 255).reconstruct(images / 255)
    expected = np.clip(255 * of_fractions, 0, 255)
    np.testing.assert_allclose(of_bytes, expected, atol=0.51)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.uint16])
def test_images_like_bytes_are_trained_on_like_bytes(dtype):
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(10, 7, 6)).astype(np.uint8)
    jae = JointAutoencoder(**SMALL)
    expected = clone(jae).fit(images)
    found = clone(jae).fit(images.astype(dtype))
    np.testing.assert_allclose(found.transform(images), expected.transform(images))
    back = found.reconstruct(images)
    assert back.dtype == np.float32
    np.testing.assert_allclose(back.clip(0, 255), expected.reconstruct(images), atol=1)


@pytest.mark.parametrize("largest", [1, 16, 60])
def test_bytes_of_few_levels_are_trained_on_like_other_numbers(largest):
    """Masks and images of a few gray levels would else be almost 0 everywhere."""
    rng = np.random.default_rng(0)
    images = rng.integers(largest + 1, size=(10, 6, 5)).astype(np.uint8)
    jae = JointAutoencoder(**SMALL, layout="image")
    expected = clone(jae).fit(images.astype(np.float32))
    found = clone(jae).fit(images)
    np.testing.assert_array_equal(found.transform(images), expected.transform(images))
    back = found.reconstruct(images)
    assert back.dtype == np.uint8
    assert abs(back - expected.reconstruct(images).clip(0)).max() <= 0.51


def test_masks_are_not_in_the_units_of_bytes():
    images = np.random.default_rng(0).integers(256, size=(10, 6, 5)).astype(np.uint8)
    jae = JointAutoencoder(**SMALL, layout="image").fit(images)
    with pytest.warns(UserWarning, match="X has images with values up to 1, but those"):
        jae.transform(images > 128)


@pytest.mark.parametrize("form", ["list", "dict", "joint", "array"])
def test_whatever_comes_back_for_bytes_is_bytes(form):
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(10, 7, 6)).astype(np.uint8)
    images[:, 2:4] = 255
    vectors = rng.normal(size=(7, 4))
    X = {
        "list": [images, vectors],
        "dict": {"i": images, "v": vectors},
        "joint": pack([images, vectors])[0],
        "array": images,
    }[form]
    jae = JointAutoencoder(**SMALL).fit(X)
    codes = jae.transform(X)
    if form == "joint":
        codes = X.split(codes)
    for found in (jae.reconstruct(X), jae.inverse_transform(codes)):
        if form == "array":
            assert found.dtype == np.uint8
            continue
        parts = found.arrays if hasattr(found, "arrays") else found
        parts = parts.values() if isinstance(parts, dict) else parts
        assert [part.dtype for part in parts] == [np.uint8, np.float32]
    if form != "array":
        assert jae.translate(vectors, 1, 0).dtype == np.uint8
        assert jae.translate(images, 0, 1).dtype == np.float32


@pytest.mark.parametrize(
    ("fit_to", "given", "told"),
    [
        (255, 1, True),
        (1, 255, True),
        (16, 1, True),
        (1, 16, True),
        (255, 200, False),
        (1, 1.2, False),
    ],
)
@pytest.mark.parametrize("form", ["list", "joint"])
def test_images_in_other_units_than_in_fit_are_pointed_out(fit_to, given, told, form):
    X = np.random.default_rng(0).uniform(size=(12, 8, 8))
    parameters = {**SMALL, "warm_start": True}
    jae = JointAutoencoder(**parameters).fit([fit_to * X, X])
    others = [given * X, X]
    others = pack(others)[0] if form == "joint" else others
    for call in (jae.transform, jae.score, jae.fit):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            call(others)
        messages = [str(w.message) for w in seen if "units" in str(w.message)]
        assert len(messages) == told
        assert not told or "X of task 'task0' has images" in messages[0]


def test_a_warm_start_keeps_the_units():
    images = np.random.default_rng(0).uniform(0, 250, size=(12, 8, 8))
    jae = JointAutoencoder(**SMALL, warm_start=True).fit(images)
    scale = jae.layouts_[0].scale
    jae.fit(images / 5)
    assert jae.layouts_[0].scale == scale == 1 / 255


def test_units_in_prediction_are_those_of_fit():
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(10, 7, 6)).astype(np.uint8)
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


@pytest.mark.parametrize(("low", "high"), [(0, 255), (0, 1), (-1, 1)])
def test_flat_pictures_train_as_pictures_do(low, high):
    X = low + (high - low) * np.random.default_rng(0).uniform(size=(2, 12, 8, 8))
    flat = [x.reshape(12, -1) for x in X]
    jae = JointAutoencoder(**CONV, layout="image")
    pictures, found = clone(jae).fit([*X]), clone(jae).fit(flat)
    codes = found.transform(flat)
    np.testing.assert_array_equal(codes, pictures.transform([*X]))
    for back, expected in [
        (found.reconstruct(flat)[1], pictures.reconstruct([*X])[1]),
        (found.inverse_transform(codes)[1], pictures.inverse_transform(codes)[1]),
        (found.translate(flat[0], 0, 1), pictures.translate(X[0], 0, 1)),
    ]:
        np.testing.assert_array_equal(back, expected.reshape(12, -1))
    assert found.feature_shapes_in_ == [(64,), (64,)]
    table = pd.DataFrame(flat[0]).rename(columns="pixel{}".format)
    assert clone(jae).fit(table).n_features_in_ == 64


def test_signals_come_back_as_signals():
    X = np.random.default_rng(0).normal(size=(12, 3, 40))
    jae = JointAutoencoder(**SMALL, layout=["signal", "auto"]).fit([X[:, 0], X])
    assert jae.reconstruct([X[:, 0], X])[0].shape == (12, 40)
    assert jae.reconstruct([None, X])[1].shape == (12, 3, 40)
    assert jae.translate(X, 1, 0).shape == (12, 40)
    # The ends of no channel are dropped, resized or turned.
    assert jae.module_.views[1](torch.zeros(2, 3, 40)).shape == (2, 3, 40)


def test_one_layout_per_task():
    X = np.random.default_rng(0).uniform(size=(12, 64))
    tasks = {"a": X, "b": X, "c": X}
    layout = {"a": "image", "c": (8, 8), "b": "vector"}
    kinds = JointAutoencoder(**SMALL, layout=layout).fit(tasks).layouts_
    assert [found.kind for found in kinds] == ["image", "vector", "image"]
