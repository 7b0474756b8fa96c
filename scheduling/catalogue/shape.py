"""The fields of a protocol document. Bounds are what the tables and the planner can hold."""

from __future__ import annotations

from scheduling.catalogue.fields import ListOf, Need, OneOf, Record, Text, Whole, YesNo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ROLES = ("prescriber", "therapist", "monitoring_nurse")
KINDS = ("infusion", "dosing", "therapy", "screening", "consult", "review")

_NAME = Text(200)
_WORDS = Text(2000)
_SLUG = Text(50, r"[a-z][a-z0-9_-]*", "small letters, digits, - or _, such as acls")
_STEP_KEY = Text(40, r"[a-z][a-z0-9_]*", "small letters, digits or _, such as inf1")
_DAYS = Whole(-730, 730, "days")

ROOM = Record(
    "room need",
    {
        "capability": Need(_SLUG, required=True),
        "private": Need(YesNo(), default=False),
        "place": Need(_SLUG, default="room"),
    },
)
ROLE = Record(
    "role need",
    {
        "role": Need(OneOf(ROLES), required=True),
        "ratio": Need(Whole(1, 12, "patients to one nurse")),
        "skills": Need(ListOf(_SLUG, unique=True), default=[]),
    },
)
PHASE = Record(
    "phase",
    {
        "name": Need(Text(60), required=True),
        "minutes": Need(Whole(1, 720, "minutes"), required=True),
        "room": Need(ROOM),
        "roles": Need(ListOf(ROLE, most=6), default=[]),
        "acuity_weighted": Need(YesNo(), default=True),
        "presence": Need(ListOf(_SLUG, unique=True), default=[]),
    },
)
GAP = Record(
    "gap",
    {
        "anchor": Need(_STEP_KEY, required=True),
        "days": Need(ListOf(_DAYS, 2, 2)),
        "hours": Need(ListOf(Whole(-17520, 17520, "hours"), 2, 2)),
        "ideal": Need(Whole(-17520, 17520)),
    },
)
GATE = Record(
    "gate",
    {
        "kind": Need(
            OneOf(
                (
                    "alcohol_free",
                    "blood_pressure",
                    "breath_test",
                    "consent",
                    "escort",
                    "estimate",
                    "fasting",
                    "form",
                    "pregnancy_test",
                    "urine_screen",
                )
            ),
            required=True,
        ),
        "hours": Need(Whole(1, 720, "hours before the visit")),
        "within_days": Need(Whole(0, 365, "days before the visit")),
        "systolic_below": Need(Whole(80, 250, "mmHg")),
        "diastolic_below": Need(Whole(40, 160, "mmHg")),
        "note": Need(_WORDS),
    },
)
STEP = Record(
    "step",
    {
        "key": Need(_STEP_KEY, required=True),
        "name": Need(Text(100), required=True),
        "kind": Need(OneOf(KINDS), required=True),
        "gaps": Need(ListOf(GAP, most=20), default=[]),
        "weekdays": Need(ListOf(OneOf(WEEKDAYS), most=7, unique=True), default=[]),
        "shares_day_with": Need(_STEP_KEY),
        "gates": Need(ListOf(GATE, most=30), default=[]),
        "measures": Need(ListOf(Text(100), unique=True), default=[]),
        "phases": Need(ListOf(PHASE, 1, 20), required=True),
    },
)
FOLLOW_UP = Record(
    "follow-up",
    {
        "name": Need(_NAME, required=True),
        "kind": Need(OneOf(("call", "measures", "visit")), required=True),
        "anchor": Need(_STEP_KEY),
        "after_days": Need(Whole(0, 1100, "days after the anchor"), required=True),
        "tolerance_days": Need(Whole(0, 120, "days either way"), default=0),
        "measures": Need(ListOf(Text(100), unique=True), default=[]),
    },
)
TASK = Record(
    "task",
    {
        "name": Need(_NAME, required=True),
        "kind": Need(
            OneOf(("benefits_check", "call", "enrolment", "estimate", "form", "questionnaire")),
            required=True,
        ),
        "anchor": Need(_STEP_KEY),
        "each": Need(OneOf(KINDS)),
        "due_days": Need(_DAYS, required=True),
        "measures": Need(ListOf(Text(100), unique=True), default=[]),
    },
)
SOURCE = Record(
    "source",
    {"cite": Need(_WORDS, required=True), "says": Need(ListOf(_WORDS), default=[])},
)
PROTOCOL = Record(
    "protocol",
    {
        "key": Need(
            Text(60, r"[a-z][a-z0-9-]*", "small letters, digits or -, such as aud-kare"),
            required=True,
        ),
        "name": Need(_NAME, required=True),
        "summary": Need(_WORDS),
        "review_before_use": Need(YesNo(), default=True),
        "origin": Need(_STEP_KEY, required=True),
        "same_therapist": Need(YesNo(), default=True),
        "same_room": Need(YesNo(), default=True),
        "outside": Need(
            ListOf(
                Record(
                    "step outside the series",
                    {
                        "key": Need(_STEP_KEY, required=True),
                        "name": Need(Text(100), required=True),
                    },
                ),
                most=10,
            ),
            default=[],
        ),
        "steps": Need(ListOf(STEP, 1, 120), required=True),
        "extension": Need(
            Record(
                "extension",
                {
                    "like": Need(_STEP_KEY, required=True),
                    "days": Need(ListOf(_DAYS, 2, 2), required=True),
                    "ideal": Need(_DAYS),
                },
            )
        ),
        "reminders": Need(ListOf(Whole(1, 336, "hours before a visit"), most=5, unique=True)),
        "continues": Need(
            Text(60, r"[a-z][a-z0-9-]*", "the key of the protocol that goes on, as maintenance")
        ),
        "vitals": Need(
            Record(
                "schedule of vitals",
                {
                    "phase": Need(Text(60), required=True),
                    "minutes": Need(
                        ListOf(Whole(0, 1440, "minutes"), 1, unique=True), required=True
                    ),
                    "note": Need(_WORDS),
                },
            )
        ),
        "follow_ups": Need(ListOf(FOLLOW_UP, most=200), default=[]),
        "tasks": Need(ListOf(TASK, most=200), default=[]),
        "sources": Need(ListOf(SOURCE), default=[]),
        "notes": Need(ListOf(_WORDS), default=[]),
    },
)
