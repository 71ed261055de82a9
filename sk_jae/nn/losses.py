"""The terms of the loss, each with its equation.

L = sum_t  w_r[t] * reconstruction_t + w_c[t] * classification_t

(Epstein, Meir, Michaeli 2018, Eq. 1 and 2, with means over samples and features instead
of sums, so that the weights do not depend on the sizes of batches and images.)

The first is :func:`sk_jae.nn.reconstruction_loss`. `regression_loss` takes the place of
the classification where the targets are numbers. There are more terms, which are not in
the paper: `infomax_loss` and `consistency_loss` for unlabeled samples, `pairing_loss`
and `agreement_loss` for samples of one subject in different tasks.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from sk_jae.nn.reconstruction import SMALLEST_WEIGHT, weighted_mean

__all__ = [
    "agreement_loss",
    "classification_loss",
    "consistency_loss",
    "infomax_loss",
    "pairing_loss",
    "regression_loss",
]

CONFIDENT = 0.9
DIVERSITY = 2.0

# Codes that are equal for all subjects have no spread to compare a distance with.
_SMALLEST_SPREAD = 1e-12


def classification_loss(
    logits: Tensor, labels: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Return the cross-entropy of the labeled samples, the l_c of the paper.

    Parameters
    ----------
    logits : Tensor of shape (..., n, n_classes)
        The logits of the samples.
    labels : Tensor of int64 of shape (..., n)
        The position of the class of each sample, -1 for an unlabeled sample.
    weights : Tensor of shape (n,) or None, default=None
        How much each sample counts.

    Returns
    -------
    loss : Tensor of shape (...)
        The weighted mean over the labeled samples, or 0 if there are none.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import classification_loss
    >>> logits = torch.tensor([[0.0, 0.0], [9.0, 0.0]])
    >>> classification_loss(logits, torch.tensor([1, -1]))
    tensor(0.6931)
    """
    each = _cross_entropy(logits, labels)
    if weights is not None:
        return weighted_mean(each, weights * (labels >= 0))
    return each.sum(dim=-1) / (labels >= 0).sum(dim=-1).clamp(min=1)


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the cross-entropy of each sample, 0 for one without a label."""
    each = F.cross_entropy(
        logits.float().flatten(0, -2),
        labels.flatten(),
        ignore_index=-1,
        reduction="none",
    )
    return each.reshape(labels.shape)


def regression_loss(
    predictions: Tensor, targets: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Return the squared error of the known targets.

    Parameters
    ----------
    predictions : Tensor of shape (..., n, n_outputs)
        The predicted targets.
    targets : Tensor of shape (..., n, n_outputs)
        The targets, NaN where one is unknown. If they are standardized, the loss is
        about 1 for a model that knows nothing.
    weights : Tensor of shape (n,) or None, default=None
        How much each sample counts.

    Returns
    -------
    loss : Tensor of shape (...)
        The weighted mean over the known values of each output, averaged over the
        outputs that have any, or 0 if there are none.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import regression_loss
    >>> targets = torch.tensor([[1.0, 2.0], [1.0, torch.nan]])
    >>> regression_loss(torch.zeros(2, 2), targets)
    tensor(2.5000)
    """
    known = ~targets.isnan()
    errors = (predictions.float() - targets.nan_to_num()).square() * known
    if weights is None:
        means = errors.sum(-2) / known.sum(-2).clamp(min=1)  # (..., n_outputs)
    else:
        total = (weights @ known.float()).clamp(min=SMALLEST_WEIGHT)
        means = weights @ errors / total
    return means.sum(-1) / known.any(-2).sum(-1).clamp(min=1)


def infomax_loss(
    logits: Tensor, shares: Tensor | None = None, weights: Tensor | None = None
) -> Tensor:
    """Return a loss that is low for predictions that are confident and diverse.

    It is the mean entropy of the predictions minus twice the entropy of their mean.
    With a factor of one instead of two, it would be minus the mutual information of
    samples and classes. With a factor of two, two classes are less often merged.

    Parameters
    ----------
    logits : Tensor of shape (..., n, n_classes)
        The logits of unlabeled samples, -inf for a class that they cannot have.
    shares : Tensor of shape (..., n_classes) or None, default=None
        How frequent the classes are supposed to be. With them, minus the entropy of the
        mean is replaced by its Kullback-Leibler divergence from the shares. None
        supposes equal shares, for which the two differ by a constant only.
    weights : Tensor of shape (n,) or None, default=None
        How much each sample counts in both means.

    Returns
    -------
    loss : Tensor of shape (...)
        The loss of all n samples together.

    References
    ----------
    R. Gomes, A. Krause, P. Perona, "Discriminative clustering by regularized
    information maximization", NeurIPS 2010.

    W. Hu et al., "Learning discrete representations via information maximizing
    self-augmented training", ICML 2017. There, the two entropies have separate weights.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import infomax_loss
    >>> infomax_loss(torch.tensor([[20.0, 0.0], [0.0, 20.0]]))
    tensor(-1.3863)
    """
    p = logits.float().softmax(dim=-1)
    mean = p.mean(dim=-2) if weights is None else weighted_mean(p, weights)
    confidence = weighted_mean(_entropy(p), weights)
    if shares is None:
        return confidence - DIVERSITY * _entropy(mean)
    # Classes that the samples cannot have have a share of zero and add nothing.
    divergence = (mean * ((mean + 1e-8) / (shares + 1e-8)).log()).sum(dim=-1)
    n_possible = (shares > 0).sum(dim=-1)
    return confidence + DIVERSITY * (divergence - n_possible.log())


def consistency_loss(
    logits: Tensor, plain_logits: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Return the cross-entropy with confident predictions for the plain samples.

    The class that is predicted for a plain sample is the target for the augmented one
    if its probability is at least 0.9.

    Parameters
    ----------
    logits : Tensor of shape (..., n, n_classes)
        The logits of the augmented samples.
    plain_logits : Tensor of shape (..., n, n_classes)
        The logits of the same samples without augmentation. No gradient is computed for
        them.
    weights : Tensor of shape (n,) or None, default=None
        How much each sample counts.

    Returns
    -------
    loss : Tensor of shape (...)
        The weighted mean over all samples, where those without a confident prediction
        count 0.

    References
    ----------
    K. Sohn et al., "FixMatch: simplifying semi-supervised learning with consistency
    and confidence", NeurIPS 2020.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import consistency_loss
    >>> plain = torch.tensor([[9.0, 0.0], [1.0, 0.0]])
    >>> consistency_loss(torch.zeros(2, 2), plain)
    tensor(0.3466)
    """
    confidence, target = plain_logits.detach().float().softmax(dim=-1).max(dim=-1)
    each = _cross_entropy(logits, target)
    return weighted_mean(each * (confidence >= CONFIDENT), weights)


def pairing_loss(z: Tensor, z_other: Tensor) -> Tensor:
    """Return the distance of the codes of the same subjects in two tasks.

    It is the mean of ``|z - z_other|^2 / (2 sum_k Var_k)``, where the variance of code
    k is that over both tasks. It is 0 if the codes of a subject are equal, and about 1
    if they have nothing to do with each other. A factor common to all codes does not
    matter, so that the codes do not shrink.

    Parameters
    ----------
    z, z_other : Tensor of shape (n, n_codes)
        The codes of n subjects in each task.

    Returns
    -------
    loss : Tensor of shape ()

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import pairing_loss
    >>> z = torch.tensor([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]])
    >>> pairing_loss(z, z), pairing_loss(z, z[[1, 0, 2]])
    (tensor(0.), tensor(0.5000))
    """
    z, z_other = z.float(), z_other.float()
    spread = torch.cat([z, z_other]).var(dim=0, correction=0).sum()
    distance = (z - z_other).square().sum(dim=1).mean()
    return distance / (2 * spread).clamp(min=_SMALLEST_SPREAD)


def agreement_loss(logits: Tensor, logits_other: Tensor) -> Tensor:
    """Return how much the predictions for the same subjects in two tasks differ.

    It is the mean of the two Kullback-Leibler divergences between the probabilities p
    and q, ``(D(p, q) + D(q, p)) / 2``, averaged over the subjects.

    Parameters
    ----------
    logits, logits_other : Tensor of shape (n, n_classes)
        The logits of n subjects in each task. A class that one of the tasks cannot
        have, whose logit is -inf, is left out.

    Returns
    -------
    loss : Tensor of shape ()

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import agreement_loss
    >>> logits = torch.tensor([[2.0, 0.0]])
    >>> agreement_loss(logits, logits), agreement_loss(logits, logits.flip(1))
    (tensor(0.), tensor(1.5232))
    """
    possible = logits.isfinite() & logits_other.isfinite()
    lowest = torch.finfo(torch.float32).min / 2
    log_p = logits.float().masked_fill(~possible, lowest).log_softmax(dim=1)
    log_q = logits_other.float().masked_fill(~possible, lowest).log_softmax(dim=1)
    difference = (log_p - log_q).masked_fill(~possible, 0.0)
    each = (log_p.exp() - log_q.exp()) * difference
    return each.sum(dim=1).mean() / 2


def _entropy(p: Tensor) -> Tensor:
    # The small number keeps the gradient finite if a class is impossible.
    return -(p * (p + 1e-8).log()).sum(dim=-1)
