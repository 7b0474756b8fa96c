"""The desk's addresses, an area a module. None holds a name; ids, dates and sites only."""

from datetime import date

from django.urls import register_converter

from api.desk.forms import as_day

app_name = "desk"


class IsoDate:
    """A date that some clinic's calendar can reach; anything else matches nothing."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        day = as_day(value)
        if day is None:
            raise ValueError
        return day

    def to_url(self, value: date) -> str:
        return value.isoformat()


register_converter(IsoDate, "day")

from api.desk.urls import (  # noqa: E402 - they use the converter
    boards,
    calendars,
    core,
    cover,
    extras,
    follow_ups,
    hours,
    imports,
    live,
    messages,
    money_charges,
    money_claims,
    money_documents,
    money_payments,
    moves,
    palette,
    people,
    protocols,
    recoveries,
    reports,
    rounds,
    sites,
    start,
    waitlist,
    webhooks,
)

urlpatterns = [
    *boards.urlpatterns,
    *calendars.urlpatterns,
    *core.urlpatterns,
    *cover.urlpatterns,
    *extras.urlpatterns,
    *follow_ups.urlpatterns,
    *hours.urlpatterns,
    *imports.urlpatterns,
    *live.urlpatterns,
    *messages.urlpatterns,
    *money_charges.urlpatterns,
    *money_documents.urlpatterns,
    *money_payments.urlpatterns,
    *money_claims.urlpatterns,
    *moves.urlpatterns,
    *palette.urlpatterns,
    *people.urlpatterns,
    *protocols.urlpatterns,
    *recoveries.urlpatterns,
    *reports.urlpatterns,
    *rounds.urlpatterns,
    *sites.urlpatterns,
    *start.urlpatterns,
    *waitlist.urlpatterns,
    *webhooks.urlpatterns,
]
