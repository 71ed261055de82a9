"""One scale for labeled and unlabeled tables, against its definition in numpy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sk_jae.nn import common_scales


def stats(rng, n=7, *, size=1.0):
    return size * rng.normal(size=n), rng.uniform(0.5, 2.0, size=n)


def reference(labeled, unlabeled, alike):
    """The factor and the offset of the labeled tables and of each unlabeled one."""
    mean = np.mean([m for m, _ in labeled], 0)
    variance = np.mean([s**2 for _, s in labeled], 0)
    d = [(m - mean) / np.sqrt((variance + s**2) / 2) for m, s in unlabeled]
    inflation = np.sqrt(1 + sum(x**2 for x in d) / len(d) / 4)
    variances = [s**2 for (_, s), same in zip(unlabeled, alike, strict=True) if same]
    together = np.sqrt(np.mean([variance, *variances], 0))
    found = [(np.sqrt(variance) / together / inflation, 0 * mean)]
    for x, (m, s), same in zip(d, unlabeled, alike, strict=True):
        most = 0.25 if np.median(np.abs(x)) > 0.5 else 0.7
        kept = (found[0][0], np.clip(x, -most, most))
        found.append((s / together / inflation, (m - mean) / s) if same else kept)
    return found


@pytest.mark.parametrize("size", [0.1, 1.0, 10.0])
@pytest.mark.parametrize(
    ("n_labeled", "alike"),
    [(1, [False]), (1, [True]), (2, [False]), (2, [True]), (1, [False, True, False])],
)
def test_scales_are_those_of_the_definition(size, n_labeled, alike):
    rng = np.random.default_rng(0)
    labeled = [stats(rng, size=size) for _ in range(n_labeled)]
    unlabeled = [stats(rng, size=size) for _ in alike]
    scale, scales = common_scales(labeled, unlabeled, alike)
    expected = reference(labeled, unlabeled, alike)
    for found, (factor, offset) in zip([scale, *scales], expected, strict=True):
        assert_allclose(found.factor, factor)
        assert_allclose(found.offset, offset)


def test_tables_of_equal_means_stay_as_they_are():
    one = np.array([1.0, 2.0]), np.array([1.0, 3.0])
    other = np.array([1.0, 2.0]), np.array([2.0, 1.0])
    for scale in (lambda s: [s[0], *s[1]])(common_scales([one], [other], [False])):
        assert scale.factor == (1.0, 1.0)
        assert scale.offset == (0.0, 0.0)


def test_half_of_the_columns_decide_how_much_of_a_difference_is_kept():
    labeled = [(np.zeros(5), np.ones(5))]
    few = np.array([0.0, 0.1, 0.2, 3.0, -3.0]), np.ones(5)
    most = np.array([0.1, 0.6, 0.6, 3.0, -3.0]), np.ones(5)
    _, (kept, less) = common_scales(labeled, [few, most], [False] * 2)
    assert_allclose(kept.offset, [0.0, 0.1, 0.2, 0.7, -0.7])
    assert_allclose(less.offset, [0.1, 0.25, 0.25, 0.25, -0.25])


def test_columns_that_are_constant_in_all_tables_tell_nothing():
    one = np.array([1.0, 5.0]), np.array([1.0, 0.0])
    other = np.array([1.0, 9.0]), np.array([1.0, 0.0])
    with np.errstate(all="raise"):
        scale, (other_scale,) = common_scales([one], [other], [False])
    assert scale.factor == (1.0, 1.0)
    assert other_scale.offset == (0.0, 0.0)


@pytest.mark.parametrize("unit", [1e-12, 1e18])
def test_units_do_not_matter(unit):
    rng = np.random.default_rng(0)
    one, other = stats(rng), stats(rng)
    plain = common_scales([one], [other], [False])[1][0]
    there = [tuple(unit * v for v in table) for table in (one, other)]
    found = common_scales(there[:1], there[1:], [False])[1][0]
    assert_allclose(found.offset, plain.offset)
    assert_allclose(found.factor, plain.factor)
