# SPDX-License-Identifier: Apache-2.0
"""The radio of a board whose settings name none."""

from han.errors import BenchError


class NoRadio:
    """Stands in where the settings name no radio: what is given is lost."""

    given = settled = failed = received = octets_in = octets_out = 0

    def send(self, messages):
        self.given += len(messages)
        self.settled += len(messages)
        self.failed += len(messages)

    def turn(self):
        return ()

    def sleep(self, asleep):
        pass

    def permit_join(self, seconds):
        raise BenchError("this board has no radio")

    def expect(self, identity, install_code):
        raise BenchError("this board has no radio")

    def milliseconds_until_due(self):
        return None

    def quiet(self):
        return True

    def state(self):
        return {"started": True, "identity": None, "given": self.given, "settled": self.settled, "received": 0}
