"""Callbacks that record, interrupt and watch the training."""

from __future__ import annotations

import copy

import torch
from skorch.callbacks import Callback


class Recorder(Callback):
    """Keeps the initial weights and every training batch."""

    def on_train_begin(self, net, **kwargs):
        self.weights = copy.deepcopy(net.module_.state_dict())
        self.batches = []
        self.losses = []

    def on_batch_begin(self, net, batch, training, **kwargs):
        if training:
            self.batches.append(batch)

    def on_batch_end(self, net, loss, training, **kwargs):
        if training:
            self.losses.append(loss.item())


class HoldOut(Callback):
    """Keeps the rows that are held out."""

    def on_epoch_begin(self, net, dataset_valid, **kwargs):
        self.rows = dataset_valid.rows


class Interrupter(Callback):
    """Ctrl-C at some point of some epoch."""

    def __init__(self, epoch, where):
        self.epoch = epoch
        self.where = where

    def _interrupt(self, net, where):
        if where == self.where and net.history[-1, "epoch"] == self.epoch:
            raise KeyboardInterrupt

    def on_epoch_begin(self, net, **kwargs):
        self._interrupt(net, "epoch begin")

    def on_batch_end(self, net, training, **kwargs):
        self._interrupt(net, "train" if training else "valid")

    def on_epoch_end(self, net, **kwargs):
        self._interrupt(net, "epoch end")


def weights_of(estimator):
    return copy.deepcopy(estimator.module_.state_dict())


class Watch(Callback):
    """Keeps the weights before training and after each phase, and the gradients."""

    def __init__(self):
        self.first_gradients = None
        self.start = None
        self.after = {}

    def on_train_begin(self, net, **kwargs):
        if self.start is None:
            self.start = copy.deepcopy(net.module_.state_dict())

    def on_grad_computed(self, net, named_parameters, **kwargs):
        if self.first_gradients is None:
            self.first_gradients = {
                name: torch.zeros_like(p) if p.grad is None else p.grad.clone()
                for name, p in net.module_.named_parameters()
            }

    def on_epoch_end(self, net, **kwargs):
        row = net.history[-1]
        phase = row.get("phase", "only")
        self.after[phase] = copy.deepcopy(net.module_.state_dict())


def moved(before, after):
    return {key for key in before if not torch.equal(before[key], after[key])}
