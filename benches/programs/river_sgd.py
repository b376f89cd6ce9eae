"""river: progressive validation of scikit-learn's SGD models, row by row, as in its docs."""

from river import compat, datasets, evaluate, metrics, preprocessing
from sklearn.linear_model import Perceptron, SGDClassifier, SGDRegressor

logistic = SGDClassifier(loss="log_loss", eta0=0.01, learning_rate="constant", random_state=1)
for estimator in (logistic, Perceptron(random_state=1)):
    for data in (datasets.Phishing(), datasets.synth.Agrawal(seed=42).take(5000)):
        wrapped = compat.convert_sklearn_to_river(estimator, classes=[False, True])
        model = preprocessing.StandardScaler() | wrapped
        print(evaluate.progressive_val_score(data, model, metrics.Accuracy()))
        print(model[-1].estimator.coef_.tolist())
for data in (datasets.TrumpApproval(), datasets.synth.Friedman(seed=42).take(5000)):
    wrapped = compat.convert_sklearn_to_river(SGDRegressor(random_state=1))
    model = preprocessing.StandardScaler() | wrapped
    print(evaluate.progressive_val_score(data, model, metrics.MAE()))
    print(model[-1].estimator.coef_.tolist())
