"""What every type of resource tells of itself: who may read it, how it is searched and shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import Max, Q

from api.errors import wrong
from api.fhir.values import number, reference
from clinic.models import Journal

if TYPE_CHECKING:
    from api.fhir.doors import FhirDoor

Rows = Any
"""A queryset in a total order, or a list of what is few and known whole."""
Shown = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One search parameter as it came: its alternatives, of which one must fit."""

    name: str
    modifier: str
    values: tuple[str, ...]


Narrow = Callable[["FhirDoor", Rows, Asked], Rows]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A search parameter; `kind` as in SearchParameter.type. `narrow` raises ValueError."""

    kind: str
    documentation: str
    narrow: Narrow
    modifiers: frozenset[str] = frozenset()


@contextmanager
def reading(name: str) -> Iterator[None]:
    """400 naming the parameter whose value makes no sense."""
    try:
        yield
    except ValueError as error:
        raise wrong(name, str(error)) from None


def where(q: Callable[[str], Q]) -> Narrow:
    """Rows of a queryset that fit one of the values."""

    def narrow(door: FhirDoor, rows: Rows, asked: Asked) -> Rows:
        fits = Q(pk__in=[])
        for value in asked.values:
            fits |= q(value)
        return rows.filter(fits)

    return narrow


def keep(fits: Callable[[Any, str], bool]) -> Narrow:
    """Things of a list that fit one of the values."""

    def narrow(door: FhirDoor, rows: Rows, asked: Asked) -> Rows:
        return [row for row in rows if any(fits(row, value) for value in asked.values)]

    return narrow


def refers(field: str, kind: str) -> Narrow:
    """Rows whose `field` is the row that a reference to `kind` names; `:Type` may say it too."""

    def narrow(door: FhirDoor, rows: Rows, asked: Asked) -> Rows:
        if asked.modifier not in ("", kind):
            return rows.none()
        named = [reference(value, [kind]) for value in asked.values]
        ids = [number(one[1]) for one in named if one]
        return rows.filter(**{f"{field}__in": [id for id in ids if id is not None]})

    return narrow


def by_pk(q: Callable[[str], Q] = lambda value: Q(pk=number(value) or 0)) -> Parameter:
    return Parameter("token", "The logical id.", where(q))


class Kind(ABC):
    """A type of resource. `reads` is the row of api.permissions that reading it needs."""

    type: ClassVar[str]
    reads: ClassVar[str]
    says: ClassVar[str]
    parameters: ClassVar[Mapping[str, Parameter]]
    includes: ClassVar[Mapping[str, Callable[[Shown], list[str]]]] = {}
    sorts: ClassVar[Mapping[str, str]] = {}
    mandatory: ClassVar[Collection[str]] = ()
    """Elements that every such resource must have, whatever `_elements` asks for."""

    @abstractmethod
    def rows(self, door: FhirDoor) -> Rows:
        """Everything of the type that the caller may see."""

    @abstractmethod
    def show(self, door: FhirDoor, rows: Sequence[Any]) -> list[Shown]:
        """Resources of some rows, in so many queries however many they are."""

    @abstractmethod
    def with_ids(self, door: FhirDoor, ids: Collection[str]) -> Rows:
        """Those of `rows` with these ids."""

    def start(self, door: FhirDoor, asked: Sequence[Asked]) -> Rows:
        """What a search looks through: `rows`, or less where it would be too much."""
        return self.rows(door)

    def finish(self, rows: Rows) -> Rows:
        """What a search ends with, once nothing more narrows it."""
        return rows

    def read(self, door: FhirDoor, id: str) -> Shown | None:
        found = self.show(door, list(self.with_ids(door, [id])))
        return found[0] if found else None


class Stored(Kind):
    """A type whose rows are of one table, named by their numbers."""

    def with_ids(self, door: FhirDoor, ids: Collection[str]) -> Rows:
        return self.rows(door).filter(pk__in=[pk for id in ids if (pk := number(id))])


class Listed(Kind):
    """A type of which there are few: all of them are read, and looked through here."""

    @abstractmethod
    def rows(self, door: FhirDoor) -> list[Any]: ...

    def with_ids(self, door: FhirDoor, ids: Collection[str]) -> list[Any]:
        return [row for row in self.rows(door) if row.id in ids]


def versions(kind: str, ids: Collection[int]) -> dict[int, str]:
    """`meta.versionId` of things by number: it rises with each change in the journal. One query."""
    newest = dict(
        Journal.objects.filter(subject__in=[f"{kind}:{id}" for id in ids])
        .order_by()
        .values_list("subject")
        .annotate(newest=Max("pk"))
    )
    return {id: str(newest.get(f"{kind}:{id}", 0) + 1) for id in ids}


def seen(version: str) -> int:
    """What a version says of the journal: its newest row then (see clinic.journal)."""
    return int(version) - 1


def references_in(value: Any) -> Iterator[str]:
    """Every reference anywhere in a resource."""
    if isinstance(value, dict):
        if isinstance(named := value.get("reference"), str):
            yield named
        for member in value.values():
            yield from references_in(member)
    elif isinstance(value, list):
        for member in value:
            yield from references_in(member)


def at(*path: str) -> Callable[[Shown], list[str]]:
    """The references at a path of a resource, for `_include`."""

    def find(shown: Shown) -> list[str]:
        found: list[Any] = [shown]
        for step in path:
            inside = [one[step] for one in found if step in one]
            found = [x for one in inside for x in (one if isinstance(one, list) else [one])]
        return list(references_in(found))

    return find


def of_type(kind: str, find: Callable[[Shown], list[str]]) -> Callable[[Shown], list[str]]:
    return lambda shown: [named for named in find(shown) if named.startswith(f"{kind}/")]
