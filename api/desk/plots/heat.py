"""A week of hours: weekdays across, hours down, each square a number and a shade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.safestring import SafeString

from api.desk.plots.drawing import WIDTH, Drawing

STEPS = (20, 40, 60, 80, 95)
ROW, LEFT, TOP = 24, 50, 22
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def heat(
    says: str,
    values: Mapping[tuple[int, int], float | None],
    weekdays: Sequence[int],
    hours: Sequence[int],
) -> SafeString:
    """`values` are percentages by (weekday, hour); an hour that is missing is closed."""
    sheet = Drawing(TOP + ROW * len(hours) + 4, says)
    wide = (WIDTH - LEFT) / max(1, len(weekdays))
    for column, weekday in enumerate(weekdays):
        sheet.text(LEFT + wide * (column + 0.5), 14, DAYS[weekday], at="middle")
    for line, hour in enumerate(hours):
        y = TOP + ROW * line
        sheet.text(LEFT - 8, y + 16, f"{hour:02d}:00", "p-quiet", at="end")
        for column, weekday in enumerate(weekdays):
            x, value = LEFT + wide * column, values.get((weekday, hour))
            level = "shut" if value is None else str(sum(value >= step for step in STEPS))
            sheet.rect(x + 1, y + 1, wide - 2, ROW - 2, f"p-level p-level-{level}")
            if value is not None:
                look = f"p-number p-in p-on-{level}"
                sheet.text(x + wide / 2, y + 16, f"{round(value)}", look, at="middle")
    return sheet.svg()
