"""Money that moved, in templates."""

from django import template

from api.desk.money.tabs import dollars

register = template.Library()


@register.filter
def signed(cents: int) -> str:
    """+$12.50 or −$12.50, where the direction is what matters."""
    return f"{'+' if cents > 0 else ''}{dollars(cents)}"
