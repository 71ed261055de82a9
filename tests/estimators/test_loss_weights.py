"""What the loss weights of tasks and terms do."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sk_jae import JointAutoencoder, JointTransferClassifier
from tests.helpers.small import PAPER, labeled_vectors, small
from tests.helpers.training import Watch, moved, weights_of

TERMS = [(term, t) for term in ("reconstruction", "classification") for t in "ab"]


class TestLossWeights:
    def fitted(self, reconstruction, classification, **parameters):
        X, y = labeled_vectors()
        watch = Watch()
        clf = JointTransferClassifier(
            **small(
                PAPER,
                head="both",
                max_epochs=1,
                **parameters,
                reconstruction_weight=reconstruction,
                classification_weight=classification,
                callbacks=[watch],
            )
        ).fit(X, y)
        return clf, watch

    def test_scale_the_gradients_of_the_terms_they_name(self):
        weights = {
            "reconstruction": {"a": 0.5, "b": 2.0},
            "classification": {"a": 4.0, "b": 0.25},
        }
        expected = None
        for term, task in TERMS:
            only = {key: dict.fromkeys("ab", 0.0) for key in weights}
            only[term][task] = 1.0
            _, watch = self.fitted(**only)
            part = {
                name: gradient * weights[term][task]
                for name, gradient in watch.first_gradients.items()
            }
            assert any(gradient.any() for gradient in part.values())
            if expected is None:
                expected = part
            else:
                expected = {name: expected[name] + part[name] for name in part}
        _, watch = self.fitted(**weights)
        for name, gradient in watch.first_gradients.items():
            torch.testing.assert_close(
                gradient, expected[name], rtol=1e-4, atol=1e-6, msg=name
            )

    def test_scale_the_terms_in_the_loss_but_not_in_the_history(self):
        weights = {"reconstruction": [0.5, 2.0], "classification": [4.0, 0.25]}
        clf, _ = self.fitted(**weights, lr=1e-12)
        plain, _ = self.fitted([1.0, 1.0], [1.0, 1.0], lr=1e-12)
        (row,), (plain_row,) = clf.history_, plain.history_
        total = 0.0
        for term, task in TERMS:
            key = f"train_{term}_{task}"
            assert row[key] == pytest.approx(plain_row[key], rel=1e-5)
            total += weights[term]["ab".index(task)] * row[key]
        assert row["train_loss"] == pytest.approx(total, rel=1e-6)
        assert clf.loss_curve_ == [row["train_loss"]]

    @pytest.mark.parametrize(
        "forms",
        [
            (2.0, [2.0, 2.0]),
            (2.0, {"a": 2.0, "b": 2.0}),
            ([2.0, 0.0], {"b": 0.0, "a": 2}),
            ((1.0, 3.0), np.array([1.0, 3.0])),
        ],
    )
    def test_may_be_a_number_a_list_or_a_dict(self, forms):
        one, other = (weights_of(self.fitted(form, form)[0]) for form in forms)
        assert not moved(one, other)

    @pytest.mark.parametrize("weight_decay", [0.0, 0.1])
    @pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
    def test_of_zero_keep_all_of_a_task_that_is_not_tied_in_place(
        self, weight_decay, optimizer
    ):
        clf, watch = self.fitted(
            [1.0, 0.0], [1.0, 0.0], weight_decay=weight_decay, optimizer=optimizer
        )
        changed = moved(watch.start, weights_of(clf))
        own = {key for key in watch.start if self.task_of(key) == "1"}
        assert len(own) >= 14  # two encoders, two decoders, an output layer, a head
        assert not changed & own
        assert {key for key in watch.start if key.endswith("weight")} - own <= changed

    def test_of_zero_for_one_term_keep_in_place_what_only_that_term_trains(self):
        clf, watch = self.fitted([1.0, 1.0], [1.0, 0.0])
        changed = moved(watch.start, weights_of(clf))
        assert not any(key.startswith("private_heads.1.") for key in changed)
        assert "private_heads.0.0.weight" in changed
        assert "private_encoders.1.0.weight" in changed
        assert "train_classification_b" not in clf.history_[-1]

        clf, watch = self.fitted([1.0, 0.0], [1.0, 1.0])
        changed = moved(watch.start, weights_of(clf))
        for part in ("private_decoders", "shared_decoders", "outputs"):
            assert not any(key.startswith(f"{part}.1.") for key in changed)
            assert any(key.startswith(f"{part}.0.") for key in changed)
        assert "private_encoders.1.0.weight" in changed  # by the head on both codes
        assert "train_reconstruction_b" not in clf.history_[-1]

    def test_of_the_autoencoder_are_for_reconstruction(self):
        X, _ = labeled_vectors()
        watch = Watch()
        jae = JointAutoencoder(
            **small(reconstruction_weight={"a": 0.0, "b": 3.0}, callbacks=[watch])
        ).fit(X)
        changed = moved(watch.start, weights_of(jae))
        assert not any(self.task_of(key) == "0" for key in changed)
        for row in jae.history_:
            expected = 3 * row["train_reconstruction_b"]
            assert row["train_loss"] == pytest.approx(expected)

    @staticmethod
    def task_of(key):
        """The number of the task that a weight belongs to, if to one alone."""
        part, number, _ = key.split(".", 2)
        return None if part in ("tied", "shared_head") else number
