"""Random affine maps of images."""

from __future__ import annotations

import pytest
import torch

from sk_jae.nn import random_affine


@pytest.fixture
def blobs():
    """Bright spots in the middle of 28 x 28 images."""
    side = torch.arange(28.0) - 13.5
    spot = torch.exp(-(side[:, None] ** 2 + side**2) / 18)
    return spot.expand(500, 1, 28, 28)


def test_sizes_change_by_up_to_30_percent(blobs):
    torch.manual_seed(0)
    area = random_affine(blobs).sum((1, 2, 3)) / blobs.sum((1, 2, 3))
    # Each side changes by itself; shear and rotation hardly change areas.
    assert 0.9 / 1.3**2 < area.min() < 0.7
    assert 1.6 < area.max() < 1.1 / 0.7**2


def test_images_stay_in_place(blobs):
    torch.manual_seed(0)
    mapped = random_affine(blobs)[:, 0]
    side = torch.arange(28.0) - 13.5
    for axis in (1, 2):
        center = (mapped.sum(axis) * side).sum(1) / mapped.sum((1, 2))
        assert center.abs().max() < 0.1 * 28 * 1.6
        assert center.std() > 0.5


def test_every_image_has_its_own_map(blobs):
    mapped = random_affine(blobs[:10])
    assert len(torch.unique(mapped.flatten(1), dim=0)) == 10


@pytest.mark.parametrize("shape", [(3, 1, 8, 8), (2, 3, 9, 12)])
def test_constant_images_stay_as_they_are(shape):
    x = torch.full(shape, 0.7)
    torch.testing.assert_close(random_affine(x), x)


def test_vectors_are_left_alone():
    x = torch.rand(4, 5)
    assert random_affine(x) is x
