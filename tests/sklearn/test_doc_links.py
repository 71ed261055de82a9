"""Links to the documentation in what notebooks show of an estimator."""

from __future__ import annotations

from email.message import Message
from pathlib import Path

import pytest
from sklearn.preprocessing import StandardScaler

import sk_jae
from sk_jae import _doc_link
from sk_jae.model_selection import BatchedSearchCV
from sk_jae.preprocessing import PerTask

ESTIMATORS = {
    "sk_jae.JointAutoencoder": sk_jae.JointAutoencoder(),
    "sk_jae.JointTransferClassifier": sk_jae.JointTransferClassifier(),
    "sk_jae.JointTransferRegressor": sk_jae.JointTransferRegressor(),
    "sk_jae.preprocessing.PerTask": PerTask(StandardScaler()),
    "sk_jae.model_selection.BatchedSearchCV": BatchedSearchCV(
        sk_jae.JointAutoencoder(), {}
    ),
}


def urls(monkeypatch, *lines):
    found = Message()
    for line in lines:
        found["Project-URL"] = line
    monkeypatch.setattr(_doc_link, "metadata", lambda name: found)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_they_lead_to_the_page_of_the_class(name, monkeypatch):
    estimator = ESTIMATORS[name]
    urls(monkeypatch, "Source, https://a.example", "Documentation, https://b.example/")
    link = f"https://b.example/generated/{name}.html"
    assert estimator._get_doc_link() == link
    assert f'href="{link}"' in estimator._repr_html_()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_without_an_address_there_is_none(name, monkeypatch):
    estimator = ESTIMATORS[name]
    urls(monkeypatch)
    assert estimator._get_doc_link() == ""
    assert 'href=""' not in estimator._repr_html_()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_pages_are_in_the_reference(name):
    reference = Path(__file__).parents[2] / "docs" / "reference.rst"
    if not reference.exists():
        pytest.skip("the documentation is not here")
    module, _, last = name.rpartition(".")
    _, _, listed = reference.read_text().partition(f".. currentmodule:: {module}\n")
    listed, _, _ = listed.partition(".. currentmodule::")
    assert f"   {last}\n" in listed
