"""The addresses of contract v1: no trailing slashes."""

from django.urls import path

from api.rest.appointments import (
    AppointmentCancelling,
    Appointments,
    AppointmentStatus,
    OneAppointment,
)
from api.rest.claims import Claims, OneClaim
from api.rest.coverage import CoverageDoor
from api.rest.docs import docs, schema
from api.rest.estimates import EstimateIssuing, EstimatePaper, Estimates, OneEstimate
from api.rest.feeds import CalendarFeeds, FeedRotation, OneFeed
from api.rest.follow_ups import FollowUpsDoor
from api.rest.gates import Gates
from api.rest.invoices import InvoicePaper, Invoices, OneInvoice
from api.rest.moves import AppointmentMoving
from api.rest.packages import Charges, PackageEnding, PackageOffers, Packages
from api.rest.patients import OnePatient, Patients, PatientSearch
from api.rest.payments import PaymentRefund, Payments
from api.rest.places import Protocols, Rooms, Sites, StaffMembers
from api.rest.recoveries import Absences, OneRecovery, RecoveryAcceptance
from api.rest.reports import UtilisationReport
from api.rest.series import (
    OneSeries,
    ProposalHolding,
    ProposalsDoor,
    SeriesCancelling,
    SeriesDoor,
    SeriesExtending,
)
from api.rest.sign_in import Tokens
from api.rest.waitlist import OfferAcceptance, Waitlist
from api.rest.webhooks import (
    DeadReplay,
    DeliveryReplay,
    EndpointDeliveries,
    EndpointRotation,
    EndpointTest,
    EventTypes,
    OneEndpoint,
    WebhookEndpoints,
)

V1 = {
    "sites": Sites,
    "rooms": Rooms,
    "staff": StaffMembers,
    "protocols": Protocols,
    "patients": Patients,
    "patients/search": PatientSearch,
    "patients/<str:id>": OnePatient,
    "proposals": ProposalsDoor,
    "proposals/<str:token>/hold": ProposalHolding,
    "series": SeriesDoor,
    "series/<str:id>": OneSeries,
    "series/<str:id>/cancel": SeriesCancelling,
    "series/<str:id>/extend": SeriesExtending,
    "appointments": Appointments,
    "appointments/<str:id>": OneAppointment,
    "appointments/<str:id>/cancel": AppointmentCancelling,
    "appointments/<str:id>/move": AppointmentMoving,
    "appointments/<str:id>/status": AppointmentStatus,
    "appointments/<str:id>/gates": Gates,
    "absences": Absences,
    "recoveries/<str:id>": OneRecovery,
    "recoveries/<str:id>/accept": RecoveryAcceptance,
    "coverage": CoverageDoor,
    "reports/utilisation": UtilisationReport,
    "waitlist": Waitlist,
    "offers/<str:token>/accept": OfferAcceptance,
    "follow-ups": FollowUpsDoor,
    "package-offers": PackageOffers,
    "packages": Packages,
    "packages/<str:id>/end": PackageEnding,
    "charges": Charges,
    "payments": Payments,
    "payments/<str:id>/refund": PaymentRefund,
    "calendar-feeds": CalendarFeeds,
    "calendar-feeds/<str:id>": OneFeed,
    "calendar-feeds/<str:id>/rotate": FeedRotation,
    "webhook-event-types": EventTypes,
    "webhook-endpoints": WebhookEndpoints,
    "webhook-endpoints/<str:id>": OneEndpoint,
    "webhook-endpoints/<str:id>/rotate": EndpointRotation,
    "webhook-endpoints/<str:id>/test": EndpointTest,
    "webhook-endpoints/<str:id>/deliveries": EndpointDeliveries,
    "webhook-endpoints/<str:id>/replay": DeadReplay,
    "webhook-deliveries/<str:id>/replay": DeliveryReplay,
    "estimates": Estimates,
    "estimates/<str:id>": OneEstimate,
    "estimates/<str:id>/issue": EstimateIssuing,
    "estimates/<str:id>/pdf": EstimatePaper,
    "invoices": Invoices,
    "invoices/<str:id>": OneInvoice,
    "invoices/<str:id>/pdf": InvoicePaper,
    "claims": Claims,
    "claims/<str:id>": OneClaim,
}

urlpatterns = [
    *(path(f"api/v1/{address}", door.as_view()) for address, door in V1.items()),
    path("api/schema/", schema, name="schema"),
    path("api/docs/", docs, name="docs"),
    path("o/token/", Tokens.as_view(), name="token"),
]
