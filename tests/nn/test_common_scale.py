"""The module that applies a common scale, and where it stands."""

from __future__ import annotations

import numpy as np
import torch
from numpy.testing import assert_allclose

from sk_jae.architecture import Architecture, ColumnScale, describe
from sk_jae.nn import CommonColumns, CommonScale
from sk_jae.nn.views import view_of


def test_values_are_moved_and_weighed():
    x = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)
    offset, factor = [0.5, -0.25, 0.0], [1.0, 0.5, 2.0]
    module = CommonScale(offset, factor)
    assert_allclose(module(torch.from_numpy(x)), (x + offset) * factor, rtol=1e-6)
    assert not list(module.parameters())
    assert set(module.state_dict()) == {"offset", "factor", "is_placed"}


def test_default_dtypes_and_devices_do_not_matter():
    before = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        module = CommonScale([1.0], [2.0])
    finally:
        torch.set_default_dtype(before)
    assert module.offset.dtype == module.factor.dtype == torch.float32


def with_scale(**changes) -> Architecture:
    base = describe("a", (3,), (3,), "auto", "mirror", **changes)
    n = len(base.indices) if base.indices is not None else 3
    scale = ColumnScale((0.5,) * n, (2.0,) * n)
    return base.__class__(**{**vars(base), "scale": scale})


def test_the_columns_are_chosen_before_they_are_scaled():
    changes = {"columns": ("u", "v", "w"), "features": ("w", "u")}
    view = view_of(with_scale(**changes))
    assert [type(m) for m in view] == [CommonColumns, CommonScale]
    x = torch.tensor([[1.0, 2.0, 3.0]])
    assert_allclose(view(x), [[7.0, 3.0]])


def test_without_names_there_is_the_scale_alone():
    view = view_of(with_scale())
    assert isinstance(view, CommonScale)
