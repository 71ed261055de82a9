"""The layers for several tasks at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from sk_jae.architecture import Deconv, parse
from sk_jae.nn import (
    CommonView,
    TaskBatchNorm,
    TaskSequential,
    UnflattenImage,
    UpConv2d,
)
from sk_jae.nn.builder import build_stages
from tests.helpers.tensors import draw, random


class TestTaskBatchNorm:
    def test_each_task_is_normalized_by_its_own_samples(self):
        parts = [random(40, 3) * 5 + 7, random(30, 3, seed=1) - 2]
        norm = TaskBatchNorm(3, n_tasks=2)
        output = norm(torch.cat(parts), [0, 1], [40, 30])
        for part in output.split([40, 30]):
            torch.testing.assert_close(
                part.mean(0), torch.zeros(3), atol=1e-5, rtol=0.0
            )
            torch.testing.assert_close(
                part.std(0, correction=0), torch.ones(3), atol=1e-3, rtol=0.0
            )

    @pytest.mark.parametrize("shape", [(3,), (3, 4, 5)])
    def test_equals_one_torch_batch_norm_per_task(self, shape):
        plain = nn.BatchNorm1d if len(shape) == 1 else nn.BatchNorm2d
        norm, expected = TaskBatchNorm(3, n_tasks=3), [plain(3) for _ in range(3)]
        for step in range(4):
            parts = {0: random(6, *shape, seed=step), 2: random(5, *shape, seed=9) * 3}
            output = norm(torch.cat(list(parts.values())), list(parts), [6, 5])
            for (t, part), found in zip(
                parts.items(), output.split([6, 5]), strict=True
            ):
                torch.testing.assert_close(found, expected[t](part))
        norm.eval()
        for t, other in enumerate(expected):
            x = random(4, *shape, seed=5)
            torch.testing.assert_close(norm(x, [t]), other.eval()(x))

    def test_one_vector_is_normalized_by_the_running_statistics(self):
        norm = TaskBatchNorm(3)
        norm(random(20, 3) + 4)
        x = random(1, 3)
        before = norm.running_mean.clone()
        output = norm(x)
        assert torch.equal(norm.running_mean, before)
        torch.testing.assert_close(output, norm.eval()(x))


class TestView:
    def test_of_the_same_shape_changes_nothing(self):
        x = random(2, 3, 5, 6)
        assert torch.equal(CommonView((3, 5, 6))(x), x)

    def test_color_becomes_gray_and_gray_is_repeated(self):
        x = random(2, 3, 5, 6)
        gray = CommonView((1, 5, 6))(x)
        torch.testing.assert_close(gray, x.mean(1, keepdim=True))
        assert torch.equal(CommonView((3, 5, 6))(gray), gray.repeat(1, 3, 1, 1))

    def test_opacity_is_left_out(self):
        x = random(2, 4, 5, 6)
        assert torch.equal(CommonView((3, 5, 6))(x), x[:, :3])
        torch.testing.assert_close(
            CommonView((1, 5, 6))(x), x[:, :3].mean(1, keepdim=True)
        )

    @pytest.mark.parametrize("size", [(9, 12), (3, 4), (5, 12)])
    def test_images_are_resized(self, size):
        # A constant stays so, and a picture in the left half is still there.
        x = torch.zeros(2, 1, 6, 8)
        x[..., :4] = 1
        small = CommonView((1, *size))(x)
        assert small.shape == (2, 1, *size)
        assert small[..., 0].min() > 0.99
        assert small[..., -1].max() < 0.01
        ones = torch.ones_like(x)
        torch.testing.assert_close(
            CommonView((1, *size))(ones), torch.ones(2, 1, *size)
        )

    def test_every_pixel_of_a_large_image_counts_in_its_small_view(self):
        x = random(1, 1, 24, 30).requires_grad_()
        CommonView((1, 6, 5))(x).sum().backward()
        assert (x.grad > 0).all()

    @pytest.mark.parametrize("size", [(6, 5), (12, 20), (40, 45), (6, 40)])
    def test_images_are_resized_as_by_pillow(self, size):
        x = random(1, 1, 24, 30)
        found = CommonView((1, *size))(x)[0, 0]
        picture = Image.fromarray(x[0, 0].numpy())
        expected = picture.resize(size[::-1], Image.Resampling.BILINEAR)
        np.testing.assert_allclose(found, np.asarray(expected), atol=1e-5)


class TestLayers:
    def test_tasks_of_different_shapes_are_run_one_by_one(self):
        convolution = nn.Conv2d(1, 2, 3, padding=1)
        norm = TaskBatchNorm(2, n_tasks=3)
        parts = [random(4, 1, 5, 5), random(3, 1, 7, 6, seed=1)]
        found = TaskSequential([convolution, norm])(parts, [0, 2])
        assert [part.shape for part in found] == [(4, 2, 5, 5), (3, 2, 7, 6)]
        for part, t, result in zip(parts, [0, 2], found, strict=True):
            torch.testing.assert_close(result, norm(convolution(part), [t]))
        assert (norm.running_mean[1] == 0).all()

    def test_equals_running_every_task_alone(self):
        layers = TaskSequential([nn.Linear(4, 3), TaskBatchNorm(3, 2), nn.ReLU()])
        parts = [random(5, 4), random(2, 4, seed=1)]
        together = layers(parts, [0, 1])
        for t, part in enumerate(parts):
            torch.testing.assert_close(layers([part], [t])[0], together[t])

    def test_no_layers_give_back_what_they_get(self):
        x = random(2, 3)
        assert TaskSequential()([x], [0])[0] is x
        assert TaskSequential([nn.ReLU()])([], []) == []


class TestUpConv2d:
    @pytest.mark.parametrize("factor", [2, 3])
    @pytest.mark.parametrize("channels", [1, 6])
    @pytest.mark.parametrize("kernel", [(3, 3), (5, 5), (7, 7), (3, 5), (1, 5), (1, 1)])
    def test_equals_upsampling_and_a_convolution(self, kernel, channels, factor):
        layer = UpConv2d(4, channels, kernel, factor).double()
        padding = tuple(side // 2 for side in kernel)
        convolution = nn.Conv2d(4, channels, kernel, padding=padding).double()
        convolution.load_state_dict(layer.state_dict())
        x = random(2, 4, 5, 6).double()
        found, expected = x.clone().requires_grad_(), x.clone().requires_grad_()
        output = layer(found)
        large = F.interpolate(expected, scale_factor=factor, mode="nearest")
        torch.testing.assert_close(output, convolution(large))
        weights = random(*output.shape, seed=1).double()
        (output * weights).sum().backward()
        (convolution(large) * weights).sum().backward()
        torch.testing.assert_close(found.grad, expected.grad)
        torch.testing.assert_close(layer.weight.grad, convolution.weight.grad)
        torch.testing.assert_close(layer.bias.grad, convolution.bias.grad)

    @pytest.mark.parametrize(
        ("layer", "shape"),
        [
            ("Deconv 3x3x3", (2, 5, 6)),
            ("Deconv 3x3x5 stride 3", (2, 5, 6)),
            ("Deconv 3x2x3", (2, 5, 6)),
            (Deconv(3, (3, 3), size=(9, 12)), (2, 5, 6)),
            (Deconv(3, (3, 3), size=(10, 18)), (2, 5, 6)),
            (Deconv(3, (3, 3), size=(4, 4)), (2, 5, 6)),
        ],
    )
    def test_a_deconvolution_is_upsampling_and_a_convolution(self, layer, shape):
        (layer,) = parse(layer) if isinstance(layer, str) else (layer,)
        ((*modules, _),), out_shape = build_stages([layer], shape, draw())
        (weights,) = [m for m in modules if isinstance(m, nn.Conv2d)]
        x = random(2, *shape)
        large = F.interpolate(x, size=out_shape[1:], mode="nearest")
        height, width = layer.kernel
        edges = ((width - 1) // 2, width // 2, (height - 1) // 2, height // 2)
        expected = F.conv2d(F.pad(large, edges), weights.weight, weights.bias)
        torch.testing.assert_close(nn.Sequential(*modules)(x), expected)


def test_images_made_of_vectors_have_the_layout_of_all_images():
    image = UnflattenImage((3, 4, 5))(random(2, 60))
    assert image.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(image.flatten(1), random(2, 60))
