# SPDX-License-Identifier: Apache-2.0
"""The stores of a device on flash."""

from han.stores.log import Log
from han.stores.values import Values


class FlashStores:
    """What a device is handed to keep things in: `values`, and a log for each name it asks for.

    `files` is described in `han.stores`. Devices that share a board get a folder each.
    """

    def __init__(self, files):
        self.values = Values(files)
        self._files = files
        self._logs = {}

    def log(self, name, record_size, capacity):
        """The log of that name, found again on the flash or new."""
        if name not in self._logs:
            self._logs[name] = Log(self._files, name, record_size, capacity)
        return self._logs[name]

    def damaged(self):
        """{name: how many places could not be read since the start} of the stores that met any."""
        counts = {name: log.damaged for name, log in self._logs.items() if log.damaged}
        if self.values.damaged:
            counts["values"] = self.values.damaged
        return counts
