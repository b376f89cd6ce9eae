"""Plots, each one Axes: readable from the back row, safe for colour-blind eyes.

They take arrays or results, never models, and draw on the Axes given or on a new figure.
matplotlib is imported by the functions, not by the module. No meaning hangs on colour alone: it
goes with a marker, a dash, a form or a name.
"""

from ._plot_attribution import contributions, shapley
from ._plot_calibration import calibration
from ._plot_cells import confusion_matrix, cross_correlation
from ._plot_comparison import compare_fusions
from ._plot_lines import loss_curve, robustness_curve
from ._plot_projection import projection, projections
from ._plot_ranking import precision_recall_curve, roc_curve
from ._plot_style import BLUE as BLUE
from ._plot_style import GREEN as GREEN
from ._plot_style import GRID as GRID
from ._plot_style import HEAT as HEAT
from ._plot_style import INK as INK
from ._plot_style import MUTED as MUTED
from ._plot_style import OFF_HEAT as OFF_HEAT
from ._plot_style import ON_HEAT as ON_HEAT
from ._plot_style import PAGE as PAGE
from ._plot_style import PURPLE as PURPLE
from ._plot_style import VERMILLION as VERMILLION
from ._plot_style import render_svg as render_svg
from ._plot_style import require_matplotlib as require_matplotlib

__all__ = [
    "calibration",
    "compare_fusions",
    "confusion_matrix",
    "contributions",
    "cross_correlation",
    "loss_curve",
    "precision_recall_curve",
    "projection",
    "projections",
    "robustness_curve",
    "roc_curve",
    "shapley",
]
