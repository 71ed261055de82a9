"""Small images, and the files of a folder."""

from __future__ import annotations

import numpy as np

RNG_SEED = 0


def random_images(*shape):
    return np.random.default_rng(RNG_SEED).integers(0, 256, shape, dtype=np.uint8)


def all_files(folder):
    return sorted(path for path in folder.rglob("*"))
