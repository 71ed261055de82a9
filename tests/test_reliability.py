"""Hostile parameters, functions and callbacks: a part of the fuzz in benchmarks."""

from __future__ import annotations

import pytest
import torch

from benchmarks.reliability._attempts import KINDS, TINY, Attempt, make_attempt
from benchmarks.reliability._endings import run
from benchmarks.reliability._functions import Own
from sk_jae import JointAutoencoder
from tests.helpers.small import make_tasks

PARTS, PER_PART = 4, 25


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("kind", KINDS)
def test_fits_end_in_one_of_the_ways_that_are_right(kind, part):
    for number in range(part * PER_PART, (part + 1) * PER_PART):
        ending = run(make_attempt(kind, number))
        assert ending.outcome != "fault", f"{kind} {number}: {ending.message}"


class Foreign(JointAutoencoder):
    def fit(self, X, y=None):
        raise RuntimeError("of another library")


class Nameless(JointAutoencoder):
    def fit(self, X, y=None):
        raise ValueError("wrong")


class Half(JointAutoencoder):
    def fit(self, X, y=None):
        super().fit(X)
        raise Own("after training")


class NotFinite(JointAutoencoder):
    def fit(self, X, y=None):
        super().fit(X)
        with torch.no_grad():
            next(self.module_.parameters()).fill_(torch.nan)
        return self


class ChangesParameters(JointAutoencoder):
    def fit(self, X, y=None):
        super().fit(X)
        self.lr = 0.5
        return self


class ChangesModes(JointAutoencoder):
    def fit(self, X, y=None):
        torch.set_default_dtype(torch.float64)
        return super().fit(X)


@pytest.fixture
def usual_dtype():
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("usual_dtype")
@pytest.mark.parametrize(
    ("of_class", "message"),
    [
        (Foreign, "RuntimeError: of another library"),
        (Nameless, "by another library"),
        (Half, "not as it was before, after Own"),
        (NotFinite, "is not finite"),
        (ChangesParameters, "has changed the parameters ['lr']"),
        (ChangesModes, "a mode of torch or numpy has changed"),
    ],
)
def test_anything_else_is_a_fault(of_class, message):
    X, y = make_tasks()
    ending = run(Attempt(of_class(**TINY), X, y, {}))
    assert ending.outcome == "fault"
    assert message in ending.message


def test_an_ordinary_fit_trains():
    X, y = make_tasks()
    assert run(Attempt(JointAutoencoder(**TINY), X, y, {})).outcome == "trained"
