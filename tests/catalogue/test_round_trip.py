"""What goes out comes back in, the same to the byte."""

import json

from scheduling import catalogue


def course(name="A", step="X", phase="p"):
    phases = f"[{{name: {phase}, minutes: 5}}]"
    return (
        f"key: a\nname: {name}\norigin: x\n"
        f"steps: [{{key: x, name: {step}, kind: review, phases: {phases}}}]\n"
    )


def test_the_templates_come_back_from_their_export_unchanged():
    definitions = [document.definition for document in catalogue.read(catalogue.starter_text())]
    written = catalogue.write(definitions)
    assert [document.definition for document in catalogue.read(written)] == definitions


def test_an_export_of_an_export_has_the_same_bytes():
    documents = catalogue.read(catalogue.starter_text())
    once = catalogue.write(document.definition for document in documents)
    twice = catalogue.write(document.definition for document in catalogue.read(once))
    assert once == twice


def test_the_order_of_keys_in_the_database_does_not_change_the_export():
    [first, *_] = catalogue.read(catalogue.starter_text())
    shuffled = json.loads(json.dumps(first.definition, sort_keys=True))
    assert catalogue.write([shuffled]) == catalogue.write([first.definition])


def test_a_default_written_out_is_the_same_as_one_left_out():
    short = course()
    long = short + "same_room: true\nnotes: []\n"
    assert catalogue.read(short)[0].definition == catalogue.read(long)[0].definition


def test_words_that_other_readers_take_for_numbers_stay_words():
    text = course(name="no", step="'1:30'", phase="'on'")
    [document] = catalogue.read(catalogue.write([catalogue.read(text)[0].definition]))
    assert document.name == "no"
    assert document.definition["steps"][0]["name"] == "1:30"
