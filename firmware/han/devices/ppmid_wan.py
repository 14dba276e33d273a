# SPDX-License-Identifier: Apache-2.0
"""The PPMID's GBCS side: what it asks of the gas meter (PCS01, PCS02), and the commands with which it is commissioned.

A question goes through the tunnel to the hub and waits there for the gas meter to wake; the answer comes back the same
way. What has no answer yet is kept over a loss of power.
"""

from han.clock import DAY
from han.devices.commissioning import Commissioned
from han.devices.ppmid import GAS_QUESTIONS, GAS_USE_CASES, NO_ANSWER, NOT_POSSIBLE
from han.errors import CodecError, CryptoError
from han.gbcs import asn1_alerts, checks, der, envelope, gbz_question, use_cases
from han.gbcs.checks import Refused
from han.gbcs.server import GbcsServer
from han.later import Later

VERSION_CHANGED = 0x8F8B  # firmware version read or activated [REQ-PPMID-9]

_TELLS_AFTER = 120  # seconds in which the hub opens its tunnel after a start

_AT_MOST = 8  # questions without an answer; the oldest is forgotten
_WAITS = DAY + 7200  # the hub keeps what nobody collects for a day, and looks for it each hour


class PrepaymentWan(Commissioned):
    """`display` is a PrepaymentInterface, which is told by `gas_answered(what, name, fields, time)` what the gas meter
    answered to what was asked, `name` None where nothing came. Of its `configuration`: `keys`, `firmware_version`,
    `hardware_version`."""

    role = "ppmid"

    def __init__(self, display, configuration, stores):
        self._display = display
        self.identity = display.identity
        self.clock = display.clock
        self._values = stores.values
        self._questions = self._values.get(GAS_QUESTIONS, {})
        self._came_up = None  # whether the firmware that was tried runs
        self._due = {}  # originator counter -> time at which it is given up
        self.server = GbcsServer(self, configuration["keys"], self._values, protocols={})
        self.commission(display, self.server)
        self.hold_firmware(stores, configuration)
        self._images = Later("han.devices.ota", "ImageClient", display, display.endpoint, self.firmware, self._activate)

    @property
    def now(self):
        return self._display.now

    def start(self, time):
        """Power is on: what had no answer may still get one."""
        for counter in self._questions:
            self._due[counter] = time + _WAITS
        self._plan()

    # -- questions ------------------------------------------------------------------------------------------------

    def ask(self, what, command, fields, time):
        """Ask the gas meter for `what`, a key of GAS_USE_CASES; returns None, or the result where that cannot be."""
        meter = self._gas_meter()
        if meter is None:
            return NOT_POSSIBLE
        try:
            counter, octets = gbz_question.ask(self.server, GAS_USE_CASES[what], meter, command, fields)
        except CryptoError:
            return NOT_POSSIBLE

        def sent(good, now):
            if not good and counter in self._questions:
                self._give_up(counter, now)

        self._questions[counter] = what
        for oldest in sorted(self._questions)[:-_AT_MOST]:
            self._forget(oldest)
        self._due[counter] = time + _WAITS
        self._keep()
        if not self._display.tunnel.send(octets, time, sent):
            self._forget(counter)
            self._keep()
            return NO_ANSWER
        return None

    def _gas_meter(self):
        """The entity identifier of the gas meter that this device was joined with (CS03C)."""
        return self.server.keys.holder(use_cases.OTHER)

    def _answered(self, message, time):
        counter = message.originator_counter
        what = self._questions.get(counter)
        try:
            if message.recipient != self.identity:
                raise Refused(checks.OTHER_RECIPIENT)
            if message.originator != self._gas_meter():
                raise Refused(checks.UNKNOWN_ORIGINATOR)
            if what is None or message.message_code != use_cases.code_of(GAS_USE_CASES[what]):
                raise Refused(checks.NOT_ASKED)
            name, fields = gbz_question.answer(self.server, message)
        except Refused as refusal:
            self.server.refuse(refusal, message)
            return
        self._forget(counter)
        self._keep()
        self._display.gas_answered(what, name, fields, time)

    def _give_up(self, counter, time):
        what = self._questions[counter]
        self._forget(counter)
        self._keep()
        self._display.gas_answered(what, None, None, time)

    def _forget(self, counter):
        del self._questions[counter]
        self._due.pop(counter, None)

    def _keep(self):
        self._values.set(GAS_QUESTIONS, self._questions)
        self._plan()

    def _plan(self):
        if self._due:
            self._display.at(min(self._due.values()), self._overdue)
        else:
            self._display.cancel(self._overdue)

    def _overdue(self, time):
        for counter in [counter for counter, due in self._due.items() if due <= time]:
            self._give_up(counter, time)
        self._plan()

    # -- firmware -------------------------------------------------------------------------------------------------

    def image_command(self, name, fields, message, time):
        """A command of the OTA cluster."""
        return self._images.command(name, fields, message, time)

    def _activate(self):
        """The hub says that the image may be started."""
        candidate = self.firmware.candidate()
        if candidate is not None:
            self.firmware.activate(candidate["hash"])
            self.gbcs_restart()

    def firmware_started(self, started):
        self._came_up = started
        self._display.at(self.now + _TELLS_AFTER, self._tell_version)

    def _tell_version(self, time):
        """CS09: which version runs now [GBCS 16, reference 7.3]; to whom is not public, here as CCS08 (I)."""
        broker = self.server.keys.holder(use_cases.ACCESS_CONTROL_BROKER)
        utc = self.gbcs_utc(time)
        if broker is None or utc is None:
            return
        contents = asn1_alerts.version(self.firmware.version), der.integer(0 if self._came_up else 1)
        try:
            self.tell_wan(lambda: asn1_alerts.send(self.server, "CS09", broker, VERSION_CHANGED, utc, *contents))
        except CryptoError as error:
            self.report("alert_not_sent", {"reason": str(error)})

    # -- what the GBCS server asks for ----------------------------------------------------------------------------

    def gbcs(self, octets, time):
        """A GBCS message for the device; returns the answers."""
        try:
            message = envelope.decode(octets)
        except CodecError:
            message = None  # the server says why it is refused
        if message is not None and message.cra == envelope.RESPONSE:
            self._answered(message, time)
            return ()
        answer = self.server.answer(octets, time)
        self.plan_instructions()
        return () if answer is None else (answer,)

    def gbcs_utc(self, time):
        return self.clock.utc(time)

    def gbcs_event(self, code, data):
        """The device has no event log."""

    def event(self, code, data=b"", alert=True):
        """An event of which the WAN would be told."""
        if alert:
            self.report("alert", {"code": "%04x" % code, "fields": {}})

    def report(self, kind, fields):
        self._display.report(kind, fields)

    def tell_wan(self, message):
        """Send what `message()` makes."""
        if not self._display.tunnel.send(message(), self.now):
            self.report("alert_not_sent", {"reason": "there is no tunnel"})
