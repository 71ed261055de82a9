"""Published accuracies on the columns of the transfer benchmark, with sources."""

from __future__ import annotations

ADR = "K. Saito et al., Adversarial dropout regularization, ICLR 2018, table 1"
JAE = "B. Epstein et al., Joint autoencoders, ECML-PKDD 2018, section on digits"
SELF = "G. French et al., Self-ensembling for domain adaptation, ICLR 2018, table 1"
SHOT = "J. Liang et al., SHOT, results.md of its repository, 3 seeds"
FEW = "L. Hedegaard et al., TIP 2021, table V, quoting each method's own paper"
ALL_SVHN = "with all 73,257 training digits of SVHN and 60,000 of MNIST"

# Row, accuracy in percent by column, source.
PUBLISHED: list[tuple[str, dict[str, float], str]] = [
    ("DANN", {"mnist-usps": 77.1, "usps-mnist": 73.0}, ADR),
    ("ADDA", {"mnist-usps": 89.4, "usps-mnist": 90.1}, ADR),
    ("CoGAN", {"mnist-usps": 91.2, "usps-mnist": 89.1}, ADR),
    ("entropy minimization", {"mnist-usps": 89.6, "usps-mnist": 89.2}, ADR),
    ("ADR", {"mnist-usps": 91.3, "usps-mnist": 91.5}, ADR),
    ("ADR", {"svhn-mnist": 94.1}, f"{ADR}, {ALL_SVHN}"),
    (
        "joint autoencoder of the paper",
        {"mnist-usps-50": 93.1, "usps-mnist-50": 92.4},
        JAE,
    ),
    ("self-ensembling", {"mnist-usps-full": 98.26, "usps-mnist-full": 98.07}, SELF),
    ("SHOT", {"mnist-usps-full": 97.9, "usps-mnist-full": 98.0}, SHOT),
    ("SHOT", {"svhn-mnist": 98.9}, f"{SHOT}, {ALL_SVHN}"),
    *(
        (
            name,
            {
                f"mnist-usps-{n}": value
                for n, value in zip((1, 3, 5, 7), values, strict=True)
            },
            FEW,
        )
        for name, values in (
            ("CCSA", (85.0, 90.1, 92.4, 92.9)),
            ("FADA", (89.1, 91.9, 93.4, 94.4)),
            ("d-SNE", (92.9, 93.6, 95.1, 96.1)),
        )
    ),
]
