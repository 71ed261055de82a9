"""scikit-learn's own checks, all of them, with no expected failure."""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from sk_jae import JointAutoencoder, JointTransferClassifier, JointTransferRegressor
from tests.helpers.small import small

ESTIMATORS = {
    "autoencoder-default": JointAutoencoder(),
    "classifier-default": JointTransferClassifier(),
    "regressor-default": JointTransferRegressor(),
    "autoencoder-small": JointAutoencoder(**small(max_epochs=3)),
    "classifier-small": JointTransferClassifier(**small(max_epochs=60)),
    "regressor-small": JointTransferRegressor(**small(max_epochs=60)),
    "autoencoder-stopping": JointAutoencoder(
        **small(max_epochs=3, early_stopping=True, codes="shared")
    ),
}


def _checks():
    for name, estimator in ESTIMATORS.items():
        for instance, check in estimator_checks_generator(estimator):
            title = check.func.__name__ if hasattr(check, "func") else str(check)
            yield pytest.param(instance, check, id=f"{name}-{title}")


@pytest.mark.parametrize(("estimator", "check"), list(_checks()))
def test_scikit_learn_check(estimator, check):
    check(estimator)


def test_tags_opt_out_of_nothing():
    for estimator in ESTIMATORS.values():
        tags = estimator.__sklearn_tags__()
        assert tags.input_tags.two_d_array
        assert not tags.no_validation
        assert not tags.non_deterministic
        assert not tags._skip_test
        for own in (tags.classifier_tags, tags.regressor_tags):
            assert own is None or not own.poor_score
