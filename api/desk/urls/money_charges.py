"""Charges to review, packages, and the set-up of prices."""

from django.urls import path

from api.desk.views.manage import prices
from api.desk.views.money import charges, packages, terms

urlpatterns = [
    path("sites/<int:site>/charges", charges.listed, name="charges"),
    path("sites/<int:site>/charges.csv", charges.file, name="charges-file"),
    path("sites/<int:site>/charges/approve", charges.approve, name="approve-charges"),
    path("sites/<int:site>/charges/enter", charges.post, name="post-charges"),
    path("charges/<int:charge>/change", charges.change, name="change-charge"),
    path("charges/<int:charge>/void", charges.void, name="void-charge"),
    path("visits/<int:visit>/done", charges.done, name="what-was-done"),
    path("visits/<int:visit>/approve", charges.approve_anyway, name="approve-anyway"),
    path("sites/<int:site>/packages", packages.listed, name="packages"),
    path("sites/<int:site>/packages.csv", packages.file, name="packages-file"),
    path("packages/<int:prepaid>/end", packages.end, name="end-package"),
    path("patients/<int:patient>/package", packages.sell, name="sell-package"),
    path("patients/<int:patient>/deposit", packages.deposit, name="take-deposit"),
    path("patients/<int:patient>/scale", terms.scale, name="scale"),
    path("patients/<int:patient>/discount", terms.discount, name="discount"),
    path("sites/<int:site>/prices", prices.prices, name="prices"),
    path("sites/<int:site>/prices/new", prices.price_list, name="new-price-list"),
    path("prices/<int:price_list>", prices.price_list, name="price-list"),
    path("sites/<int:site>/package-offers/new", prices.offer, name="new-offer"),
    path("package-offers/<int:package_offer>", prices.offer, name="package-offer"),
    path("sites/<int:site>/money-policy", prices.policy, name="money-policy"),
    path("sites/<int:site>/prices/undo/<int:change>", prices.undo, name="undo-prices"),
    path(
        "sites/<int:site>/usual-diagnoses/<int:usual_of>",
        prices.usual_diagnoses,
        name="usual-diagnoses",
    ),
]
