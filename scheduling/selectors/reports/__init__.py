"""What happened and what is booked, in numbers, each with the query that gives the same number."""

from scheduling.selectors.reports.attendance import Attendance, attendance
from scheduling.selectors.reports.follow_ups import Completeness, completeness
from scheduling.selectors.reports.nurses import Loads, nurse_loads
from scheduling.selectors.reports.punctuality import Punctuality, punctuality
from scheduling.selectors.reports.query import Query
from scheduling.selectors.reports.series import Completion, completion
from scheduling.selectors.reports.starts import Starts, starts
from scheduling.selectors.reports.utilisation import Utilisation, utilisation

__all__ = [
    "Attendance",
    "Completeness",
    "Completion",
    "Loads",
    "Punctuality",
    "Query",
    "Starts",
    "Utilisation",
    "attendance",
    "completeness",
    "completion",
    "nurse_loads",
    "punctuality",
    "starts",
    "utilisation",
]
