"""The precision of training, and what it costs in accuracy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sk_jae import JointAutoencoder
from sk_jae.datasets import load_mnist
from sk_jae.training import default_precision, device

CONV = "Conv 16x(3x3), BN, MP 2x2, Conv 32x(3x3), BN, MP 2x2, FC 128, BN"


@pytest.mark.parametrize(
    ("amx", "vectors", "vendor", "expected"),
    [
        (True, True, "GenuineIntel", "bfloat16"),
        (False, True, "GenuineIntel", "float32"),
        (False, True, "AuthenticAMD", "bfloat16"),
        (False, False, "AuthenticAMD", "float32"),
    ],
)
def test_bfloat16_is_for_convolutions_on_a_cpu_that_gains(
    monkeypatch, amx, vectors, vendor, expected
):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: vectors)
    monkeypatch.setattr(device, "cpu_vendor", lambda: vendor)
    X = [np.zeros((4, 8, 8), np.uint8), np.zeros((4, 9, 9), np.uint8)]
    for encoder, precision in ((CONV, expected), ((8,), "float32")):
        jae = JointAutoencoder(
            encoder=encoder, max_epochs=1, device="cpu", precision="auto"
        ).fit(X)
        assert jae.net_.precision == precision


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="on Linux only")
def test_the_maker_of_the_cpu_is_read_where_it_is_told():
    told = Path("/proc/cpuinfo").read_text()
    vendors = [v for v in ("AuthenticAMD", "GenuineIntel") if v in told]
    assert [v for v in vendors if v in device.cpu_vendor()] == vendors


def test_other_devices_than_cpu_and_cuda_train_in_float32():
    mps = torch.device("mps")
    assert default_precision(mps, convolutional=True) == "float32"


@pytest.mark.real_data
def test_bfloat16_reaches_the_held_out_error_of_float32(data_home):
    X, y = load_mnist(data_home=data_home, return_X_y=True)
    halves = [X[:2000][y[:2000] < 5], X[:2000][y[:2000] >= 5]]
    held_out = [X[2000:3000][y[2000:3000] < 5], X[2000:3000][y[2000:3000] >= 5]]
    errors = []
    for precision in ("float32", "bfloat16"):
        jae = JointAutoencoder(
            encoder=CONV,
            max_epochs=3,
            precision=precision,
            device="cpu",
            random_state=0,
        ).fit(halves)
        rebuilt = jae.reconstruct(held_out)
        parts = zip(held_out, rebuilt, strict=True)
        errors.append(np.mean([np.mean((x - r) ** 2) for x, r in parts]))
    assert errors[1] == pytest.approx(errors[0], rel=0.02)
