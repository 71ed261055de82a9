"""Small random changes of batches of images and signals."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["RandomAffine", "RandomMap", "random_affine"]

ROTATION = math.radians(15)
SCALE = 0.3
SHEAR = 0.2
SHIFT = 0.1


def random_affine(x: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Rotate, scale, shear and shift each image by small random amounts.

    An image is rotated by up to 15 degrees, scaled by up to 30 %, sheared by up to 0.2
    and shifted by up to 10 % of its sides. Pixels from outside the image repeat its
    edge.

    Parameters
    ----------
    x : Tensor of shape (n, channels, height, width)
        Images. Vectors of shape (n, features) are returned unchanged.
    generator : torch.Generator or None, default=None
        Draws the changes. None means torch's global generator of the device.

    Returns
    -------
    x : Tensor of shape (n, channels, height, width)
        The changed images.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import random_affine
    >>> random_affine(torch.zeros(2, 1, 8, 8)).shape
    torch.Size([2, 1, 8, 8])
    """
    if x.ndim != 4:
        return x
    n = len(x)
    draw = torch.empty(6, n, device=x.device, dtype=torch.float32)
    draw.uniform_(-1, 1, generator=generator)
    angle = ROTATION * draw[0]
    shear = SHEAR * draw[1]
    width, height = 1 + SCALE * draw[2], 1 + SCALE * draw[3]
    cos, sin = angle.cos(), angle.sin()
    rows = [
        torch.stack([cos * width, (shear - sin) * height, SHIFT * 2 * draw[4]], dim=1),
        torch.stack([sin * width, cos * height, SHIFT * 2 * draw[5]], dim=1),
    ]
    theta = torch.stack(rows, dim=1)  # (n, 2, 3)
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)


class RandomMap:
    """A function of random changes as an object that has its own generator.

    Attributes
    ----------
    generator : torch.Generator or None
        Draws the changes, and can be replaced at any time. None means torch's global
        generator of the device.
    """

    def __init__(self) -> None:
        self.generator: torch.Generator | None = None

    def __call__(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        # A generator belongs to a device, so copies and pickles do not have it.
        return {**self.__dict__, "generator": None}


class RandomAffine(RandomMap):
    """The function `random_affine` as an object that has its own generator.

    Attributes
    ----------
    generator : torch.Generator or None
        Draws the changes, and can be replaced at any time. None means torch's global
        generator of the device.

    Notes
    -----
    Shape: the input and the output are (n, channels, height, width). Vectors of shape
    (n, features) are returned unchanged.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import RandomAffine
    >>> augment = RandomAffine()
    >>> augment.generator = torch.Generator().manual_seed(0)
    >>> augment(torch.zeros(2, 1, 8, 8)).shape
    torch.Size([2, 1, 8, 8])
    """

    def __call__(self, x: Tensor) -> Tensor:
        return random_affine(x, self.generator)
