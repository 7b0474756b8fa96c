"""Protocols come in as versions; nothing that runs is altered."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from clinic.journal import Actor
from clinic.models import Journal
from scheduling import catalogue
from scheduling.catalogue import InvalidCatalogue
from scheduling.models import Protocol, ProtocolVersion
from scheduling.services.catalogue import (
    UnknownProtocolKey,
    export_catalogue,
    import_catalogue,
    retire_protocol,
)

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 9, 7, 12, tzinfo=UTC)
ACTOR = Actor(name="Mara", door="command")


def take_in(text):
    return {
        one.key: (one.change, one.version)
        for one in import_catalogue(text=text, actor=ACTOR, now=NOW)
    }


def test_the_templates_come_in_as_version_one_not_yet_reviewed():
    imported = take_in(catalogue.starter_text())
    assert set(imported.values()) == {("new", 1)}
    assert set(ProtocolVersion.objects.values_list("reviewed_by", flat=True)) == {""}


def test_the_same_text_again_makes_no_version():
    take_in(catalogue.starter_text())
    assert set(take_in(catalogue.starter_text()).values()) == {("unchanged", 1)}
    assert ProtocolVersion.objects.count() == 8


def test_an_edit_makes_the_next_version_and_keeps_the_first():
    take_in(catalogue.starter_text())
    edited = export_catalogue().replace("minutes: 52", "minutes: 50")
    imported = take_in(edited)
    assert imported["aud-single-met"] == ("changed", 2)
    assert imported["aud-kare"] == ("unchanged", 1)
    first = ProtocolVersion.objects.get(protocol__key="aud-single-met", version=1)
    assert "52" in str(first.definition)


def test_what_was_exported_comes_in_unchanged_and_goes_out_the_same():
    take_in(catalogue.starter_text())
    exported = export_catalogue()
    assert set(take_in(exported).values()) == {("unchanged", 1)}
    assert export_catalogue() == exported


def test_one_mistake_in_one_protocol_keeps_all_of_them_out():
    with pytest.raises(InvalidCatalogue):
        take_in(catalogue.starter_text().replace("minutes: 52", "minutes: -2"))
    assert not Protocol.objects.exists()


def test_an_import_is_journaled_once_a_version():
    take_in(catalogue.starter_text())
    take_in(catalogue.starter_text())
    assert Journal.objects.filter(action="protocol.imported", actor="Mara").count() == 8


def test_a_retired_protocol_is_not_exported_and_can_come_back():
    take_in(catalogue.starter_text())
    retire_protocol(key="kap", actor=ACTOR, now=NOW)
    assert "key: kap\n" not in export_catalogue()
    retire_protocol(key="kap", retired=False, actor=ACTOR, now=NOW)
    assert "key: kap\n" in export_catalogue()


def test_a_protocol_that_is_not_there_cannot_be_retired():
    with pytest.raises(UnknownProtocolKey):
        retire_protocol(key="nothing", actor=ACTOR, now=NOW)


def test_the_command_says_what_came_in(tmp_path):
    file = tmp_path / "catalogue.yaml"
    file.write_text(catalogue.starter_text())
    out = StringIO()
    call_command("import_protocols", str(file), stdout=out)
    assert "aud-kare: new, version 1" in out.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"key: [", "not YAML"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"key: a\nname: b\n", "line 1: origin: A protocol needs “origin”; add it."),
    ],
)
def test_the_command_names_what_is_wrong_with_a_file(tmp_path, content, words):
    file = tmp_path / "bad.yaml"
    file.write_bytes(content)
    with pytest.raises(CommandError, match=words.replace("[", r"\[")):
        call_command("import_protocols", str(file))


def test_the_command_names_a_file_that_is_not_there(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_protocols", str(tmp_path / "none.yaml"))


def test_the_export_command_prints_the_catalogue():
    take_in(catalogue.starter_text())
    out = StringIO()
    call_command("export_protocols", stdout=out)
    assert out.getvalue() == export_catalogue()
