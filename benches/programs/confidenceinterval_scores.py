"""confidenceinterval: bootstrap intervals of scores of classification, as in its README."""

import confidenceinterval
import numpy as np

rng = np.random.default_rng(3)
y_true = rng.integers(0, 3, 1000)
y_pred = np.where(rng.random(1000) < 0.75, y_true, rng.integers(0, 3, 1000))
for name in ("accuracy_score", "precision_score", "recall_score", "f1_score"):
    several = name != "accuracy_score"
    true, pred = (y_true, y_pred) if several else (y_true > 0, y_pred > 0)
    score, interval = getattr(confidenceinterval, name)(
        true.astype(int).tolist(), pred.astype(int).tolist(),
        confidence_level=0.95, method="bootstrap_bca", n_resamples=2000,
        random_state=np.random.RandomState(5), **({"average": "macro"} if several else {}),
    )  # fmt: skip
    print(name, score, *interval)
