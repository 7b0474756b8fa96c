"""Money in templates."""

from django import template

from api.desk.money.tabs import dollars

register = template.Library()
register.filter("dollars", dollars)
