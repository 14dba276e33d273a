# SPDX-License-Identifier: Apache-2.0
"""Messages of a supplier: the server of the Messaging cluster on ESME and GPF [ZSE 7]."""

from han.zcl import foundation, status
from han.zcl.frame import TO_CLIENT

CLUSTER = 0x0703

UNTIL_CHANGED = None  # minutes: 0xFFFF on the air
CONFIRM = 0x80  # message control bit 7

_KEPT = "message"


class MessageServer:
    """Holds the last message of one meter or of the gas proxy, and pushes it to the displays that have asked for one."""

    def __init__(self, device, endpoint, values):
        self._device = device
        self._endpoint = endpoint
        self._values = values
        self._message = values.get(_KEPT)
        self._listeners = [tuple(listener) for listener in values.get("message_listeners", ())]
        device.attributes(endpoint, CLUSTER)
        device.handle(CLUSTER, "server", self._serve)

    def display(self, text, utc, minutes=UNTIL_CHANGED, confirm=False):
        """Show a text from now on for so many minutes; returns the message's number."""
        number = 1 if self._message is None else self._message["message_id"] + 1
        self._keep(
            {
                "message_id": number,
                "message_control": CONFIRM if confirm else 0,
                "start_time": utc,
                "duration_in_minutes": minutes,
                "message": text,
                "extended_message_control": 0,
            }
        )
        self._push("display_message", self._message)
        return number

    def take(self, fields):
        """A message that the supplier sent under its own number (GCS07); a ZCL status."""
        message = {name: fields[name] for name in ("message_id", "message_control", "duration_in_minutes", "message")}
        utc = self._device.utc()
        message["start_time"] = fields["start_time"] or (0 if utc is None else utc)
        message["extended_message_control"] = 0
        self._keep(message)
        self._push("display_message", self._message)
        return status.SUCCESS

    def bench(self, arguments):
        """What a supplier would send: `text` with `minutes` and `confirm`, or `cancel` (a number, or "all")."""
        if "text" in arguments:
            utc = self._device.utc()
            minutes = arguments.get("minutes", UNTIL_CHANGED)
            self.display(arguments["text"], 0 if utc is None else utc, minutes, arguments.get("confirm", False))
        elif arguments["cancel"] == "all":
            self.cancel_all(self._device.utc())
        else:
            self.cancel(arguments["cancel"])

    def cancel(self, number):
        """Show that message no longer."""
        if self._current() is not None and self._message["message_id"] == number:
            self._withdraw()
        self._push("cancel_message", {"message_id": number, "message_control": 0})

    def cancel_all(self, utc):
        """Show no message any more, from a time on."""
        self._withdraw()
        self._push("cancel_all_messages", {"implementation_time": utc})

    def change_of_tenancy(self, date):
        """What was sent before the date was for the former occupier [ZSE 6]."""
        if self._current() is not None and self._message["start_time"] < date:
            self.cancel_all(date)

    def _withdraw(self):
        if self._message is not None:
            # The number stays, so that the next message has another.
            self._keep(dict(self._message, duration_in_minutes=0, message=""))

    def _current(self):
        message = self._message
        if message is None or message["duration_in_minutes"] == 0:
            return None
        utc = self._device.utc()
        minutes = message["duration_in_minutes"]
        if minutes is not UNTIL_CHANGED and utc is not None and utc >= message["start_time"] + minutes * 60:
            return None
        return message

    def _keep(self, message):
        self._message = message
        self._values.set(_KEPT, message)

    def _push(self, name, fields):
        device = self._device
        for identity, endpoint in self._listeners:
            payload = foundation.command(CLUSTER, name, TO_CLIENT, fields, device.next_sequence())
            device.tell(identity, self._endpoint, endpoint, CLUSTER, payload)

    def _serve(self, name, fields, message, time):
        if name == "get_last_message":
            listener = (message.source, message.source_endpoint)
            if listener not in self._listeners:
                self._listeners.append(listener)
                self._values.set("message_listeners", self._listeners)
            current = self._current()
            return status.NOT_FOUND if current is None else ("display_message", current)
        if name == "message_confirmation":
            self._device.report("message", {"confirmed": fields["message_id"]})
            return status.SUCCESS
        return status.UNSUP_CLUSTER_COMMAND
