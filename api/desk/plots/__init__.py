"""Plots drawn on the server as SVG: each says what it shows, and stands beside its table."""

from api.desk.plots.bars import Bar, bars
from api.desk.plots.curve import Line, curve
from api.desk.plots.dots import Dot, dots
from api.desk.plots.heat import heat
from api.desk.plots.spark import spark

__all__ = ["Bar", "Dot", "Line", "bars", "curve", "dots", "heat", "spark"]
