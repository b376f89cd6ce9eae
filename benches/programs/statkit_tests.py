"""statkit: intervals and paired permutation tests of two models, as in its README."""

import numpy as np
from sklearn import metrics
from statkit.non_parametric import bootstrap_score, paired_permutation_test

rng = np.random.default_rng(0)
y = rng.integers(0, 2, 1500)
a = np.clip(rng.normal(0.35 + 0.30 * y, 0.2), 0.001, 0.999)
b = np.clip(rng.normal(0.36 + 0.28 * y, 0.2), 0.001, 0.999)
scores = (metrics.roc_auc_score, metrics.average_precision_score, metrics.log_loss)
labels = (metrics.accuracy_score, metrics.f1_score, metrics.matthews_corrcoef)
for metric in (*scores, *labels):
    pair = (a, b) if metric in scores else ((a > 0.5).astype(int), (b > 0.5).astype(int))
    for given in pair:
        found = bootstrap_score(y, given, metric=metric, n_iterations=400, random_state=1)
        print(metric.__name__, float(found.point), float(found.lower), float(found.upper))
    print(paired_permutation_test(y, *pair, metric=metric, n_iterations=400, random_state=2))
