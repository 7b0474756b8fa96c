"""The tabs of Set-up: where a clinic describes itself, each for those who may."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from api.permissions import may
from clinic.models import Site, User


@dataclass(frozen=True, slots=True)
class Tab:
    """A page of Set-up. `name` is what a page gives as `tab` to be the one shown."""

    name: str
    label: str
    url: str


# name, label, the address's name, whether it is of a site, and the actions of which one is needed
TABS = (
    ("sites", "Sites", "sites", False, ("manage_places",)),
    ("rooms", "Rooms", "rooms", True, ("manage_places",)),
    ("staff", "Staff", "staff-list", True, ("manage_staff",)),
    ("hours", "Hours", "hours", True, ("manage_staff",)),
    ("time-off", "Time off", "time-off", True, ("decide_time_off",)),
    ("capacity", "Capacity", "capacity", True, ("see_coverage",)),
    ("protocols", "Protocols", "protocols", False, ("write_protocols", "review_protocols")),
    ("prices", "Prices", "prices", True, ("manage_prices",)),
    ("message-words", "Messages", "message-words", True, ("write_templates",)),
    ("webhooks", "Webhooks", "webhooks", False, ("see_webhooks",)),
    ("payers", "Payers", "payers", False, ("manage_prices",)),
    ("filing", "Claim details", "filing", True, ("manage_prices",)),
    ("import", "Import", "import", True, ("manage_staff", "manage_patients")),
)


def tabs_of(user: User, site: Site) -> list[Tab]:
    """The tabs that somebody may open, as of the site where they are."""
    tabs = []
    for name, label, address, of_site, actions in TABS:
        if any(may(user, action, site) for action in actions):
            url = reverse(f"desk:{address}", args=[site.pk] if of_site else [])
            tabs.append(Tab(name, label, url))
    return tabs
