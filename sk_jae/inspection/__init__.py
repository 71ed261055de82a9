"""Pictures of what a fit has learned, as scikit-learn's displays.

Each display is made by a class method, mostly ``from_estimator``. It draws with
matplotlib, which is imported no earlier than then (``pip install "sk_jae[plot]"``). It
takes matplotlib's axes as `ax` and keeps those that it has drawn on, so that titles and
labels can be changed afterwards. Colors are told apart by people with any color vision,
and nothing is said by color alone.
"""

from sk_jae.inspection._codes import CodesDisplay
from sk_jae.inspection._history import HistoryDisplay
from sk_jae.inspection._reconstruction import ReconstructionDisplay
from sk_jae.inspection._search import SearchDisplay
from sk_jae.inspection._transfer import TransferDisplay
from sk_jae.inspection._translation import TranslationDisplay

__all__ = [
    "CodesDisplay",
    "HistoryDisplay",
    "ReconstructionDisplay",
    "SearchDisplay",
    "TransferDisplay",
    "TranslationDisplay",
]
