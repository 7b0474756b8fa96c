from billing.models.care import Charge
from billing.models.closing import DayClose
from billing.models.documents import Document, Numbering
from billing.models.estimates import Estimate
from billing.models.filing import (
    ClaimAnswer,
    ClaimBatch,
    ClaimedCharge,
    ControlNumber,
    Filing,
    PatientDetails,
    ProviderNumber,
)
from billing.models.insurance import Authorisation, Claim, Coverage, Payer
from billing.models.ledger import Account, Entry, Posting, Prepaid
from billing.models.payments import Payment, PaymentEvent, Refund
from billing.models.prices import PackageOffer, Policy, Price, PriceList
from billing.models.visits import Capture, Diagnoses, Draw

__all__ = [
    "Account",
    "Authorisation",
    "Capture",
    "Charge",
    "Claim",
    "ClaimAnswer",
    "ClaimBatch",
    "ClaimedCharge",
    "ControlNumber",
    "Coverage",
    "DayClose",
    "Diagnoses",
    "Document",
    "Draw",
    "Entry",
    "Estimate",
    "Filing",
    "Numbering",
    "PackageOffer",
    "PatientDetails",
    "Payer",
    "Payment",
    "PaymentEvent",
    "Policy",
    "Posting",
    "Prepaid",
    "Price",
    "PriceList",
    "ProviderNumber",
    "Refund",
]
