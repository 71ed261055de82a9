"""A network in the manner of timm: norms that activate too, and no classes."""

from __future__ import annotations

import torch
from torch import nn


class NormAct(nn.BatchNorm2d):
    """Batch normalization and ReLU in one layer."""

    def forward(self, x):
        return torch.relu(super().forward(x))


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = NormAct(width)

    def forward(self, x):
        return x + self.norm(self.conv(x))


class Features(nn.Module):
    """Images in color to vectors of `num_features` values."""

    def __init__(self, num_features=6):
        super().__init__()
        self.num_features = num_features
        self.stem = nn.Conv2d(3, num_features, 3, stride=2, bias=False)
        self.norm = NormAct(num_features)
        self.blocks = nn.Sequential(Residual(num_features), Residual(num_features))
        self.drop = nn.Dropout(0.1)

    def forward_features(self, x):
        return self.blocks(self.norm(self.stem(x)))

    def forward(self, x):
        return self.drop(self.forward_features(x).mean((2, 3)))
