# SPDX-License-Identifier: Apache-2.0
"""A node: one radio and the devices behind it. The hub carries two, every other board one."""

from han.errors import BenchError
from han.message import BROADCAST

_BASIC = 0x0000
_ZCL_VERSION = 3
_MAINS = 1
_BATTERY = 3


class Node:
    """Hands messages, time and the bench's commands to its devices and collects what they give back.

    `board` is the role of the board (`hub`, `esme`, ...). `devices` share the radio's EUI-64 `identity` and are
    told apart by endpoint. Every call returns the messages to send.
    """

    def __init__(self, board, identity, devices):
        self.board = board
        self.identity = identity
        self.devices = devices
        self.powered = False
        self.in_reach = True
        self.events = []  # (source role, kind, fields), oldest first; whoever drives the node empties it
        self._by_endpoint = {}
        self._by_role = {}
        for device in devices:
            device.attach(self.events)
            self._by_role[device.role] = device
            basic = device.attributes(device.endpoints[0], _BASIC)  # which every device has [ZSE 3]
            basic.set("zcl_version", _ZCL_VERSION)
            basic.set("power_source", _BATTERY if device.role == "gsme" else _MAINS)
            for number in device.endpoints:
                self._by_endpoint[number] = device

    def power(self, on, time):
        """Power comes or goes. What a device did not put into its store is lost."""
        if on == self.powered:
            return []
        self.powered = on
        messages = []
        for device in self.devices:
            self.events.append((device.role, "power", {"on": on}))
            if on:
                messages += device.start(time)
            else:
                device.stop(time)
        return messages

    def role_at(self, endpoint):
        """The role of the device at an endpoint; the board's where there is none."""
        device = self._by_endpoint.get(endpoint)
        return self.board if device is None else device.role

    def asleep(self):
        """Whether the radio is off between wakes."""
        for device in self.devices:
            if not device.asleep:
                return False
        return True

    def receive(self, message, time):
        """A message from the air."""
        if message.destination == BROADCAST:
            messages = []
            for device in self.devices:
                messages += device.receive(message, time)
            return messages
        device = self._by_endpoint.get(message.destination_endpoint)
        return [] if device is None else device.receive(message, time)

    def deadline(self):
        """Node time at which `tick` wants to be called, None for never."""
        if not self.powered:
            return None
        if len(self.devices) == 1:
            return self.devices[0].deadline()
        earliest = None
        for device in self.devices:
            due = device.deadline()
            if due is not None and (earliest is None or due < earliest):
                earliest = due
        return earliest

    def tick(self, time):
        """Run what is due."""
        messages = []
        for device in self.devices:
            due = device.deadline()
            if due is not None and due <= time:
                messages += device.tick(time)
        return messages

    def command(self, role, verb, arguments, time):
        """An input of the bench for the board or one of its devices; raises BenchError."""
        if verb == "power":
            return self.power(arguments["on"], time)
        if verb == "link":
            self.in_reach = arguments["on"]
            return []
        device = self._by_role.get(role)
        if device is None and role == self.board:
            device = self.devices[0]
        if device is None:
            raise BenchError("%s has no device %s" % (self.board, role))
        return device.command(verb, arguments, time)
