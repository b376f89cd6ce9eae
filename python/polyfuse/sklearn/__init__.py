"""scikit-learn's scalers, SGD estimators and metrics, run by polyfuse.

:func:`patch_sklearn` changes the methods of scikit-learn's own classes and the functions of its
public modules, so that every program that uses them, and scikit-learn itself (scorers, pipelines,
searches, its joblib workers), runs on polyfuse from then on. What the classes are does not
change: instances, subclasses, ``isinstance``, parameters, fitted attributes and pickles are
scikit-learn's, and pickles load where polyfuse is not. What cannot be accelerated runs on
scikit-learn, and :func:`report` tells of it::

    python -m polyfuse.sklearn script.py [arguments]

    from polyfuse.sklearn import patch_sklearn, report
    patch_sklearn()
    ...
    print(report())
"""

from __future__ import annotations

from ._calls import Call, Report, clear_report, report
from ._patch import is_patched, patch_sklearn, unpatch_sklearn

__all__ = [
    "Call",
    "Report",
    "clear_report",
    "is_patched",
    "patch_sklearn",
    "report",
    "unpatch_sklearn",
]
