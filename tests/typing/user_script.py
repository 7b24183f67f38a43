"""A user's script with slips; type checkers must find those marked and nothing else."""

import numpy as np
from sklearn.datasets import load_iris

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

X, y = load_iris(return_X_y=True)
weight, groups = np.ones(len(y)), np.arange(len(y)) // 5
est = MLPRegularizedClassifier((20, 10), dropout=[0.2, 0.1], l2=1e-3, clip_norm=None)
est = est.set_params(early_stopping=True).fit(X, y, sample_weight=weight)
est = est.partial_fit(X, y, classes=[0, 1, 2])
shapes: list[tuple[int, ...]] = [weights.shape for weights in est.coefs_]
last: float = est.loss_curve_[-1]
best: float | None = est.best_validation_score_
accuracy: float = est.score(X, y)
est.l1 = 0.1
print(est.dropuot)  # slip
print(est.los_curve_)  # slip
est.fit(X, y, sample_wieght=weight)  # slip
est.fit(X)  # slip
est.predict_probability(X)  # slip
reason: int = est.stop_reason_  # slip
best_score: float = est.best_validation_score_  # slip
est.l2 = "strong"  # slip

reg = MLPRegularizedRegressor(loss="huber", learning_rate=lambda t: 1 / (1 + t), verbose=True)
reg.fit(X, y, X_val=X, y_val=y).set_fit_request(sample_weight=True).predict(X).mean()
reg.partial_fit(X, y, classes=[0, 1])  # slip
reg.set_fit_request(groups=False).set_partial_fit_request(groups=True).fit(X, y, groups=groups)
reg.fit(X, y, group=groups)  # slip
MLPRegularizedRegressor(solver="adm")  # slip
MLPRegularizedRegressor(activation=("relu", "rellu"))  # slip
MLPRegularizedRegressor(label_smoothing=0.1)  # slip
MLPRegularizedClassifier(learning_rate="consine")  # slip
MLPRegularizedClassifier(dropout="half")  # slip
MLPRegularizedClassifier(max_iter=2.5)  # slip
MLPRegularizedClassifier((5,), "relu")  # slip
