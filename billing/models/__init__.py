from billing.models.care import Charge
from billing.models.closing import DayClose
from billing.models.documents import Document, Numbering
from billing.models.estimates import Estimate
from billing.models.insurance import Authorisation, Claim, Coverage, Payer
from billing.models.ledger import Account, Entry, Posting, Prepaid
from billing.models.payments import Payment, PaymentEvent, Refund
from billing.models.prices import PackageOffer, Policy, Price, PriceList

__all__ = [
    "Account",
    "Authorisation",
    "Charge",
    "Claim",
    "Coverage",
    "DayClose",
    "Document",
    "Entry",
    "Estimate",
    "Numbering",
    "PackageOffer",
    "Payer",
    "Payment",
    "PaymentEvent",
    "Policy",
    "Posting",
    "Prepaid",
    "Price",
    "PriceList",
    "Refund",
]
