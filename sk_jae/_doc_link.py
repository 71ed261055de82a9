"""The link to the documentation in what notebooks show of an estimator."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, metadata

__all__ = ["DocLinkMixin"]


class DocLinkMixin:
    """Tells scikit-learn where the page of an estimator is.

    The address is that of "Documentation" among the URLs of the installed package.
    Without one there is no link.
    """

    _doc_link_module = "sk_jae"

    @property
    def _doc_link_template(self) -> str:
        address = _address()
        return f"{address}/generated/{{page}}.html" if address else ""

    def _doc_link_url_param_generator(self) -> dict[str, str]:
        parts = type(self).__module__.split(".")
        public = [part for part in parts if not part.startswith("_")]
        # The estimators are names of the package itself.
        public = [part for part in public if part != "estimators"]
        return {"page": ".".join([*public, type(self).__name__])}


def _address() -> str:
    try:
        urls = metadata("sk_jae").get_all("Project-URL") or []
    except PackageNotFoundError:  # used from a folder, without being installed
        return ""
    named: dict[str, str] = dict(url.split(", ", 1) for url in urls)
    return named.get("Documentation", "").rstrip("/")
