"""
Two instruments and a number to predict
=======================================

A laboratory has measured the near-infrared spectra of 110 samples, and how much of a
substance each of them holds. A second instrument measures other samples. Its scale of
wavelengths is shifted, and it has another gain and stray light, so that what was
learned on the first instrument is worth less on it.

:class:`~sk_jae.JointTransferRegressor` learns the spectra of both, with the numbers of
the first.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_jae import JointTransferRegressor
from sk_jae.inspection import CodesDisplay, TranslationDisplay

# %%
# The spectra
# -----------
# They are generated: five substances with a peak each, in random shares.

rng = np.random.default_rng(0)
wavelengths = np.linspace(1100, 2500, 120).round(1)
centers, widths = [1450, 1730, 1940, 2100, 2310], [60, 50, 70, 90, 60]


def measure(shares, *, shift, gain, stray_light, noise):
    """The spectra of samples, with the faults of an instrument."""
    distance = (wavelengths[:, None] + shift - centers) / widths
    spectra = shares @ np.exp(-(distance**2) / 2).T
    spectra = spectra * rng.normal(1, 0.08, size=(len(shares), 1))
    spectra = gain * spectra + rng.normal(0, 0.05, size=(len(shares), 1))
    spectra += stray_light * np.linspace(0, 1, len(wavelengths))
    spectra += rng.normal(0, noise, size=spectra.shape)
    return pd.DataFrame(spectra, columns=[str(w) for w in wavelengths])


shares = rng.dirichlet(np.full(5, 3.0), size=220)
X = {
    "first": measure(shares[:110], shift=0, gain=1, stray_light=0, noise=0.003),
    "second": measure(shares[110:], shift=12, gain=0.8, stray_light=0.3, noise=0.004),
}
y = 100 * shares[:110, 1]  # in %
truth = 100 * shares[110:, 1]  # nobody has these

figure, ax = plt.subplots(figsize=(6, 2.8), layout="constrained")
for (name, spectra), color in zip(X.items(), ("#0072B2", "#E69F00"), strict=True):
    lines = ax.plot(wavelengths, spectra.T[spectra.index[:10]], color=color, lw=0.8)
    lines[0].set_label(f"{name} instrument")
ax.set(xlabel="wavelength (nm)", ylabel="absorbance")
ax.legend()

# %%
# Fit and predict
# ---------------

regressor = JointTransferRegressor(random_state=0).fit(X, {"first": y})
predicted = regressor.predict({"second": X["second"]})["second"]
print(f"R^2 on the second instrument: {r2_score(truth, predicted):.2f}")

# %%
# Beside a plain model
# --------------------
# Ridge regression of the first instrument loses much on the second one. If each
# instrument is brought to its own scale first, it does as well here: the faults of this
# instrument are nearly a change of scale. Always try both.

ridge = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-4, 3, 20)))
ridge.fit(X["first"], y)
rescaled = StandardScaler().fit_transform(X["second"])
for name, values in {
    "ridge regression": ridge.predict(X["second"]),
    "ridge regression, each on its own scale": ridge[-1].predict(rescaled),
}.items():
    print(f"R^2 of {name}: {r2_score(truth, values):.2f}")

# %%
# The spectra of one instrument as those of the other
# ---------------------------------------------------
# Both instruments could have measured the same samples. Then `X_target` compares the
# translation with what was measured.

shown = shares[:4]
as_first = measure(shown, shift=0, gain=1, stray_light=0, noise=0)
as_second = measure(shown, shift=12, gain=0.8, stray_light=0.3, noise=0)
TranslationDisplay.from_estimator(
    regressor, as_first, source="first", target="second", X_target=as_second
)

# %%
# The codes
# ---------
# Colored by the true share of the substance, which runs in the same direction for both.

CodesDisplay.from_estimator(regressor, X, {"first": y, "second": truth})

# %%
# On real data
# ------------
# Root mean squared errors on near-infrared spectra of corn and on gas sensors. m5 is
# the instrument whose samples have targets; :doc:`/regression` explains the columns,
# and where ridge regression and partial least squares are ahead.
#
# .. include:: /regression.md
#    :parser: myst_parser.sphinx_
#    :start-after: <!-- table: transfer/regression -->
#    :end-before: <!-- end of table -->
