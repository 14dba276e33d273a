# SPDX-License-Identifier: Apache-2.0
"""Messages at a display: taken, kept in the memory that an erasure removes, cancelled, confirmed by a person."""

from han.devices import client
from han.devices.messages import CLUSTER, CONFIRM, UNTIL_CHANGED
from han.zcl import foundation, status
from han.zcl.frame import TO_SERVER

_MOST = 10  # messages of a fuel, the oldest goes


class MessageBoard:
    """The client of the Messaging cluster. `device` is the display with its `fuels` and `shown()`, told of every change."""

    def __init__(self, device, endpoint):
        self._device = device
        self._endpoint = endpoint
        device.attributes(endpoint, CLUSTER, "client")
        device.handle(CLUSTER, "client", self._received)

    def ask(self, fuel, time):
        """Ask a fuel's device for its last message; from then on it pushes new ones."""
        device = self._device
        payload = foundation.command(CLUSTER, "get_last_message", TO_SERVER, {}, device.next_sequence())

        def answered(frame, now):
            name, fields = client.command(CLUSTER, frame)
            if name is not None:
                self._take(fuel, name, fields)

        peer = fuel.peer["identity"]
        device.ask(peer, self._endpoint, fuel.endpoint(CLUSTER), CLUSTER, payload, answered, time)

    def confirm(self):
        """A person has read: confirm the newest message that asks for it."""
        device = self._device
        for fuel in device.fuels:
            for message in fuel.memory.get("messages", ()):
                if message[4] & CONFIRM:
                    message[4] &= ~CONFIRM
                    fuel.keep()
                    fields = {"message_id": message[0], "confirmation_time": device.utc()}
                    fields["message_confirmation_control"] = 0
                    fields["message_response"] = b""
                    payload = foundation.command(
                        CLUSTER, "message_confirmation", TO_SERVER, fields, device.next_sequence()
                    )
                    device.tell(fuel.peer["identity"], self._endpoint, fuel.endpoint(CLUSTER), CLUSTER, payload)
                    return

    def _received(self, name, fields, message, time):
        for fuel in self._device.fuels:
            if message.source == fuel.peer["identity"] and message.source_endpoint == fuel.endpoint(CLUSTER):
                self._take(fuel, name, fields)
                return status.SUCCESS
        return status.NOT_AUTHORIZED

    def _take(self, fuel, name, fields):
        messages = fuel.memory.setdefault("messages", [])
        if name in ("display_message", "display_protected_message"):
            self._add(messages, fields)
        elif name == "cancel_message":
            messages[:] = [message for message in messages if message[0] != fields["message_id"]]
        elif name == "cancel_all_messages":
            until = fields["implementation_time"] or 0
            utc = self._device.utc()
            if utc is None or until <= utc:
                messages.clear()
            else:
                for message in messages:
                    message[2] = until if message[2] is None else min(until, message[2])
        fuel.keep()
        self._device.shown()

    def _add(self, messages, fields):
        utc = self._device.utc()
        start = fields["start_time"] or utc or 0
        minutes = fields["duration_in_minutes"]
        end = None if minutes is UNTIL_CHANGED else start + minutes * 60
        number = fields["message_id"]
        text = fields["message"] or ""
        messages[:] = [message for message in messages if message[0] != number]
        messages.insert(0, [number, start, end, text, fields["message_control"]])
        del messages[_MOST:]
