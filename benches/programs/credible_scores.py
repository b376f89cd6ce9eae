"""credible: frequentist confidence intervals of the test scores of a classifier."""

import numpy as np
from credible.frequentist import metrics

rng = np.random.default_rng(7)
y_true = rng.integers(0, 2, size=2000)
y_score = np.clip(rng.normal(0.35 + 0.3 * y_true, 0.2), 0, 1)
y_pred = (y_score >= 0.5).astype(int)
for name in ("precision", "recall", "specificity", "accuracy", "jaccard", "f1"):
    score = getattr(metrics, f"{name}_score")
    print(name, *score(y_true, y_pred, rng=np.random.default_rng(1)))
for name in ("roc_auc", "average_precision"):
    score = getattr(metrics, f"{name}_score")
    print(name, *score(y_true, y_score, rng=np.random.default_rng(1)))
