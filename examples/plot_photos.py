"""
Photographs of two sizes
========================

Two cameras have taken pictures of the same two scenes, a temple and a flower. Those of
the first camera have 24 x 24 pixels and labels. Those of the second have 16 x 16
pixels, are darker and bluish, and have no labels. The pictures are cut out of the two
photographs that come with scikit-learn, which needs Pillow to read them.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_jae import JointTransferClassifier

SCENES = np.array(["temple", "flower"])
PHOTOS = [load_sample_image(name) for name in ("china.jpg", "flower.jpg")]


def cut_out(n, columns, seed):
    """Cut squares of 96 pixels out of some columns of both photographs."""
    rng = np.random.default_rng(seed)
    scenes = np.arange(n) % 2
    tops = rng.integers(0, 427 - 96, n)
    lefts = rng.integers(columns.start, columns.stop - 96, n)
    squares = [
        PHOTOS[scene][top : top + 96, left : left + 96]
        for scene, top, left in zip(scenes, tops, lefts, strict=True)
    ]
    return np.stack(squares), SCENES[scenes]


def take(squares, side, colors=(1.0, 1.0, 1.0)):
    """Photograph the squares with so many pixels to a side."""
    step = 96 // side
    pixels = squares.reshape(-1, side, step, side, step, 3).mean(axis=(2, 4))
    return (pixels * colors).astype(np.uint8)


squares, y_first = cut_out(300, slice(0, 320), seed=0)
first = take(squares, side=24)
squares, y_second = cut_out(400, slice(320, 640), seed=1)
second = take(squares, side=16, colors=(0.3, 0.4, 0.6))

# %%
# Pictures of different sizes need nothing but to be put side by side: the shared branch
# sees all of them in one size, and the private branch of each task its own pictures.
# Half of the second camera's pictures are kept apart.

clf = JointTransferClassifier(max_epochs=15, random_state=0)
clf.fit({"first": first, "second": second[:200]}, {"first": y_first, "second": None})
accuracy = clf.score({"second": second[200:]}, {"second": y_second[200:]})

# %%
# A logistic regression has to be given pictures of one size, here of 8 x 8 pixels.


def small(pictures):
    step = pictures.shape[1] // 8
    parts = pictures.reshape(-1, 8, step, 8, step, 3)
    return parts.mean(axis=(2, 4)).reshape(len(pictures), -1)


plain = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
plain.fit(small(first), y_first)
as_they_are = plain.score(small(second[200:]), y_second[200:])

# %%
# It reads them better if the colors of each camera are standardized by themselves. The
# batch normalization of the joint autoencoder does this for each task.

own_scale = StandardScaler().fit(small(second[:200]))
of_second = plain["standardscaler"].inverse_transform(
    own_scale.transform(small(second[200:]))
)
standardized = plain.score(of_second, y_second[200:])
print(f"joint autoencoder: {accuracy:.2f}")
print(
    f"logistic regression: {as_they_are:.2f}, each camera by itself: {standardized:.2f}"
)

# %%
# Pictures of both cameras, and what is predicted for the second one.

predicted = clf.predict({"second": second[200:]})["second"]
fig, axes = plt.subplots(2, 8, figsize=(9, 3))
for k in range(8):
    axes[0, k].imshow(first[k])
    axes[0, k].set_title(y_first[k], fontsize=9)
    axes[1, k].imshow(second[200 + k])
    axes[1, k].set_title(predicted[k], fontsize=9)
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
axes[0, 0].set_ylabel("first camera", fontsize=9)
axes[1, 0].set_ylabel("second camera", fontsize=9)
fig.tight_layout()
plt.show()
