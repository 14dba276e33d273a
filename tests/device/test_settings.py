# SPDX-License-Identifier: GPL-3.0-or-later
"""What a board reads about itself at its start."""

import os

from han.node import settings
from support import equal, raises

FOLDER = "/tmp" if "tmp" in os.listdir("/") else "."
GOOD = {"role": "esme", "identities": {"esme": "0268616e72656601", "hub": "0268616e72656603"}}


def written(text):
    """A file with this content; its path."""
    path = FOLDER + "/hanref-test-settings.json"
    with open(path, "w") as file:
        file.write(text)
    return path


def test_what_is_left_out_is_filled_in():
    full = settings.check(dict(GOOD))
    equal((full["profile"], full["time"], full["radio"], full["settings"]), (settings.PROFILE, "running", {}, {}))


def test_saved_settings_are_read_again():
    path = written("")
    settings.save(dict(GOOD), path)
    equal(settings.load(path)["identities"], GOOD["identities"])
    os.remove(path)


def test_what_is_wrong_is_said():
    for change, words in (
        ({"role": None}, "role: is missing"),
        ({"role": "ihd"}, "identities: ihd is missing"),
        ({"identities": {"esme": "0268"}}, "identities: esme: an EUI-64 is 16 hex digits"),
        ({"identities": {"esme": 5}}, "an EUI-64 is 16 hex digits"),
        ({"identities": {"esme": "x" * 16}}, "an EUI-64 is 16 hex digits"),
        ({"time": "soon"}, "time: say running or held"),
    ):
        broken = dict(GOOD)
        broken.update(change)
        error = raises(settings.SettingsError, settings.check, broken, "file")
        assert words in str(error), str(error)


def test_files_that_cannot_be_read():
    path = written("{nothing")
    assert "is not JSON" in str(raises(settings.SettingsError, settings.load, path))
    os.remove(path)
    assert "there is no such file" in str(raises(settings.SettingsError, settings.load, path))
    path = written("[1]")
    assert "is no JSON object" in str(raises(settings.SettingsError, settings.load, path))
    raises(settings.SettingsError, settings.save, {}, path)
    os.remove(path)


def test_bad_settings_never_take_the_place_of_good_ones():
    path = written("")
    settings.save(dict(GOOD), path)
    raises(settings.SettingsError, settings.save, {"role": "esme"}, path)
    equal(settings.load(path)["role"], "esme")
    os.remove(path)


def test_hash_covers_names_and_octets():
    folder = FOLDER + "/hanref-test-code"
    os.mkdir(folder)
    os.mkdir(folder + "/part")

    def file(name, text):
        with open(folder + "/" + name, "w") as target:
            target.write(text)

    file("a.py", "one")
    file("part/b.mpy", "two")
    first = settings.code_hash(folder)
    equal(len(first), 16)
    equal(settings.code_hash(folder), first)
    file("part/b.mpy", "twO")
    second = settings.code_hash(folder)
    assert second != first
    file("part/b.mpy", "two")
    os.rename(folder + "/a.py", folder + "/c.py")
    assert settings.code_hash(folder) not in (first, second)
    for name in ("c.py", "part/b.mpy"):
        os.remove(folder + "/" + name)
    os.rmdir(folder + "/part")
    os.rmdir(folder)


def test_version_line():
    named = settings.version(settings.check(dict(GOOD)), "0123456789abcdef")
    line = settings.version_line(named)
    assert line.startswith("hanref "), line
    assert " role=esme profile=2022-11 identity=0268616e72656601 mpy=0123456789abcdef micropython=" in line, line
    equal(settings.version(None, "-")["role"], "none")
