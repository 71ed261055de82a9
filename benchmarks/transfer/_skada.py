"""Deep methods of skada on the backbone and the batches of the transfer benchmark."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from sk_jae import JointTransferClassifier
from sk_jae.architecture import describe
from sk_jae.nn import JointModule, random_affine


class Backbone(nn.Module):
    """The default shared branch and its head, with the default augmentation."""

    def __init__(self, shape: tuple[int, ...], n_classes: int, seed: int) -> None:
        super().__init__()
        n_shared = JointTransferClassifier().n_shared
        layers = describe("all", shape, shape, "auto", "mirror", classified="shared")
        # Of a single task that shares all layers, the tied ones are the whole branch.
        module = JointModule(
            [layers], n_shared=n_shared, n_private=0, shared_depth="auto", seed=seed
        )
        self.features = nn.Sequential(*module.tied)
        self.head = nn.Linear(n_shared, n_classes)

    def forward(self, X: torch.Tensor, sample_weight: Any = None) -> torch.Tensor:
        return self.head(self.features(random_affine(X) if self.training else X))


class _DomainClassifier(nn.Module):
    """skada's own ends in a softmax over one number, which is 1 whatever it sees."""

    def __init__(self, n_features: int) -> None:
        super().__init__()
        from skada.deep.modules import GradientReversalLayer

        self.reverse = GradientReversalLayer.apply
        self.layers = nn.Sequential(
            nn.Linear(n_features, 100),
            nn.BatchNorm1d(100),
            nn.ReLU(),
            nn.Linear(100, 1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(self.reverse(x, 1.0)).sigmoid().flatten()


def fit_skada(
    method: str,
    X: list[np.ndarray],
    y: list[np.ndarray],
    like: JointTransferClassifier,
    max_epochs: int,
) -> Any:
    """Train on float32 arrays of one shape; labels are -1 where unknown.

    Labeled target samples count as source samples. Batch size and seed are those of
    `like`; Adam's learning rate is its default.
    """
    from skada import deep

    seed = like.random_state
    torch.manual_seed(seed)
    inputs, labels = np.concatenate(X), np.concatenate(y).astype(np.int64)
    n_classes = int(labels.max()) + 1
    backbone = Backbone(inputs.shape[1:], n_classes, seed)
    n_shared = backbone.head.in_features
    extra = {
        "MCC": {},
        "DeepCORAL": {},
        "DANN": {"domain_classifier": _DomainClassifier(n_shared)},
        "CDAN": {"domain_classifier": _DomainClassifier(n_shared * n_classes)},
    }[method]
    net = getattr(deep, {"DeepCORAL": "DeepCoral"}.get(method, method))(
        backbone,
        layer_name="features",
        max_epochs=max_epochs,
        batch_size=like.batch_size,
        optimizer=torch.optim.Adam,
        lr=0.001,
        train_split=None,
        verbose=0,
        device="cuda" if torch.cuda.is_available() else "cpu",
        **extra,
    )
    domain = np.where(labels >= 0, 1, -2)
    net.fit(inputs, labels, sample_domain=domain)
    return _Fitted(net)


class _Fitted:
    def __init__(self, net: Any) -> None:
        self.net = net

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.net.predict(X, sample_domain=np.full(len(X), -2))
