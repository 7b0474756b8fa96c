"""One example of each thing that goes in or comes out, by its name in the schema.

The people are invented. A test holds each against its schema.
"""

from __future__ import annotations

from typing import Any

MORNING, NOON = "2026-12-08T09:00:00-05:00", "2026-12-08T11:20:00-05:00"
INFUSION = "2026-12-08T09:30:00-05:00"
NURSE = {"resource": "31", "kind": "staff", "role": "monitoring_nurse", "lanes": [0, 1]}
CHAIR = {"resource": "12", "kind": "room", "lanes": [0]}
PHASE = {"name": "Infuse", "starts_at": INFUSION, "ends_at": "2026-12-08T10:10:00-05:00"}
PHASE_CLAIMED = {**PHASE, "claims": [CHAIR, NURSE]}
PLANNED = {
    "step": "inf1",
    "starts_at": MORNING,
    "ends_at": NOON,
    "phases": [PHASE_CLAIMED],
}
APPOINTMENT = {
    "id": "204",
    "series": "17",
    "patient": "88",
    "site": "1",
    **PLANNED,
    "status": "booked",
}
PATIENT = {
    "given_name": "Robin",
    "family_name": "Sample",
    "birth_date": "1984-02-29",
    "mrn": "S-10442",
    "phone": "+16175550142",
    "email": "robin.sample@example.com",
    "acuity": 2,
    "site": "1",
}
TOKEN = "gAAAAABnUz0x-a-proposal-lasts-30-minutes"  # noqa: S105
PROPOSAL = {
    "token": TOKEN,
    "expires_at": "2026-12-01T14:42:00-05:00",
    "score": 71_000_012,
    "reasons": ["Every visit with the same therapist.", "Tuesdays, as asked for."],
    "appointments": [PLANNED],
}
MOVE = {
    "appointment": "204",
    "from": MORNING,
    "to": "2026-12-09T09:00:00-05:00",
    "reason": "Ana Example is out on Tuesday.",
}

PAYMENT = {
    "patient": "88",
    "site": "1",
    "method": "check",
    "amount": {"amount": "120.50", "currency": "USD"},
    "reference": "1042",
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "PaymentRequest": PAYMENT,
    "Payment": {
        "id": "31",
        **PAYMENT,
        "prepaid": None,
        "state": "received",
        "refunded": {"amount": "0.00", "currency": "USD"},
        "received_at": MORNING,
    },
    "RefundRequest": {
        "amount": {"amount": "20.00", "currency": "USD"},
        "reason": "The visit was cancelled by the clinic",
    },
    "MoneyRequest": {"amount": "12.34", "currency": "USD"},
    "PatientRequest": PATIENT,
    "PatchedPatientRequest": {"phone": "+16175550143"},
    "Patient": {"id": "88", **PATIENT},
    "NewPatient": {"id": "88", **PATIENT, "possible_duplicates": []},
    "SearchRequest": {"q": "sample 1984"},
    "ProposalsRequest": {
        "patient": "88",
        "protocol": "aud-kare",
        "site": "1",
        "not_before": "2026-12-07",
        "preferences": {"weekdays": ["tue", "thu"], "earliest": "09:00", "latest": "16:00"},
        "limit": 3,
        "hold": True,
    },
    "Proposals": {
        "proposals": [{**PROPOSAL, "held_until": "2026-12-01T14:27:00-05:00"}],
        "blocked_by": [],
    },
    "Hold": {"id": "5", "token": TOKEN, "expires_at": "2026-12-01T14:27:00-05:00"},
    "SeriesRequest": {"proposal": TOKEN},
    "Series": {
        "id": "17",
        "patient": "88",
        "site": "1",
        "protocol": "aud-kare",
        "version": 1,
        "status": "active",
        "appointments": [APPOINTMENT],
    },
    "CancelSeriesRequest": {"reason": "Moved to another town", "kind": "patient"},
    "ExtendRequest": {"visits": 4, "not_before": "2027-01-11"},
    "AppointmentRequest": {
        "patient": "88",
        "site": "1",
        "step": "maintenance/inf1",
        "starts_at": MORNING,
    },
    "Appointment": APPOINTMENT,
    "CancelVisitRequest": {"reason": "Has a cold", "kind": "patient", "late": False},
    "MoveRequest": {"starts_at": "2026-12-09T09:00:00-05:00", "cascade": True, "dry_run": True},
    "Moved": {"changed": [{**MOVE, "reason": ""}]},
    "StatusRequest": {"to": "arrived", "at": "2026-12-08T08:52:00-05:00"},
    "GateRequest": {"gate": "blood_pressure", "systolic": 128, "diastolic": 82},
    "AbsenceRequest": {
        "staff": "31",
        "starts_at": "2026-12-08T06:00:00-05:00",
        "ends_at": "2026-12-09T00:00:00-05:00",
        "reason": "Ill",
    },
    "Absence": {
        "id": "9",
        "affected": ["204"],
        "recovery": {
            "id": "6",
            "version": 1,
            "status": "improving",
            "reassigned": [],
            "moves": [{**MOVE, "with": []}],
            "stranded": [],
        },
    },
    "AcceptRequest": {"version": 2, "only": ["204"]},
    "WaitRequest": {"appointment": "204", "not_after": "2026-12-07", "weekdays": ["mon"]},
    "FeedRequest": {"staff": "31", "detail": "busy", "label": "Telephone"},
    "NewFeed": {
        "id": "3",
        "staff": "31",
        "detail": "busy",
        "label": "Telephone",
        "url": "https://clinic.example/feeds/shown-only-once.ics",
    },
    "PackageRequest": {
        "patient": "88",
        "site": "1",
        "offer": "2",
        "series": "17",
        "parts": 3,
        "paid": {"amount": "490.00", "currency": "USD"},
        "method": "card",
    },
    "Package": {
        "id": "9",
        "kind": "package",
        "patient": "88",
        "site": "1",
        "series": "17",
        "offer": "2",
        "name": "KARE course",
        "state": "open",
        "covers": {"infusion": 3, "therapy": 7},
        "drawn": {"infusion": 1},
        "price": {"amount": "2890.00", "currency": "USD"},
        "paid": {"amount": "490.00", "currency": "USD"},
        "left": {"amount": "201.00", "currency": "USD"},
        "instalments": [
            {"due_on": "2026-12-01", "amount": {"amount": "490.00", "currency": "USD"}},
            {"due_on": "2027-01-01", "amount": {"amount": "1200.00", "currency": "USD"}},
            {"due_on": "2027-02-01", "amount": {"amount": "1200.00", "currency": "USD"}},
        ],
        "sold_at": MORNING,
    },
    "EndRequest": {"reason": "Moves away", "method": "card"},
    "EstimateRequest": {"series": "17"},
    "Estimate": {
        "id": "7",
        "patient": "88",
        "site": "1",
        "series": "17",
        "appointment": None,
        "version": 1,
        "state": "due",
        "rule": "Asked for on Mon 7 Dec 2026: due within 3 business days of that.",
        "asked_for": True,
        "due_on": "2026-12-10",
        "overdue": False,
        "total": {"amount": "450.00", "currency": "USD"},
        "lines": [
            {
                "date": "2026-12-08",
                "step": "inf1",
                "what": "Infusion into a vein, the first hour",
                "code": "96365",
                "units": 1,
                "amount": {"amount": "450.00", "currency": "USD"},
                "provider": "Priya Example",
                "from_package": False,
                "problem": "",
            }
        ],
        "number": None,
    },
    "InvoiceRequest": {"patient": "88", "site": "1", "charges": ["301"]},
    "Invoice": {
        "id": "12",
        "number": "INV-00012",
        "patient": "88",
        "site": "1",
        "date": "2026-12-08",
        "lines": [
            {
                "date": "2026-12-08",
                "what": "Infusion into a vein, the first hour",
                "code": "96365",
                "units": 1,
                "amount": {"amount": "450.00", "currency": "USD"},
                "from_package": False,
            }
        ],
        "total": {"amount": "450.00", "currency": "USD"},
        "due": {"amount": "450.00", "currency": "USD"},
        "over_estimate": None,
        "replaces": None,
        "credited": False,
    },
    "InsuranceClaimRequest": {"charges": ["301", "302"]},
    "InsuranceClaim": {
        "id": "41",
        "number": "CT0000041",
        "patient": "88",
        "site": "1",
        "payer": "Example Health Plan",
        "state": "ready",
        "on": "2026-12-08",
        "file_by": "2027-03-08",
        "total": {"amount": "325.00", "currency": "USD"},
        "lines": [
            {
                "charge": "301",
                "code": "96365",
                "units": 1,
                "modifiers": [],
                "diagnoses": ["F33.2"],
                "amount": {"amount": "325.00", "currency": "USD"},
            }
        ],
        "problems": [],
        "answers": [],
    },
    "Problem": {
        "type": "urn:chairtime:problem:taken",
        "title": "The place was taken",
        "status": 409,
        "detail": "Room 2 is taken from 09:00 to 11:30.",
        "refusals": [
            {
                "rule": "room_is_free",
                "subject": "Room 2",
                "message": "Room 2 is taken from 09:00 to 11:30.",
                "step": "inf1",
                "date": "2026-12-08",
            }
        ],
    },
    "EndpointRequest": {
        "url": "https://records.example/chairtime",
        "description": "Records system",
        "types": ["series.booked", "appointment.moved"],
    },
    "PatchedEndpointChangeRequest": {"active": False},
    "Site": {
        "id": "1",
        "name": "Lanternfield Clinic",
        "time_zone": "America/New_York",
        "address": "1 Lantern Row",
        "phone": "+16175550100",
    },
}
