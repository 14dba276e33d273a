# SPDX-License-Identifier: Apache-2.0
"""What one side of one cluster on an endpoint holds, and the hooks of the device behind it."""

from han.errors import CodecError
from han.zcl import clusters, status, types


class Attributes:
    """The attributes of one side ("server" or "client") of one cluster.

    Hooks that a device may set:

    * `gate(identifier, message, time) -> status`: a status other than 0 refuses a read of an attribute that is held;
    * `writer(identifier, value, message, time) -> status`: asked before a write is taken;
    * `reported(cluster, records, message, time) -> status`: takes a report of the other side's attributes,
      records [(identifier, type, value)]; without it reports are refused;
    * `provide(provider)`: attributes that are not held one by one: `provider.identifiers()` names them, `type(identifier)`
      is None for one it does not have, `value(identifier)` is the present value. They cannot be written;
    * `received`, `generated`: names of the cluster's commands this side takes and sends. With None the handler alone
      decides what is taken, and discovery names none.
    """

    # Most sides have none of these: what an object does not have it takes no room for.
    gate = None
    writer = None
    reported = None
    received = None
    generated = None
    reporting = None
    _providers = ()

    def __init__(self, cluster, side="server"):
        self.cluster = cluster
        self.side = side
        self.table = clusters.table(cluster)
        self._values = {}
        self._types = {}
        self._readers = {}
        self._known = {}  # name -> identifier of what has been used by name

    def identifier(self, name_or_id):
        """The identifier of an attribute. Raises UnknownNameError."""
        if isinstance(name_or_id, int):
            return name_or_id
        found = self._known.get(name_or_id)
        if found is None:
            found = self._known[name_or_id] = self.table.identifier(name_or_id, self.side)
        return found

    def name(self, identifier):
        """The name of an attribute, None where the table has none."""
        found = self.table.attribute(identifier, self.side)
        return None if found is None else found.name

    def type(self, name_or_id):
        """The data type of an attribute: what it is held as, otherwise the table's, otherwise None."""
        identifier = self.identifier(name_or_id)
        found = self._held_type(identifier)
        return self.table.type(identifier, self.side) if found is None else found

    def set(self, name_or_id, value, type=None):
        """Hold `value`; `type` only where it is not the table's. Raises CodecError where it does not fit."""
        identifier = self.identifier(name_or_id)
        if type is None:
            type = self.type(identifier)
            if type is None:
                raise CodecError("cluster 0x%04X has no %s attribute 0x%04X" % (self.cluster, self.side, identifier))
        if not types.fits(type, value):
            raise CodecError("attribute %s of cluster 0x%04X cannot be %r" % (name_or_id, self.cluster, value))
        self._types[identifier] = type
        self._values[identifier] = value

    def reader(self, name_or_id, function):
        """Hold an attribute whose value is `function()` whenever it is asked for."""
        identifier = self.identifier(name_or_id)
        self._types[identifier] = self.type(identifier)
        self._readers[identifier] = function

    def provide(self, provider):
        """Hold the attributes of a provider."""
        self._providers += (provider,)

    def get(self, name_or_id, default=None):
        """The present value, `default` where the attribute is not held."""
        identifier = name_or_id if isinstance(name_or_id, int) else self.identifier(name_or_id)
        function = self._readers.get(identifier)
        if function is not None:
            return function()
        if identifier in self._values or not self._providers:
            return self._values.get(identifier, default)
        result, _, value = self._provided(identifier)
        return default if result else value

    def has(self, name_or_id):
        """Whether the attribute is held."""
        return self._held_type(self.identifier(name_or_id)) is not None

    def remove(self, name_or_id):
        """Hold the attribute no longer."""
        identifier = self.identifier(name_or_id)
        self._types.pop(identifier, None)
        self._values.pop(identifier, None)
        self._readers.pop(identifier, None)

    def identifiers(self):
        """The identifiers of all attributes held, ascending."""
        held = list(self._types)
        for provider in self._providers:
            held += provider.identifiers()
        return sorted(held)

    def record(self, identifier, message=None, time=None):
        """What a read answers: (status, type, value); type and value are None where status is not 0."""
        if self.gate is not None and self._held_type(identifier) is not None:
            refused = self.gate(identifier, message, time)
            if refused:
                return refused, None, None
        return self.present(identifier)

    def present(self, identifier):
        """As `record`, without asking the gate."""
        type_id = self._types.get(identifier)
        if type_id is None:
            return self._provided(identifier)
        function = self._readers.get(identifier)
        return status.SUCCESS, type_id, self._values[identifier] if function is None else function()

    def encoded(self, identifier):
        """The octets of the attribute's record in a Read Attributes Response, without asking the gate."""
        type_id = self._types.get(identifier)
        if type_id is None:
            result, type_id, value = self._provided(identifier)
            if result:
                return bytes((identifier & 0xFF, identifier >> 8, result))
        else:
            function = self._readers.get(identifier)
            value = self._values[identifier] if function is None else function()
        return bytes((identifier & 0xFF, identifier >> 8, 0, type_id)) + types.encode(type_id, value)

    def check_write(self, identifier, type_id, value, message=None, time=None):
        """The status that a write would be answered with; nothing is changed."""
        held = self._held_type(identifier)
        if held is None:
            return status.UNSUPPORTED_ATTRIBUTE
        if held != type_id:
            return status.INVALID_DATA_TYPE
        if not self.table.access(identifier, self.side) & clusters.WRITE or identifier not in self._values:
            return status.READ_ONLY
        return status.SUCCESS if self.writer is None else self.writer(identifier, value, message, time)

    def reports(self):
        """The reporting engine of this side, made on first use; without it configurations are refused."""
        if self.reporting is None:
            from han.zcl.reporting import Reporting

            self.reporting = Reporting(self._present)
        return self.reporting

    def _held_type(self, identifier):
        found = self._types.get(identifier)
        if found is None:
            for provider in self._providers:
                found = provider.type(identifier)
                if found is not None:
                    return found
        return found

    def _provided(self, identifier):
        for provider in self._providers:
            type_id = provider.type(identifier)
            if type_id is not None:
                return status.SUCCESS, type_id, provider.value(identifier)
        return status.UNSUPPORTED_ATTRIBUTE, None, None

    def _present(self, identifier):
        return self.present(identifier)[1:]
