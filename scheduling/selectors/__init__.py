"""Every read the doors need; none of them writes."""

from scheduling.selectors.coverage import Coverage, CoverageStep, coverage
from scheduling.selectors.free import Free, Seat, Sought, find_free
from scheduling.selectors.occupancy import Load, Occupancy, occupancy
from scheduling.selectors.proposals import Offer, Proposals, UnknownProtocol, propose_series
from scheduling.selectors.series import FollowUp, SeriesView, StepView, series_view
from scheduling.selectors.single import Fit, Tried, try_visit
from scheduling.selectors.visits import (
    ClaimView,
    PhaseView,
    VisitView,
    step_name,
    step_short_name,
    view,
    visits,
)

__all__ = [
    "ClaimView",
    "Coverage",
    "CoverageStep",
    "Fit",
    "FollowUp",
    "Free",
    "Load",
    "Occupancy",
    "Offer",
    "PhaseView",
    "Proposals",
    "Seat",
    "SeriesView",
    "Sought",
    "StepView",
    "Tried",
    "UnknownProtocol",
    "VisitView",
    "coverage",
    "find_free",
    "occupancy",
    "propose_series",
    "series_view",
    "step_name",
    "step_short_name",
    "try_visit",
    "view",
    "visits",
]
