"""What the style page shows of forms and tables: made up, and every state at once."""

from __future__ import annotations

from django import forms
from django.core.paginator import Page, Paginator

from api.desk.forms import ACUITIES, DateInput, DeskForm, TimeInput

CAPABILITIES = [("infusion", "Infusion"), ("therapy", "Therapy"), ("private", "Private room")]
LOOKS = [("board", "Board"), ("list", "List")]


class SampleForm(DeskForm):
    """One of every kind of field; bound to too little, so that errors are seen too."""

    name = forms.CharField(max_length=100, help_text="As it stands on the door.")
    opens_on = forms.DateField(widget=DateInput())
    opens_at = forms.TimeField(widget=TimeInput(step=900), required=False)
    turnover = forms.IntegerField(min_value=0, max_value=240)
    acuity = forms.ChoiceField(choices=ACUITIES)
    capabilities = forms.MultipleChoiceField(
        choices=CAPABILITIES,
        widget=forms.CheckboxSelectMultiple(),
        help_text="A visit is only put where all that it needs is.",
    )
    shown_as = forms.ChoiceField(choices=LOOKS, widget=forms.RadioSelect())
    holidays = forms.BooleanField(
        label="Closed on public holidays",
        required=False,
        help_text="Those of the country; a day can be opened again.",
    )
    note = forms.CharField(required=False, widget=forms.Textarea({"rows": 2}))


def sample_form() -> SampleForm:
    return SampleForm(
        {
            "name": "",
            "turnover": "15",
            "capabilities": ["infusion", "private"],
            "shown_as": "board",
            "holidays": "on",
        }
    )


ROWS = [
    ("Room 1", "Infusion, private room", 1, 15, "good", "circle-check", "In use"),
    (
        "Bay with a name that is much longer than a column",
        "Infusion",
        4,
        10,
        "warn",
        "clock",
        "Out",
    ),
    ("Therapy A", "Therapy", 2, 5, "", "ban", "Closed"),
]


def sample_page() -> Page:
    return Paginator(range(1000), 40).page(3)
