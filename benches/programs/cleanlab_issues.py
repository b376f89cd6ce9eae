"""cleanlab: find the wrong labels of digits, with SGDClassifier, as in its tutorial."""

import numpy as np
from cleanlab.classification import CleanLearning
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier

X, y = load_digits(return_X_y=True)
rng = np.random.default_rng(0)
noisy = np.where(rng.random(len(y)) < 0.1, rng.integers(0, 10, len(y)), y)
X = np.vstack([X / 16 + rng.normal(0, 0.05, X.shape) for _ in range(5)])
noisy = np.tile(noisy, 5)
learning = CleanLearning(
    SGDClassifier(loss="log_loss", random_state=1),
    seed=0, cv_n_folds=5, find_label_issues_kwargs={"n_jobs": 1},
)  # fmt: skip
issues = learning.find_label_issues(X, noisy)
print(issues.is_label_issue.sum(), issues.head(10).to_string())
print(learning.fit(X, noisy, label_issues=issues).score(X, noisy))
