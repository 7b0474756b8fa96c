"""The page of a protocol draft: its ruler, what is wrong with it, and the part being written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.urls import reverse

from api.desk import words
from api.desk.protocol_fields import named, shown
from api.desk.protocol_ruler import Ruler, ruler
from clinic.models import Room, Staff, User
from scheduling import catalogue
from scheduling.catalogue.drafts import part_of
from scheduling.catalogue.fields import OneOf, Record
from scheduling.catalogue.shape import FOLLOW_UP, GATE, KINDS, ROLES, TASK, WEEKDAYS
from scheduling.catalogue.wording import DAY_WORDS, ROLE_WORDS
from scheduling.models import ProtocolDraft
from scheduling.selectors.protocols import current_versions
from scheduling.services.drafting import digest


@dataclass(frozen=True, slots=True)
class Fault:
    """Something to put right: where, in words, and the page with the field."""

    where: str
    words: str
    url: str


class Editor:
    """A draft and the part that is open; `value` is as typed, which may not be what is kept."""

    def __init__(self, draft: ProtocolDraft, part: str, value: Mapping[str, Any] | None = None):
        self.draft, self.part = draft, part
        self.kept = part_of(draft.definition, part)
        self.value = shown(self.kept if value is None else value)
        self.checked = catalogue.check(draft.definition)

    @property
    def steps(self) -> list[dict[str, Any]]:
        return list(self.draft.definition["steps"])

    @property
    def step(self) -> str:
        """The key of the step that is open, or nothing."""
        return self.part.partition(":")[2]

    @property
    def number(self) -> int:
        return [step["key"] for step in self.steps].index(self.step)

    @property
    def is_origin(self) -> bool:
        return bool(self.draft.definition["origin"] == self.step)

    @property
    def was(self) -> str:
        return digest(self.kept)

    @property
    def url(self) -> str:
        return self._url(self.part)

    @cached_property
    def errors(self) -> dict[str, str]:
        """What is wrong in the open part, by the form's names."""
        mine = str(self.number) if self.step else self.part
        found = {}
        for path, message in self.checked.by_field.items():
            part, name = named(path)
            if part == mine:
                found[name] = message
        return found

    @cached_property
    def faults(self) -> list[Fault]:
        """Everything that keeps the draft from becoming a version, a sentence once."""
        found: dict[str, Fault] = {}
        for path, message in self.checked.by_field.items():
            part, _ = named(path)
            step = self._step_of(part)
            where = str(step["name"] or "a step without a name") if step else "the course"
            if part == "after":
                where = "follow-ups and tasks"
            to = f"step:{step['key']}" if step else part if part == "after" else "course"
            found.setdefault(
                f"{to}{message}" if "That cannot be" not in message else message,
                Fault(where, message, self._url(to)),
            )
        return list(found.values())

    @cached_property
    def ruler(self) -> Ruler:
        wrong = set()
        for path in self.checked.by_field:
            if step := self._step_of(named(path)[0]):
                wrong.add(step["key"])
        return ruler(self.steps, self.checked, wrong)

    @cached_property
    def words(self) -> dict[str, Any]:
        """What there is to choose from."""
        others = [*self.draft.definition["outside"], *self.steps]
        anchors = [(one["key"], one["name"]) for one in others if one["key"] != self.step]
        return {
            "anchors": [("", "Choose a step"), *anchors],
            "days_of": [("", "No"), *anchors],
            "from_origin": [("", "day 0"), *anchors],
            "steps": [(one["key"], one["name"]) for one in self.steps],
            "no_step": [("", "No"), *((one["key"], one["name"]) for one in self.steps)],
            "kinds": _plain(KINDS),
            "each": [("", "one step"), *((kind, f"each {kind}") for kind in KINDS)],
            "roles": [(role, words.phase(ROLE_WORDS[role])) for role in ROLES],
            "gates": _plain(_kinds(GATE)),
            "tasks": _plain(_kinds(TASK)),
            "follow_ups": _plain(_kinds(FOLLOW_UP)),
            "units": [("days", "days"), ("hours", "hours")],
            "weekdays": [(day, DAY_WORDS[day][:3], DAY_WORDS[day]) for day in WEEKDAYS],
        }

    @cached_property
    def known(self) -> dict[str, list[str]]:
        """Words in use: measures of the catalogue, capabilities of rooms, skills of staff."""
        measures = {m for step in self.steps for m in step["measures"] if isinstance(m, str)}
        capabilities = {"consult", "infusion", "therapy"}
        for capability in Room.objects.values_list("capabilities", flat=True):
            capabilities.update(capability)
        for definition in _definitions():
            for step in definition["steps"]:
                measures.update(step["measures"])
                for phase in step["phases"]:
                    capabilities.update([phase["room"]["capability"]] if "room" in phase else [])
        skills = {skill for own in Staff.objects.values_list("skills", flat=True) for skill in own}
        return {
            "measures": sorted(measures, key=str.casefold),
            "capabilities": sorted(capabilities),
            "skills": sorted(skills),
        }

    def _step_of(self, part: str) -> dict[str, Any] | None:
        return self.steps[int(part)] if part.isdecimal() and int(part) < len(self.steps) else None

    def _url(self, part: str) -> str:
        query = f"?step={part.partition(':')[2]}" if ":" in part else f"?part={part}"
        return reverse("desk:protocol-draft", args=[self.draft.key]) + query


def author(draft: ProtocolDraft) -> str:
    """Who wrote last, by name."""
    user = User.objects.filter(email=draft.updated_by).first()
    return (user.get_full_name() if user else "") or draft.updated_by


def _definitions() -> Iterable[Mapping[str, Any]]:
    yield from current_versions().values_list("definition", flat=True)
    yield from (one.definition for one in catalogue.starters().values())


def _kinds(record: Record) -> tuple[str, ...]:
    kind = record.fields["kind"].kind
    assert isinstance(kind, OneOf)
    return kind.words


def _plain(keys: Iterable[str]) -> list[tuple[str, str]]:
    return [(key, words.phase(key)) for key in keys]
