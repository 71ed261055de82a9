"""A skorch net that leaves to its estimator what needs one array of samples."""

from __future__ import annotations

from typing import NoReturn

from sk_jae.training.skorch_types import NeuralNet

__all__ = ["RefusingNet"]


class RefusingNet(NeuralNet):
    """A skorch net without the methods that the estimator has in their place.

    Attributes
    ----------
    owner : str
        The name of the estimator, for messages.
    """

    owner: str

    def _refuse(self, method: str) -> NoReturn:
        raise NotImplementedError(
            f"The skorch net of a {self.owner} is driven by the estimator and has no "
            f"{method} of its own; call the methods of the {self.owner}."
        )

    def fit(self, X: object, y: object = None, **fit_params: object) -> NoReturn:
        self._refuse("fit")

    def partial_fit(
        self, X: object, y: object = None, classes: object = None, **fit_params: object
    ) -> NoReturn:
        self._refuse("partial_fit")

    def fit_loop(self, X: object, y: object = None, **fit_params: object) -> NoReturn:
        self._refuse("fit_loop")

    def forward_iter(self, X: object, *args: object, **kwargs: object) -> NoReturn:
        self._refuse("forward_iter")

    def forward(self, X: object, *args: object, **kwargs: object) -> NoReturn:
        self._refuse("forward")

    def predict(self, X: object) -> NoReturn:
        self._refuse("predict")

    def predict_proba(self, X: object) -> NoReturn:
        self._refuse("predict_proba")

    def set_params(self, **kwargs: object) -> NoReturn:
        self._refuse("set_params")

    def __sklearn_clone__(self) -> NoReturn:
        self._refuse("clone")
