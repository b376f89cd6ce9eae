"""pyts: scale 1,500 batches of 100 time series by each of its scalers."""

import numpy as np
from pyts.datasets import make_cylinder_bell_funnel
from pyts.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

X, _ = make_cylinder_bell_funnel(n_samples=100, random_state=42)
rng = np.random.default_rng(0)
totals = {scaler: 0.0 for scaler in (StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler)}
for i in range(1500):
    batch = X * rng.uniform(0.5, 2.0) + rng.uniform(-1, 1)
    for scaler in totals:
        totals[scaler] += scaler().transform(batch)[i % 100]
for scaler, total in totals.items():
    print(scaler.__name__, *total[:8])
