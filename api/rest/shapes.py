"""What goes in and what comes out, as serializers: bodies are checked by them, answers told."""

from __future__ import annotations

from functools import cache
from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from api.errors import CONTENT_TYPE, KINDS
from api.rest.parsing import Body, ClockTime, Day, Flag, Identifier, Instant, Number, Text
from scheduling.models import CalendarFeed, CancelKind, Series, Status

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class RefusalShape(serializers.Serializer[Any]):
    rule = serializers.CharField(help_text="The rule that says no.")
    subject = serializers.CharField(help_text="The room, person or visit that it is about.")
    message = serializers.CharField()
    step = serializers.CharField(required=False)
    date = serializers.DateField(required=False)


class FieldErrorShape(serializers.Serializer[Any]):
    field = serializers.CharField()
    message = serializers.CharField()


class ProblemShape(serializers.Serializer[Any]):
    """RFC 9457."""

    type = serializers.ChoiceField([f"urn:chairtime:problem:{kind}" for kind in KINDS])
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    refusals = RefusalShape(many=True, required=False)
    errors = FieldErrorShape(many=True, required=False)


def problems(*statuses: int) -> dict[tuple[int, str], type[ProblemShape]]:
    """For the schema: these statuses, each as a problem."""
    return {(status, CONTENT_TYPE): ProblemShape for status in statuses}


PROBLEMS = {
    "GET": problems(400, 401, 403, 404, 429),
    "POST": problems(400, 401, 403, 404, 409, 411, 413, 415, 422, 429),
    "PATCH": problems(400, 401, 403, 404, 409, 411, 413, 415, 422, 429),
    "DELETE": problems(400, 401, 403, 404, 429),
}


@cache
def listed(shape: type[serializers.Serializer[Any]]) -> Any:
    """A page of `shape`."""
    return inline_serializer(
        f"{shape.__name__.removesuffix('Shape')}Page",
        {
            "count": serializers.IntegerField(),
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": shape(many=True),
        },
    )


class SiteShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    time_zone = serializers.CharField(help_text="A name of the tz database.")
    address = serializers.CharField()
    phone = serializers.CharField()


class RoomShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    site = serializers.CharField()
    name = serializers.CharField()
    capabilities = serializers.ListField(child=serializers.CharField())
    chairs = serializers.IntegerField(help_text="Its lanes.")
    turnover_minutes = serializers.IntegerField()
    active = serializers.BooleanField()


class StaffShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    given_name = serializers.CharField()
    family_name = serializers.CharField()
    title = serializers.CharField()
    sites = serializers.ListField(child=serializers.CharField())
    roles = serializers.ListField(child=serializers.CharField())
    skills = serializers.ListField(child=serializers.CharField())
    active = serializers.BooleanField()


class StepPhaseShape(serializers.Serializer[Any]):
    name = serializers.CharField()
    minutes = serializers.IntegerField()


class GapShape(serializers.Serializer[Any]):
    anchor = serializers.CharField(help_text="The step from which it is counted.")
    earliest = serializers.IntegerField()
    latest = serializers.IntegerField()
    unit = serializers.ChoiceField(["days", "hours"])


class StepShape(serializers.Serializer[Any]):
    key = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField()
    minutes = serializers.IntegerField()
    phases = StepPhaseShape(many=True)
    gaps = GapShape(many=True)


class ProtocolShape(serializers.Serializer[Any]):
    key = serializers.CharField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    reviewed = serializers.BooleanField(help_text="False: review before use.")
    source = serializers.CharField()
    steps = StepShape(many=True)


class PatientShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    mrn = serializers.CharField()
    given_name = serializers.CharField()
    family_name = serializers.CharField()
    birth_date = serializers.DateField()
    phone = serializers.CharField()
    email = serializers.CharField()
    acuity = serializers.IntegerField(min_value=1, max_value=6)
    site = serializers.CharField(allow_null=True, help_text="The home site.")


class NewPatientShape(PatientShape):
    possible_duplicates = serializers.ListField(
        child=serializers.CharField(),
        help_text="Ids of patients with a similar name and the same birth date, or phone.",
    )


class PatientBody(Body):
    given_name = Text(max_length=100)
    family_name = Text(max_length=100)
    birth_date = Day()
    mrn = Text(max_length=32, required=False, allow_blank=True)
    phone = Text(max_length=32, required=False, allow_blank=True)
    email = Text(max_length=254, required=False, allow_blank=True)
    acuity = Number(min_value=1, max_value=6, required=False)
    site = Identifier(required=False, allow_null=True)


class SearchBody(Body):
    q = Text(max_length=200)


class PreferencesBody(Body):
    weekdays = serializers.ListField(
        child=serializers.ChoiceField(WEEKDAYS), required=False, max_length=7
    )
    earliest = ClockTime(required=False)
    latest = ClockTime(required=False)
    staff = serializers.ListField(child=Identifier(), required=False, max_length=50)

    def validate(self, wishes: dict[str, Any]) -> dict[str, Any]:
        earliest, latest = wishes.get("earliest"), wishes.get("latest")
        if earliest and latest and latest <= earliest:
            raise serializers.ValidationError({"latest": ["It must be later than earliest."]})
        return wishes


class ProposalsBody(Body):
    patient = Identifier()
    protocol = Text(max_length=60)
    site = Identifier()
    not_before = Day()
    not_after = Day(required=False)
    preferences = PreferencesBody(required=False)
    completed = serializers.DictField(child=Day(), required=False)
    limit = Number(min_value=1, max_value=10, required=False, default=3)
    hold = Flag(required=False, default=False)


class ClaimShape(serializers.Serializer[Any]):
    resource = serializers.CharField()
    kind = serializers.ChoiceField(["room", "staff"])
    role = serializers.ChoiceField(["prescriber", "therapist", "monitoring_nurse"], required=False)
    lanes = serializers.ListField(child=serializers.IntegerField())


class PhaseShape(serializers.Serializer[Any]):
    name = serializers.CharField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    claims = ClaimShape(many=True)


class PlannedVisitShape(serializers.Serializer[Any]):
    step = serializers.CharField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    phases = PhaseShape(many=True)


class ProposalShape(serializers.Serializer[Any]):
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()
    score = serializers.IntegerField(help_text="Lower is better; only to compare in one answer.")
    reasons = serializers.ListField(child=serializers.CharField())
    appointments = PlannedVisitShape(many=True)
    held_until = serializers.DateTimeField(required=False)


class BlockedShape(serializers.Serializer[Any]):
    step = serializers.CharField()
    rule = serializers.CharField()
    message = serializers.CharField()
    resource = serializers.CharField(required=False)
    relax = serializers.CharField(required=False, help_text="The smallest change that would help.")
    would_finish = serializers.DateField(required=False)


class ProposalsShape(serializers.Serializer[Any]):
    proposals = ProposalShape(many=True)
    blocked_by = BlockedShape(many=True)


class HoldShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class AppointmentShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    series = serializers.CharField(allow_null=True)
    patient = serializers.CharField()
    site = serializers.CharField()
    step = serializers.CharField()
    status = serializers.ChoiceField(Status.choices)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    phases = PhaseShape(many=True)


class SeriesShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    patient = serializers.CharField()
    site = serializers.CharField()
    protocol = serializers.CharField()
    version = serializers.IntegerField()
    status = serializers.ChoiceField(Series.State.choices)
    appointments = AppointmentShape(many=True)


class EmptyBody(Body):
    """Nothing is needed."""


class SeriesBody(Body):
    proposal = Text(max_length=20_000)


class AppointmentBody(Body):
    patient = Identifier()
    site = Identifier()
    step = serializers.RegexField(
        r"^[a-z0-9-]+/[a-z0-9_-]+\Z", max_length=101, help_text="protocol/step"
    )
    starts_at = Instant()


class CancelSeriesBody(Body):
    reason = Text(max_length=200)
    kind = serializers.ChoiceField(
        CancelKind.choices, required=False, help_text="Whose reason it is, for the numbers."
    )


class CancelVisitBody(CancelSeriesBody):
    late = Flag(
        required=False, help_text="Without it: by the site's notice, for the patient's reasons."
    )


class ExtendBody(Body):
    visits = Number(
        min_value=1, max_value=12, required=False, default=1, help_text="How many visits more."
    )
    not_before = Day(required=False, help_text="No visit before this site date.")


class CoverStepShape(serializers.Serializer[Any]):
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    on = serializers.IntegerField()
    needed = serializers.IntegerField()
    free = serializers.IntegerField()


class CoverageShape(serializers.Serializer[Any]):
    site = serializers.CharField()
    date = serializers.DateField()
    steps = CoverStepShape(many=True)


class UsedShape(serializers.Serializer[Any]):
    open_minutes = serializers.IntegerField()
    scheduled_minutes = serializers.IntegerField()
    scheduled_percent = serializers.FloatField(allow_null=True)
    open_minutes_before_today = serializers.IntegerField(
        help_text="Of days that are over: what the actual minutes are measured against."
    )
    actual_minutes = serializers.IntegerField()
    actual_percent = serializers.FloatField(allow_null=True)


class HourUsedShape(serializers.Serializer[Any]):
    weekday = serializers.IntegerField(min_value=0, max_value=6, help_text="0 is Monday.")
    hour = serializers.IntegerField(min_value=0, max_value=23)
    chairs = UsedShape()
    nurses = UsedShape(help_text="Lane minutes: a nurse has several lanes.")


class PublishedShape(serializers.Serializer[Any]):
    scheduled_percent = serializers.FloatField()
    actual_percent = serializers.FloatField()
    high_performers_percent = serializers.ListField(child=serializers.FloatField())
    chairs_per_nurse = serializers.ListField(child=serializers.FloatField())


class UtilisationShape(serializers.Serializer[Any]):
    site = serializers.CharField()
    chairs = UsedShape()
    nurses = UsedShape()
    chairs_per_nurse = serializers.FloatField(allow_null=True)
    untimed_visits = serializers.IntegerField(
        help_text="Over, without the times that tell how long."
    )
    hours = HourUsedShape(many=True)
    published = PublishedShape()

    def get_fields(self) -> dict[str, Any]:
        """`from` and `to` are words of Python, so they are named here."""
        return {
            **super().get_fields(),
            "from": serializers.DateField(),
            "to": serializers.DateField(),
        }


class FeedBody(Body):
    staff = Identifier(required=False)
    room = Identifier(required=False)
    site = Identifier(required=False)
    detail = serializers.ChoiceField(CalendarFeed.Detail.choices)
    label = Text(max_length=100, required=False, allow_blank=True, default="")


class FeedShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    staff = serializers.CharField(required=False)
    room = serializers.CharField(required=False)
    site = serializers.CharField(required=False)
    series = serializers.CharField(required=False)
    detail = serializers.ChoiceField(CalendarFeed.Detail.choices)
    label = serializers.CharField()


class NewFeedShape(FeedShape):
    url = serializers.URLField(help_text="Shown this once.")


class MoneyShape(serializers.Serializer[Any]):
    amount = serializers.RegexField(r"^-?[0-9]+\.[0-9]{2}$", help_text="As text, never rounded.")
    currency = serializers.CharField(help_text="ISO 4217.")
