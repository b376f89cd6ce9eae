"""stream-learn: test, then train, linear models on a stream that drifts, as in its quick start."""

import numpy as np
from sklearn.linear_model import Perceptron, SGDClassifier
from sklearn.metrics import accuracy_score, f1_score
from strlearn.ensembles import OOB, UOB, OnlineBagging
from strlearn.evaluators import TestThenTrain
from strlearn.streams import StreamGenerator

np.random.seed(1410)  # noqa: NPY002 (what its ensembles draw from)
stream = StreamGenerator(n_chunks=250, chunk_size=200, n_drifts=4, n_features=20, random_state=1410)
sgd = SGDClassifier(loss="log_loss", random_state=2)
models = [
    SGDClassifier(random_state=1),
    SGDClassifier(loss="modified_huber", average=True, random_state=1),
    Perceptron(random_state=1),
    OnlineBagging(sgd, n_estimators=10), OOB(sgd, n_estimators=5), UOB(sgd, n_estimators=5),
]  # fmt: skip
evaluation = TestThenTrain(metrics=(accuracy_score, f1_score))
evaluation.process(stream, models)
print(evaluation.scores.mean(axis=1))
