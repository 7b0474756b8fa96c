"""Money in templates."""

from django import template

from api.desk.money.charges import covered
from api.desk.money.tabs import dollars

register = template.Library()
register.filter("covered", covered)
register.filter("dollars", dollars)
