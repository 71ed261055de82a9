"""scikit-learn's own checks, with one expected failure.

Weights and repeated samples do not give the same model, because batches hold other
samples. Their means are summed in float32, so that even with one batch the last digits
differ after some updates, but not after the first one.
"""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import (
    check_sample_weight_equivalence_on_dense_data,
    estimator_checks_generator,
)

from sk_jae import JointAutoencoder, JointTransferClassifier, JointTransferRegressor
from tests.helpers.small import small

ESTIMATORS = {
    "autoencoder-default": JointAutoencoder(),
    "classifier-default": JointTransferClassifier(),
    "regressor-default": JointTransferRegressor(),
    "autoencoder-small": JointAutoencoder(**small(max_epochs=3)),
    "classifier-small": JointTransferClassifier(**small(max_epochs=60, batch_size=64)),
    "regressor-small": JointTransferRegressor(**small(max_epochs=60, batch_size=64)),
    "autoencoder-stopping": JointAutoencoder(
        **small(max_epochs=3, early_stopping=True, codes="shared")
    ),
}


NOT_EXACT = "check_sample_weight_equivalence_on_dense_data"
WHY = "other batches, and sums of other numbers in float32"


def _checks():
    for name, estimator in ESTIMATORS.items():
        for instance, check in estimator_checks_generator(estimator):
            title = check.func.__name__ if hasattr(check, "func") else str(check)
            marks = [pytest.mark.xfail(reason=WHY)] if title == NOT_EXACT else []
            yield pytest.param(instance, check, id=f"{name}-{title}", marks=marks)


@pytest.mark.parametrize(("estimator", "check"), list(_checks()))
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "cls", [JointAutoencoder, JointTransferClassifier, JointTransferRegressor]
)
def test_weights_are_repetitions_in_one_update_of_all_samples(cls):
    sizes = {"n_shared": 3, "n_private": 2, "encoder": (8,), "batch_size": 1000}
    # Adam makes a full step of a gradient that is nothing but rounding.
    plain = {"max_epochs": 1, "weight_decay": 0.0, "optimizer": "sgd", "lr": 1e-4}
    estimator = cls(**sizes, **plain, device="cpu")
    check_sample_weight_equivalence_on_dense_data(cls.__name__, estimator)


def test_tags_opt_out_of_nothing():
    for estimator in ESTIMATORS.values():
        tags = estimator.__sklearn_tags__()
        assert tags.input_tags.two_d_array
        assert not tags.no_validation
        assert not tags.non_deterministic
        assert not tags._skip_test
        for own in (tags.classifier_tags, tags.regressor_tags):
            assert own is None or not own.poor_score
