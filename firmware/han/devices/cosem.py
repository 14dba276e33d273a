# SPDX-License-Identifier: Apache-2.0
"""COSEM objects of a device, as far as GBCS use cases reach them: attributes that are stored or computed, and methods.

An attribute is named by class, OBIS code (6 octets) and number, as in the table of DLMS attributes.
"""

from han.gbcs import axdr
from han.gbcs.dlms_answer import OBJECT_UNDEFINED, READ_WRITE_DENIED, SUCCESS, TYPE_UNMATCHED

NULL = (axdr.NULL, None)


class Objects:
    """`getter(selection)` returns a datum, or an integer result where it fails; `setter(datum)` and `function(datum)` of a
    method return a result, a method also (result, datum)."""

    def __init__(self):
        self._getters = {}
        self._setters = {}
        self._methods = {}

    def attribute(self, place, getter, setter=None):
        """`place` is (class, OBIS code, attribute)."""
        self._getters[place] = getter
        if setter is not None:
            self._setters[place] = setter

    def method(self, place, function):
        """`place` is (class, OBIS code, method)."""
        self._methods[place] = function

    def get(self, class_id, obis, number, selection):
        """(result, datum) of an attribute."""
        getter = self._getters.get((class_id, bytes(obis), number))
        if getter is None:
            return OBJECT_UNDEFINED, NULL
        datum = getter(selection)
        return (datum, NULL) if isinstance(datum, int) else (SUCCESS, datum)

    def set(self, class_id, obis, number, datum):
        """The result of a write."""
        place = (class_id, bytes(obis), number)
        setter = self._setters.get(place)
        if setter is None:
            return READ_WRITE_DENIED if place in self._getters else OBJECT_UNDEFINED
        try:
            return setter(datum)
        except (TypeError, ValueError, IndexError):
            return TYPE_UNMATCHED

    def action(self, class_id, obis, number, datum):
        """(result, datum) of a method."""
        function = self._methods.get((class_id, bytes(obis), number))
        if function is None:
            return OBJECT_UNDEFINED, NULL
        try:
            result = function(datum)
        except (TypeError, ValueError, IndexError):
            return TYPE_UNMATCHED, NULL
        return result if isinstance(result, tuple) else (result, NULL)


def unsigned(value):
    """A double-long-unsigned."""
    return (axdr.DOUBLE_LONG_UNSIGNED, value)


def scaler_unit(unit, scaler=0):
    """The structure of scaler and unit."""
    return (axdr.STRUCTURE, [(axdr.INTEGER, scaler), (axdr.ENUM, unit)])


def rows(types, entries):
    """A compact array of structures: `types` the tags of the columns, `entries` lists of bare values."""
    return (axdr.COMPACT_ARRAY, ((axdr.STRUCTURE, list(types)), entries))


def number_of(datum, tag=axdr.DOUBLE_LONG_UNSIGNED):
    """The value of a datum that must have this tag; raises TypeError."""
    if datum[0] != tag:
        raise TypeError
    return datum[1]
