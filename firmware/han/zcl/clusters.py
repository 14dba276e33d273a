# SPDX-License-Identifier: Apache-2.0
"""The cluster tables, loaded a cluster at a time: `table(0x0702).attribute_named("current_summation_delivered")`.

The data are packed bytes that stay in flash (see `hanref.generate.clusters` for their layout); what is looked up is
built on the way out and not kept.
"""

from collections import namedtuple

from micropython import const

from han.errors import UnknownNameError
from han.later import forget
from han.zcl.tables import CLUSTERS
from han.zcl.tables.words import COMMON, COMMON_END, WORDS

READ = const(1)
WRITE = const(2)

_RECORD = const(9)
_COMMAND = const(6)
_NUMBER = const(0x01)  # in a name: the number that counts up
_FIRST_COMMON = const(0x20)  # from here on one octet is a word, from bit 7 on two are

# `type` is a ZCL data type number, `access` READ or READ | WRITE.
Attribute = namedtuple("Attribute", ("id", "name", "type", "access"))
# `direction` as in han.zcl.frame, `program` the place of the payload's layout.
Command = namedtuple("Command", ("id", "name", "direction", "program"))

_tables = {}
_remembers = False


def remember_names():
    """Keep the names of commands and fields once they were built, in tables loaded from now on: for a host, which has
    the memory and decodes many messages."""
    global _remembers
    _remembers = True
    _tables.clear()


def table(cluster):
    """The table of a cluster by its number. Raises UnknownNameError for a cluster without a table."""
    found = _tables.get(cluster)
    if found is None:
        if not is_known(cluster):
            raise UnknownNameError("there is no table of cluster 0x%04X" % cluster)
        name = "han.zcl.tables.c%04x" % cluster
        found = _tables[cluster] = Table(cluster, __import__(name, None, None, ("NAME",)))
        forget(name)
    return found


def is_known(cluster):
    """Whether there is a table of the cluster."""
    for at in range(0, len(CLUSTERS), 2):
        if CLUSTERS[at] | CLUSTERS[at + 1] << 8 == cluster:
            return True
    return False


def known():
    """The numbers of all clusters that have a table."""
    return [CLUSTERS[at] | CLUSTERS[at + 1] << 8 for at in range(0, len(CLUSTERS), 2)]


class Table:
    """Attributes and commands of one cluster. `side` is "server" or "client", `direction` as in han.zcl.frame."""

    def __init__(self, cluster, module):
        self.cluster = cluster
        self.name = module.NAME
        self.link_key = module.LINK_KEY  # its frames travel under the APS link key [ZSE 4]
        self._terms = module.TERMS
        self._commands = module.COMMANDS
        self._server = (module.SERVER, module.SERVER_NAMES, module.SERVER_OVERLAP)
        self._client = (module.CLIENT, module.CLIENT_NAMES, module.CLIENT_OVERLAP)
        self.programs = module.PROGRAMS
        self._names = {} if _remembers else None  # place -> name, of terms

    def attribute(self, identifier, side="server"):
        """The Attribute with this identifier, None where the table has none."""
        records, names, overlap = self._side(side)
        at, index = self._find(records, overlap, identifier)
        if at < 0:
            return None
        return Attribute(identifier, self._name(names, records, at, index), records[at + 4], records[at + 5])

    def type(self, identifier, side="server"):
        """The data type of an attribute, None where the table has none. Quicker than `attribute`."""
        records, _, overlap = self._side(side)
        at, _ = self._find(records, overlap, identifier)
        return None if at < 0 else records[at + 4]

    def access(self, identifier, side="server"):
        """READ or READ | WRITE, 0 where the table has no such attribute."""
        records, _, overlap = self._side(side)
        at, _ = self._find(records, overlap, identifier)
        return 0 if at < 0 else records[at + 5]

    def identifier(self, name, side="server"):
        """The identifier of the attribute called `name`. Raises UnknownNameError."""
        records, names, _ = self._side(side)
        name, number = _numbered(name)
        coded = _coded(name)
        if coded is None:
            raise UnknownNameError("cluster 0x%04X has no %s attribute %r" % (self.cluster, side, name))
        coded = b"\n" + coded + b"\n"
        place = names.find(coded)
        while place >= 0:
            at, index = self._record_of(records, names, place + 1)
            if number is not None:
                index = number - records[at + 6]
            if 0 <= index < records[at + 2]:
                return (records[at] | records[at + 1] << 8) + index * records[at + 3]
            place = names.find(coded, place + 1)
        raise UnknownNameError("cluster 0x%04X has no %s attribute %r" % (self.cluster, side, name))

    def attribute_named(self, name, side="server"):
        """The Attribute called `name`. Raises UnknownNameError."""
        return self.attribute(self.identifier(name, side), side)

    def attributes(self, side="server"):
        """Every Attribute of the side; in the order of the table, which is nearly that of the identifiers."""
        records, names, _ = self._side(side)
        for at in range(0, len(records), _RECORD):
            first = records[at] | records[at + 1] << 8
            for index in range(records[at + 2]):
                name = self._name(names, records, at, index)
                yield Attribute(first + index * records[at + 3], name, records[at + 4], records[at + 5])

    def command(self, identifier, direction):
        """The Command with this identifier, None where the table has none."""
        octets = self._commands
        for at in range(0, len(octets), _COMMAND):
            if octets[at + 1] == identifier and octets[at] == direction:
                return self._command(octets, at)
        return None

    def command_named(self, name, direction):
        """The Command called `name`. Raises UnknownNameError."""
        coded = _coded(name)
        place = 0 if coded is None else self._terms.find(b"\n" + coded + b"\n") + 1
        if place:
            octets = self._commands
            low, high = place & 0xFF, place >> 8
            for at in range(0, len(octets), _COMMAND):
                if octets[at + 2] == low and octets[at + 3] == high and octets[at] == direction:
                    return self._command(octets, at)
        side = "client" if direction else "server"
        raise UnknownNameError("cluster 0x%04X has no command %r to the %s" % (self.cluster, name, side))

    def commands(self, direction):
        """Every Command of a direction, by identifier."""
        octets = self._commands
        for at in range(0, len(octets), _COMMAND):
            if octets[at] == direction:
                yield self._command(octets, at)

    def term(self, place):
        """The command or field name at `place` of the cluster's terms."""
        names = self._names
        found = None if names is None else names.get(place)
        if found is None:
            terms = self._terms
            found = _spelt(terms, place, terms.find(b"\n", place), 0)
            if names is not None:
                names[place] = found
        return found

    def _side(self, side):
        return self._server if side == "server" else self._client

    def _find(self, records, overlap, identifier):
        """Place of the record that holds `identifier`, and its number in it; (-1, 0) where none does."""
        low, high = 0, len(records) // _RECORD
        while low < high:
            middle = (low + high) >> 1
            at = middle * _RECORD
            if records[at] | records[at + 1] << 8 <= identifier:
                low = middle + 1
            else:
                high = middle
        for place in range(low - 1, max(low - 2 - overlap, -1), -1):
            at = place * _RECORD
            distance = identifier - (records[at] | records[at + 1] << 8)
            step = records[at + 3]
            if distance % step == 0 and distance // step < records[at + 2]:
                return at, distance // step
        return -1, 0

    def _record_of(self, records, names, place):
        """Place of the record to which the name at `place` belongs, and the name's number in it."""
        low, high = 0, len(records) // _RECORD
        while low < high:
            middle = (low + high) >> 1
            at = middle * _RECORD
            if records[at + 7] | records[at + 8] << 8 <= place:
                low = middle + 1
            else:
                high = middle
        at = (low - 1) * _RECORD
        start = records[at + 7] | records[at + 8] << 8
        index = 0
        while start < place:
            start = names.find(b"\n", start) + 1
            index += 1
        return at, index

    def _name(self, names, records, at, index):
        start = records[at + 7] | records[at + 8] << 8
        end = names.find(b"\n", start)
        number = index + records[at + 6]
        if names.find(b"\x01", start, end) < 0:
            for _ in range(index):
                start = end + 1
                end = names.find(b"\n", start)
        return _spelt(names, start, end, number)

    def _command(self, octets, at):
        name = self.term(octets[at + 2] | octets[at + 3] << 8)
        return Command(octets[at + 1], name, octets[at], octets[at + 4] | octets[at + 5] << 8)


def _spelt(octets, at, end, number):
    """A name of a pool; `number` stands where it counts up."""
    parts = []
    while at < end:
        code = octets[at]
        at += 1
        if code == _NUMBER:
            parts[-1] += str(number)
            continue
        if code < 0x80:
            place = COMMON[2 * code - 2 * _FIRST_COMMON] | COMMON[2 * code - 2 * _FIRST_COMMON + 1] << 8
        else:
            place = (code & 0x7F) << 7 | octets[at] & 0x7F
            at += 1
        parts.append(WORDS[place : WORDS.find(b"\n", place)].decode())
    return "_".join(parts)


def _numbered(name):
    """The name with NUMBER in place of its last number, and that number; None where there is none."""
    words = name.split("_")
    for at in range(len(words) - 1, -1, -1):
        bare = words[at].rstrip("0123456789")
        if bare and bare != words[at]:
            number = int(words[at][len(bare) :])
            words[at] = bare + "\x01"
            return "_".join(words), number
    return name, None


def _coded(name):
    """The name as a pool writes it, None where a word of it is unknown."""
    coded = b""
    for word in name.split("_"):
        bare = word.rstrip("\x01")
        place = WORDS.find(b"\n" + bare.encode() + b"\n") + 1
        if not place:
            return None
        if place < COMMON_END:
            coded += bytes((_FIRST_COMMON - 1 + WORDS.count(b"\n", 0, place),))
        else:
            coded += bytes((0x80 | place >> 7, 0x80 | place & 0x7F))
        if bare != word:
            coded += b"\x01"
    return coded


def encode_command(cluster, name, direction, fields):
    """The payload octets of a cluster's command; see `han.zcl.programs`."""
    from han.zcl import programs

    found = table(cluster)
    return programs.encode(found, found.command_named(name, direction).program, fields)


def decode_command(cluster, identifier, direction, payload):
    """(name, fields) of a cluster's command; see `han.zcl.programs`. Raises UnknownNameError for one not in the table."""
    from han.zcl import programs

    found = table(cluster)
    command = found.command(identifier, direction)
    if command is None:
        side = "client" if direction else "server"
        raise UnknownNameError("cluster 0x%04X has no command 0x%02X to the %s" % (cluster, identifier, side))
    return command.name, programs.decode(found, command.program, payload)
