"""The objective in plain torch, from its equations, for a dense joint module.

Of task t, x are the samples, a(x) what augmentation makes of them, and S the part of
the phase after which unlabeled samples are learned from::

    L = sum_t  w_r[t] mean (r - a(x))^2                    reconstruction
             + w_c[t] mean_labeled -log p_y                classification
             + w_i[t] (mean H(p) + 2 (D - log m))          infomax, from S on
             + w_k[t] mean 1[max q >= c] -log p_argmax q consistency, from S on

D is the divergence of the mean p from the supposed shares s of the m classes that the
task can have, sum mean p log (mean p / s). For equal shares, D - log m = -H(mean p).
Each mean is divided by the unit of its term and task, which is 1 if none is given.

r and p are the reconstruction and the class probabilities of a(x), q those of x. Where
inputs are not augmented, there is no consistency. Away from training there is no
augmentation, infomax or consistency.
"""

from __future__ import annotations

import torch

from sk_jae.nn import consistency_loss
from tests.helpers.dense_module import reference
from tests.helpers.documented import documented

CONFIDENT = documented(consistency_loss, "if its probability is at least {}")


def entropy(p):
    return -(p * p.clamp(min=1e-30).log()).sum(-1)


def objective(
    state,
    batch,
    weights,
    *,
    augment,
    progress,
    start,
    training,
    mask=None,
    shares=None,
    units=None,
):
    """The loss, and each term's value and number of samples, by (term, task).

    `weights` has one number per task for each term, `state` the weights of the module.
    `shares` are those of the tasks in which they are not equal.
    """
    shares, units = shares or {}, units or {}
    total, terms = torch.zeros(()), {}
    for t, (x, y) in enumerate(zip(batch.inputs, batch.labels, strict=True)):
        if x is None:
            continue
        a = augment[t] if training and augment else None
        seen = x if a is None else a(x)
        reconstruction, p = outputs(state, t, seen, mask)
        found = {"reconstruction": ((reconstruction - seen).square().mean(), len(x))}
        if y is not None:
            labeled = y >= 0
            each = -p[labeled, y[labeled]].log()
            value = each.mean() if len(each) else p.sum() * 0
            found["classification"] = value, int(labeled.sum())
        if training and progress >= start:
            mean = p.mean(0)
            diversity = -entropy(mean)
            if t in shares:
                possible = shares[t] > 0
                some = mean[possible]
                divergence = (some * (some / shares[t][possible]).log()).sum()
                diversity = divergence - possible.sum().log()
            found["infomax"] = entropy(p).mean() + 2 * diversity, len(x)
            if a is not None:
                _, q = outputs(state, t, x, mask)
                confidence, target = q.detach().max(1)
                each = -p[torch.arange(len(p)), target].log()
                value = (each * (confidence >= CONFIDENT)).sum() / len(x)
                found["consistency"] = value, len(x)
        for term, (value, n) in found.items():
            if weights[term][t]:
                value = value / units.get((term, t), 1.0)
                terms[term, t] = value, n
                total = total + weights[term][t] * value
    return total, terms


def outputs(state, t, x, mask):
    """The reconstruction of samples, and the probabilities of their classes."""
    *_, reconstruction, logits = reference(torch, state, t, x)
    if mask is not None:
        logits = logits.masked_fill(~mask[t], -torch.inf)
    return reconstruction, logits.softmax(1)
