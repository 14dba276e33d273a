# SPDX-License-Identifier: Apache-2.0
"""What a board is: its role, identity, profile and radio, from a file on the board; and what code is installed."""

import hashlib
import json
import os
import sys

import han
from han.errors import HanError

FILE = "/settings.json"
PROFILE = han.PROFILE

_ENOENT = 2
_FOLDER = 0x4000
_PIECE = 512


class SettingsError(HanError):
    """The board's settings are missing, cannot be read, or lack something."""


def load(path=FILE):
    """The settings as a dictionary; raises SettingsError. docs/flashing.md describes them."""
    try:
        with open(path) as file:
            settings = json.load(file)
    except OSError as error:
        what = "there is no such file" if error.errno == _ENOENT else "cannot be read (error %s)" % error.errno
        raise SettingsError("%s: %s: flash the board with its role" % (path, what))
    except ValueError:
        raise SettingsError("%s: is not JSON: flash the board again" % path)
    return check(settings, path)


def check(settings, path=FILE):
    """The settings with what may be left out filled in; raises SettingsError for what they lack."""
    if not isinstance(settings, dict):
        raise SettingsError("%s: is no JSON object" % path)
    role = settings.get("role")
    identities = settings.get("identities")
    if not isinstance(role, str):
        raise SettingsError("%s: role: is missing" % path)
    if not isinstance(identities, dict) or role not in identities:
        raise SettingsError("%s: identities: %s is missing" % (path, role))
    for board, identity in identities.items():
        try:
            octets = bytes.fromhex(identity)
        except (TypeError, ValueError):
            octets = b""
        if len(octets) != 8:
            raise SettingsError("%s: identities: %s: an EUI-64 is 16 hex digits" % (path, board))
    for key, default in (("profile", PROFILE), ("time", "running"), ("radio", {}), ("settings", {})):
        settings.setdefault(key, default)
    if settings["time"] not in ("running", "held"):
        raise SettingsError("%s: time: say running or held" % path)
    return settings


def save(settings, path=FILE):
    """Write the settings for the next start: the file is the old one or the new one, whenever power goes."""
    check(settings, path)
    beside = path + ".new"
    with open(beside, "w") as file:
        json.dump(settings, file)
    os.rename(beside, path)


def code_folder():
    """Where the package `han` is installed."""
    return han.__file__.rsplit("/", 1)[0]


def code_hash(folder=None):
    """16 hex digits of the SHA-256 over every file of the package: path in it, length, octets, in order of path."""
    folder = folder or code_folder()
    digest = hashlib.sha256()
    piece = bytearray(_PIECE)
    for name in _files(folder, ""):
        with open(folder + "/" + name, "rb") as file:
            length = file.seek(0, 2)
            file.seek(0)
            digest.update(b"%s %d\n" % (name.encode(), length))
            while True:
                count = file.readinto(piece)
                if not count:
                    break
                digest.update(memoryview(piece)[:count])
    return "".join("%02x" % octet for octet in digest.digest()[:8])


def _files(folder, under):
    """The files below a folder, as paths from it, in order of path."""
    names = []
    for entry in os.listdir(folder + under):
        if entry.endswith((".mpy", ".py")):
            names.append(under[1:] + "/" + entry if under else entry)
        elif os.stat(folder + under + "/" + entry)[0] & _FOLDER and entry != "__pycache__":
            names += _files(folder, under + "/" + entry)
    return sorted(names)


def version(settings, installed):
    """What the version line says, by name. `settings` may be None where the board has none."""
    role = settings["role"] if settings else "none"
    return {
        "hanref": han.VERSION,
        "role": role,
        "profile": settings["profile"] if settings else "none",
        "identity": settings["identities"][role] if settings else "none",
        "mpy": installed,
        "micropython": ".".join(str(part) for part in sys.implementation.version[:3]),
    }


def version_line(named):
    """`hanref 0.1.0 role=hub profile=2022-11 identity=… mpy=… micropython=1.25.0`."""
    words = ["hanref " + named["hanref"]]
    for name in ("role", "profile", "identity", "mpy", "micropython"):
        words.append(name + "=" + named[name])
    return " ".join(words)
