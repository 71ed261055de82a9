"""The phases of strategy='common-branch'."""

from __future__ import annotations

import numpy as np
import pytest

from sk_jae import JointTransferClassifier
from tests.helpers.small import CONV, PAPER, labeled_vectors, small
from tests.helpers.training import Watch, moved, weights_of


@pytest.fixture(scope="module", params=["dense", "conv"])
def common_branch(request):
    rng = np.random.default_rng(0)
    shapes = [(6,)] * 3
    parameters = {**PAPER, "shared_depth": -1}
    if request.param == "conv":
        shapes = [(8, 8), (7, 9), (8, 9)]
        parameters = {**PAPER, "encoder": CONV["encoder"], "shared_depth": 1}
    sizes = (16, 30, 20)
    X = [rng.normal(size=(n, *s)) for n, s in zip(sizes, shapes, strict=True)]
    y = [rng.integers(3, size=n) for n in sizes]
    y[2] = None
    watch = Watch()
    clf = JointTransferClassifier(
        **parameters, strategy="common-branch", callbacks=[watch]
    ).fit(X, y)
    return clf, watch


class TestCommonBranch:
    @staticmethod
    def parts(clf, before, after):
        """The parts of the module of which some weight moved."""
        found = set()
        names = {name for name, _ in clf.module_.named_parameters()}
        for name in moved(before, after) & names:
            part, number, _ = name.split(".", 2)
            common = part in ("tied", "shared_head")
            found.add(part if common else f"{part}.{number}")
        return found

    def test_first_trains_the_autoencoders(self, common_branch):
        clf, watch = common_branch
        names = [row["phase"] for row in clf.history_]
        assert names == ["unsupervised"] * 2 + ["source"] * 2 + ["target"] * 2
        found = self.parts(clf, watch.start, watch.after["unsupervised"])
        assert not {"shared_head", "private_heads.0", "private_heads.1"} & found
        for t in range(3):
            assert {f"private_encoders.{t}", f"outputs.{t}"} <= found

    def test_then_the_branches_of_the_task_with_most_labels(self, common_branch):
        clf, watch = common_branch
        found = self.parts(clf, watch.after["unsupervised"], watch.after["source"])
        expected = {"tied", "shared_head", "private_encoders.1", "private_heads.1"}
        if len(clf.module_.pre_tied[1]):
            expected.add("pre_tied.1")
        assert found == expected

    def test_then_only_the_private_branches_of_labeled_targets(self, common_branch):
        clf, watch = common_branch
        found = self.parts(clf, watch.after["source"], watch.after["target"])
        assert found == {"private_encoders.0", "private_heads.0"}
        assert not moved(watch.after["target"], weights_of(clf))

    def test_has_classes_for_a_task_without_labels(self, common_branch):
        clf, _ = common_branch
        X = np.zeros((4, *clf.feature_shapes_in_[2]))
        assert set(clf.predict([None, None, X])[2]) <= {0, 1, 2}

    def test_needs_private_branches(self):
        X, y = labeled_vectors()
        for wrong in ({"n_private": 0}, {"head": "shared"}):
            clf = JointTransferClassifier(
                **small(PAPER, **wrong, strategy="common-branch")
            )
            with pytest.raises(ValueError, match="'common-branch' trains the private"):
                clf.fit(X, y)
