"""The embedded pair of digit sets."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from sk_jae import datasets


def test_import_leaves_torchvision_alone():
    code = "import sys, sk_jae.datasets; sys.exit('torchvision' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestDigitsPair:
    def test_no_digit_is_in_two_places(self):
        parts = [datasets.load_digits_pair(subset=s) for s in ("train", "test")]
        used = np.concatenate(
            [part.source_index[task] for part in parts for task in part.data]
        )
        np.testing.assert_array_equal(np.sort(used), np.arange(1797))

    def test_train_and_test_make_up_all(self):
        train, test, both = (
            datasets.load_digits_pair(subset=subset)
            for subset in ("train", "test", "all")
        )
        for task in ("optical", "pen"):
            joined = {
                index: image
                for part in (train, test)
                for index, image in zip(
                    part.source_index[task], part.data[task], strict=True
                )
            }
            for index, image in zip(
                both.source_index[task], both.data[task], strict=True
            ):
                np.testing.assert_array_equal(joined[index], image)

    def test_optical_digits_are_the_source(self):
        pair, source = datasets.load_digits_pair(), load_digits()
        assert pair.data["optical"].dtype == pair.data["pen"].dtype == np.uint8
        chosen = pair.source_index["optical"]
        np.testing.assert_allclose(
            pair.data["optical"] / 255, source.images[chosen] / 16, atol=0.5 / 255
        )
        for task, index in pair.source_index.items():
            np.testing.assert_array_equal(pair.target[task], source.target[index])

    def test_the_seed_decides(self):
        first, same, other = (
            datasets.load_digits_pair(random_state=seed).data["pen"]
            for seed in (3, 3, 4)
        )
        np.testing.assert_array_equal(first, same)
        assert not np.array_equal(first, other)

    def test_global_generator_is_not_touched(self):
        def state():
            return np.random.get_state()[1].copy()  # noqa: NPY002

        before = state()
        datasets.load_digits_pair()
        np.testing.assert_array_equal(state(), before)

    def test_tasks_are_related_but_shifted(self):
        X, y = datasets.load_digits_pair(return_X_y=True)
        X_test, y_test = datasets.load_digits_pair(subset="test", return_X_y=True)

        def flat(images):
            size = 16 // images.shape[1]
            return images.repeat(size, 1).repeat(size, 2).reshape(-1, 256) / 255

        score = {
            task: LogisticRegression(max_iter=300)
            .fit(flat(X[task]), y[task])
            .score(flat(X_test["pen"]), y_test["pen"])
            for task in ("optical", "pen")
        }
        assert 0.4 < score["optical"] < 0.7
        assert score["pen"] > 0.93

    def test_pen_digits_are_thicker_and_slanted_to_the_right(self):
        pair = datasets.load_digits_pair()
        pen = pair.data["pen"] / 255
        source = load_digits().images[pair.source_index["pen"]] / 16
        assert (pen.mean((1, 2)) > 1.2 * source.mean((1, 2))).all()

        def slants(images):
            """How far the strokes move to the right on their way up, by moments."""
            side = np.linspace(-1, 1, images.shape[1])
            x, y = np.meshgrid(side, -side)
            weight = images / images.sum((1, 2), keepdims=True)
            x, y = (
                axis - (weight * axis).sum((1, 2), keepdims=True) for axis in (x, y)
            )
            return (weight * x * y).sum((1, 2)) / (weight * y * y).sum((1, 2))

        change = slants(pen) - slants(source)
        assert (change > 0.1).all()
        assert change.std() > 0.03  # every digit by its own hand

    @pytest.mark.parametrize("subset", ["validation", None])
    def test_unknown_subset(self, subset):
        with pytest.raises(ValueError, match="subset must be one of"):
            datasets.load_digits_pair(subset=subset)
