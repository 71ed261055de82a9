"""Random affine maps of images, against numpy and scipy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.ndimage import map_coordinates

from sk_jae.nn import random_affine
from tests.helpers.documented import documented

SIDE = 32
DEGREES, PERCENT, SHEAR, OF_SIDE = documented(
    random_affine,
    "rotated by up to {} degrees, scaled by up to {} %, sheared by up to {} and "
    "shifted by up to {} % of its sides",
)


def places(n):
    """The middles of n pixels, where the whole side goes from -1 to 1."""
    return (2 * np.arange(n) + 1) / n - 1


def mapped(n, *pictures, seed=0):
    """Where each pixel of n maps comes from, and what the maps make of pictures.

    An image whose values are its own coordinates shows where they come from.
    """
    x, y = np.meshgrid(places(SIDE), places(SIDE))
    channels = torch.from_numpy(np.stack([x, y, *pictures])).float()
    torch.manual_seed(seed)
    return random_affine(channels.expand(n, -1, -1, -1)).numpy()


def matrices(n, seed=0):
    """The affine maps (n, 2, 3), found by least squares in the middle of the image.

    What comes from outside repeats the edge, but no map moves the middle that far.
    """
    x, y = np.meshgrid(places(SIDE), places(SIDE))
    middle = (abs(x) < 0.3) & (abs(y) < 0.3)
    design = np.stack([x[middle], y[middle], np.ones(middle.sum())], axis=1)
    found = mapped(n, seed=seed)[:, :, middle]
    fitted = np.linalg.lstsq(design, found.reshape(2 * n, -1).T, rcond=None)[0]
    assert_allclose(design @ fitted, found.reshape(2 * n, -1).T, atol=1e-5)
    return fitted.T.reshape(n, 2, 3)


@pytest.fixture(scope="module")
def drawn():
    """What was drawn for each of many images, all in units of their bounds.

    A map scales both axes, shears, and then rotates; each inverts the one before here.
    """
    matrix = matrices(4000)
    angle = np.arctan2(matrix[:, 1, 0], matrix[:, 0, 0])
    width = np.hypot(matrix[:, 0, 0], matrix[:, 1, 0])
    height = matrix[:, 1, 1] / np.cos(angle)
    shear = matrix[:, 0, 1] / height + np.sin(angle)
    return {
        "angle": np.degrees(angle) / DEGREES,
        "width": (width - 1) * 100 / PERCENT,
        "height": (height - 1) * 100 / PERCENT,
        "shear": shear / SHEAR,
        # A side goes from -1 to 1.
        "x": matrix[:, 0, 2] / 2 * 100 / OF_SIDE,
        "y": matrix[:, 1, 2] / 2 * 100 / OF_SIDE,
    }


@pytest.mark.parametrize("name", ["angle", "width", "height", "shear", "x", "y"])
def test_what_is_drawn_is_uniform_up_to_its_bounds(drawn, name):
    values = drawn[name]
    assert abs(values).max() <= 1 + 1e-3
    assert values.min() < -0.98
    assert values.max() > 0.98
    # The standard error of 4,000 draws is about 0.01.
    assert values.mean() == pytest.approx(0, abs=0.05)
    assert values.std() == pytest.approx(1 / np.sqrt(3), abs=0.03)


def test_what_is_drawn_is_independent(drawn):
    correlations = np.corrcoef(list(drawn.values()))
    assert_allclose(correlations, np.eye(6), atol=0.08)


def test_pixels_are_interpolated_and_the_edge_is_repeated():
    """scipy reads the picture where the maps say that each pixel comes from."""
    picture = np.random.default_rng(0).uniform(size=(SIDE, SIDE))
    n = 20
    found = mapped(n, picture)[:, 2]
    x, y = np.meshgrid(places(SIDE), places(SIDE))
    points = np.stack([x, y, np.ones_like(x)]).reshape(3, -1)
    for image, matrix in zip(found, matrices(n), strict=True):
        # From -1 to 1 to numbers of rows and columns.
        columns, rows = ((matrix @ points + 1) * SIDE - 1) / 2
        expected = map_coordinates(picture, [rows, columns], order=1, mode="nearest")
        assert_allclose(image.ravel(), expected, atol=1e-4)


def test_all_channels_of_an_image_have_one_map():
    picture = np.random.default_rng(0).uniform(size=(SIDE, SIDE))
    found = mapped(5, picture, picture)
    np.testing.assert_array_equal(found[:, 2], found[:, 3])


def test_every_image_has_its_own_map():
    maps = matrices(10)
    assert len(np.unique(maps.round(4), axis=0)) == 10


def test_the_global_generator_decides():
    np.testing.assert_array_equal(mapped(3, seed=1), mapped(3, seed=1))
    assert (mapped(3, seed=1) != mapped(3, seed=2)).any()


@pytest.mark.parametrize("shape", [(3, 1, 8, 8), (2, 3, 9, 12)])
def test_constant_images_stay_as_they_are(shape):
    x = torch.full(shape, 0.7)
    torch.testing.assert_close(random_affine(x), x)


def test_vectors_are_left_alone():
    x = torch.rand(4, 5)
    assert random_affine(x) is x
