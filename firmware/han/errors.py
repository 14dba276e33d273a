# SPDX-License-Identifier: Apache-2.0
"""The errors of the firmware: one base, a subclass for each thing a caller may do something about."""


class HanError(Exception):
    """Anything that hanref's firmware reports as wrong."""


class CodecError(HanError):
    """Octets that cannot be read, or a value that cannot be written.

    `what` says what was wrong; `offset` counts octets from the start of what was read, None where there is none.
    """

    def __init__(self, what, offset=None):
        super().__init__(what if offset is None else "%s at offset %d" % (what, offset))
        self.what = what
        self.offset = offset


class UnknownNameError(HanError):
    """A cluster, attribute, command or field that the tables do not have."""


class CryptoError(HanError):
    """A MAC, tag or signature that does not verify, or a key that cannot be used."""


class StoreError(HanError):
    """A store that cannot be read or written."""


class RadioError(HanError):
    """The radio, or the way to it, failed."""


class BenchError(HanError):
    """The bench asked a device for something it does not have or cannot do."""
