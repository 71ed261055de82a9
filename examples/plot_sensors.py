"""
Another sensor, at another sampling rate
========================================

Four states of a machine are tones of different frequencies. One sensor has recorded
them for two seconds at 128 steps per second, with labels. Another sensor, which sits
elsewhere and hears high tones less, has recorded three seconds of others at 64 steps
per second, without any label.
"""

import matplotlib.pyplot as plt
import numpy as np

from sk_jae import JointTransferClassifier

FREQUENCIES = np.array([3, 8, 14, 21])
# Colors that are told apart with any color vision, and lines that differ without them.
STYLES = [("#0072B2", "-"), ("#E69F00", "--"), ("#009E73", ":"), ("#000000", "-.")]


def record(n, seconds, rate, damping, seed):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 4
    t = np.arange(int(seconds * rate)) / rate
    frequency = FREQUENCIES[y][:, None, None] * rng.uniform(0.97, 1.03, (n, 1, 1))
    tone = np.sin(2 * np.pi * frequency * t + rng.uniform(0, 6, (n, 1, 1)))
    noise = rng.normal(size=(n, 1, len(t)))
    return tone * np.exp(-damping * frequency) + 0.3 * noise, y


X_one, y_one = record(200, 2, 128, damping=0.0, seed=0)
X_other, y_other = record(160, 3, 64, damping=0.05, seed=1)
X_test, y_test = record(160, 3, 64, damping=0.05, seed=2)

# %%
# `sampling_rate` says how long a step is, so that a tone has one frequency in both.

clf = JointTransferClassifier(
    sampling_rate={"one": 128, "other": 64}, max_epochs=30, random_state=0
)
clf.fit({"one": X_one, "other": X_other}, {"one": y_one, "other": None})
accuracy = clf.score({"other": X_test}, {"other": y_test})

# %%
# Spectra of both sensors, in the colors of the states: those that are known of the
# first sensor, and those that are predicted for the second one.

fig, axes = plt.subplots(1, 2, figsize=(9, 3.5), sharex=True)
panels = [
    (X_one, y_one, 128, "labeled sensor, states as given"),
    (
        X_test,
        clf.predict({"other": X_test})["other"],
        64,
        f"other sensor, states predicted (accuracy {accuracy:.2f})",
    ),
]
for ax, (X, states, rate, title) in zip(axes, panels, strict=True):
    frequency = np.fft.rfftfreq(X.shape[2], 1 / rate)
    for state, (color, line) in enumerate(STYLES):
        power = (abs(np.fft.rfft(X[states == state, 0])) ** 2).mean(0)
        ax.semilogy(frequency, power, color=color, ls=line, label=f"state {state}")
    ax.set(xlabel="frequency (Hz)", title=title, xlim=(0, 32))
axes[0].set_ylabel("power")
axes[0].legend()
fig.tight_layout()
plt.show()

# %%
# On real data
# ------------
# Accuracy in % on recordings of bearings with nine kinds of damage, and on generated
# waveforms of different lengths, beside a logistic regression on the same labels.
# :doc:`/signals` says more about them.
#
# .. include:: /signals.md
#    :parser: myst_parser.sphinx_
#    :start-after: <!-- table: transfer/signals -->
#    :end-before: <!-- end of table -->
