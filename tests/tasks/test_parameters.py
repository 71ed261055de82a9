"""Parameters that may differ per task."""

from __future__ import annotations

import numpy as np
import pytest

from sk_jae import JointAutoencoder
from sk_jae.tasks import (
    check_task,
    check_weights,
    per_task,
)
from tests.helpers.small import SMALL


class TestPerTask:
    names = ("mnist", "usps")

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (2, [2.0, 2.0]),
            (0.5, [0.5, 0.5]),
            (np.float32(0.5), [0.5, 0.5]),
            ([1, 0], [1.0, 0.0]),
            ((1, 2.5), [1.0, 2.5]),
            (np.array([1, 2]), [1.0, 2.0]),
            ({"usps": 3, "mnist": 1}, [1.0, 3.0]),
        ],
    )
    def test_weights(self, value, expected):
        weights = check_weights(value, self.names, "reconstruction_weight")
        assert weights == expected
        assert all(type(weight) is float for weight in weights)

    def test_a_tuple_can_be_one_value(self):
        def is_tuple(value):
            return isinstance(value, tuple)

        both = [(4, 2), (4, 2)]
        assert per_task((4, 2), self.names, "encoder", is_one=is_tuple) == both
        assert per_task(both, self.names, "encoder", is_one=is_tuple) == both

    @pytest.mark.parametrize("task", ["usps", 1, np.int64(1)])
    def test_task_by_name_or_position(self, task):
        assert check_task(task, self.names, "task") == 1

    def test_weights_reach_the_loss(self):
        rng = np.random.default_rng(0)
        X = {"mnist": rng.uniform(size=(5, 3)), "usps": rng.uniform(size=(5, 2))}
        weights = {"usps": 0, "mnist": 2}
        parameters = {**SMALL, "max_epochs": 1, "reconstruction_weight": weights}
        jae = JointAutoencoder(**parameters)
        (row,) = jae.fit(X).history_
        assert row["train_loss"] == pytest.approx(2 * row["train_reconstruction_mnist"])
        assert "train_reconstruction_usps" not in row
