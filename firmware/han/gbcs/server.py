# SPDX-License-Identifier: Apache-2.0
"""Answers GBCS commands for a device. Sans-IO: octets in, octets or None out.

What a server asks of its `device`:

* `role`: its GBCS target name, "chf", "gpf", "esme", "gsme" or "ppmid";
* `identity`: its entity identifier, 8 octets, unless one is given to the server;
* `report(kind, fields)` takes what happened, for the trace;
* `gbcs_read(cluster, attribute)` returns (ZCL status, data type, value as in han.zcl.types) of an attribute of a
  server; without success type and value are not looked at;
* `gbcs_command(cluster, name, fields, request)` carries a ZCL command out and returns a ZCL status, or a list of
  (name, fields) to answer with; `fields` has `from_date_time`, seconds since 2000, where the component has one;
* `gbcs_data_time(use_case)` returns (utc, "gsme" or "gpf", RELIABLE, UNRELIABLE or INVALID): when the data that a use
  case reads held and by whose clock; reading does not change it (REQ-0015-7);
* `gbcs_utc(time)` returns what its clock says, None while it has no time;
* `gbcs_event(code, data)` takes what became of a command for its event log, `data` its message code (REQ-CHF-10).

`keys` is a han.gbcs.keys.KeyStore, `values` the store of the replay counters (see han.gbcs.counters). Payloads other
than GBZ are answered by what is registered in `protocols`: {protocol: answerer}, each with `read(server, request)`,
which raises GbcsError, and `answer(server, request, response)`, which returns the payload.

Where a use case needs more than its row of the tables, a function in the answerer's own registry does it.

A refused command gets no answer: it is counted in `refusals` under its reason and reported as `gbcs_refused`. A correct
one that the model of an ESME does not answer is answered by the alert ECS100.
"""

from han.errors import CodecError, CryptoError
from han.gbcs import checks, cosem_time, gbz_answer, protection, use_cases
from han.gbcs.checks import Refused
from han.gbcs.counters import Counters
from han.gbcs.envelope import ALERT, COMMAND, RESPONSE, Message, decode, encode, signature_input

_TELL_WHAT_THEY_LACK = ("esme", "sapc")  # [reference 1.5]


class Request:
    """A command under way: the `message`, its `use_case` (None for an unknown code), the node `time`, in `content` what
    its protocol's reader found in the payload, in `part` that of it which is being carried out, and in
    `reader_secret` the secret under which whoever asked reads encrypted attributes."""

    def __init__(self, message, use_case, time):
        self.message = message
        self.use_case = use_case
        self.time = time
        self.content = None
        self.part = None
        self.reader_secret = None


class GbcsServer:
    """The GBCS side of a device. See the module's description for `device`, `keys` and `values`."""

    def __init__(self, device, keys, values, identity=None, order=checks.ORDER, protocols=None):
        self.device = device
        self.role = device.role
        self.identity = device.identity if identity is None else identity
        self.keys = keys
        self.values = values
        self.counters = Counters(values)
        self.order = order
        self.protocols = {use_cases.GBZ: gbz_answer} if protocols is None else protocols
        self.refusals = {}

    def answer(self, octets, time):
        """The answer to a command, in octets; None where it is refused. `time` is the node's."""
        request = None
        try:
            request = self._receive(octets, time)
            answer = self._respond(request)
            self.device.gbcs_event(checks.COMMAND_ACCEPTED, request.message.message_code.to_bytes(2, "big"))
            return answer
        except Refused as refusal:
            self.refuse(refusal, None if request is None else request.message)
            if refusal.reason == checks.NOT_SUPPORTED and self.role in _TELL_WHAT_THEY_LACK:
                return self._not_supported(request)
            return None

    def _not_supported(self, request):
        from han.gbcs import dlms_alerts

        try:
            return dlms_alerts.not_supported(self, request.message, self.device.gbcs_utc(request.time))
        except CryptoError:
            return None

    def _receive(self, octets, time):
        try:
            message = decode(octets)
        except CodecError as error:
            raise Refused(checks.MALFORMED, str(error))
        if message.cra != COMMAND:
            raise Refused(checks.NOT_A_COMMAND)
        return Request(message, use_cases.find(message.message_code), time)

    def _respond(self, request):
        for name in self.order:
            checks.CHECKS[name](self, request)
        self._require_keys(request)
        message = request.message
        if request.use_case.anti_replay:
            self.counters.accept(message.originator, message.originator_counter, checks.counter_line(message))
        response = Message(
            RESPONSE,
            message.originator_counter,
            self.identity,
            message.originator,
            message.message_code,
            supplementary_remote_party=message.supplementary_remote_party,
            supplementary_remote_party_counter=message.supplementary_remote_party_counter,
        )
        response.date_time = self._date_time(request)
        response.payload = self.protocols[request.use_case.protocol].answer(self, request, response)
        return self.protect(response, self._is_signed(request))

    def read_payload(self, request):
        """Let the use case's protocol read the payload; raises Refused."""
        answerer = self.protocols.get(request.use_case.protocol)
        if answerer is None or not request.use_case.is_modelled(self.role):
            raise Refused(checks.NOT_SUPPORTED, request.use_case.name)
        try:
            answerer.read(self, request)
        except CodecError as error:
            raise Refused(checks.PAYLOAD, str(error))

    def encrypt(self, request, response, plaintext):
        """Encrypted attributes of a response, for the party on whose behalf the command came.

        A response for a party that no trust anchor cell holds has a counter of the device's own in its header.
        """
        party = response.supplementary_remote_party
        if party is not None and self.keys.role(party) is None and response.supplementary_originator_counter is None:
            response.supplementary_originator_counter = self.counters.next()
        reader, counter = protection.reader_of(response)
        return protection.encrypt(request.reader_secret, self.identity, reader, counter, plaintext)

    def _require_keys(self, request):
        """Refuse before anything is done what could not be answered."""
        if self._is_signed(request):
            missing = self.keys.sign is None
        else:
            missing = self.keys.secret(request.message.originator) is None
        if missing:
            raise Refused(checks.NO_KEY)
        if request.use_case.encrypted:
            request.reader_secret = self._reader_secret(request.message)

    def _reader_secret(self, message):
        """The secret under which the party that asked reads encrypted attributes."""
        reader = message.supplementary_remote_party or message.originator
        secret = None
        if message.certificate is not None and self.keys.agree is not None:
            secret = self._agreed(reader, message.certificate)
        if secret is None:
            secret = self.keys.secret(reader)
        if secret is None:
            raise Refused(checks.NO_KEY)
        return secret

    def _agreed(self, reader, octets):
        """The secret with the key in a certificate, which must be the reader's."""
        from han.crypto.certificate import KEY_AGREEMENT, Certificate

        try:
            certificate = Certificate(octets)
            if certificate.entity != reader or not certificate.may(KEY_AGREEMENT):
                raise Refused(checks.NO_KEY, "the certificate is not the reader's key agreement certificate")
            return self.keys.agree(certificate.public_key)
        except CryptoError as error:
            raise Refused(checks.NO_KEY, str(error))

    def _date_time(self, request):
        use_case = request.use_case
        if use_case.time_of_data:
            utc, source, reliability = self.device.gbcs_data_time(use_case.name)
            return cosem_time.encode(utc, cosem_time.clock_status(source != self.role, reliability))
        if use_case.time_of_execution:
            return cosem_time.encode(self.device.gbcs_utc(request.time))
        return None

    def _is_signed(self, request):
        """Whether the response is signed: as the use case says, and where it knows both forms as the command was."""
        forms = request.use_case.forms
        if not forms & use_cases.RESPONSE_SIGNATURE:
            return False
        return not forms & use_cases.RESPONSE_MAC or request.message.mac is None

    def protect(self, message, signed):
        """The octets of a message of this device, with its signature or its MAC."""
        if signed:
            message.signature = self.keys.sign(signature_input(message))
        else:
            message.signature = b""
            message.mac = protection.mac_of(self.keys.secret(message.recipient), message)
        return encode(message)

    def alert(self, name, recipient, payload_of, supplementary_remote_party=None, supplementary_remote_party_counter=None):
        """The octets of an alert, by the name of its use case, to a party.

        `payload_of(message)` gives the payload once the header stands, with the counter that keys depend on. Raises
        CryptoError where a key is missing; then no counter is used.
        """
        code = use_cases.code_of(name)
        signed = bool(use_cases.find(code).forms & use_cases.ALERT_SIGNATURE)
        if self.keys.sign is None if signed else self.keys.secret(recipient) is None:
            raise CryptoError("there is no key for the alert %s" % name)
        message = Message(
            ALERT,
            self.counters.next(),
            self.identity,
            recipient,
            code,
            supplementary_remote_party=supplementary_remote_party,
            supplementary_remote_party_counter=supplementary_remote_party_counter,
        )
        message.payload = payload_of(message)
        return self.protect(message, signed)

    def refuse(self, refusal, message=None):
        """Count and report a message that got no answer, or an answer that was none; `message` where it could be read."""
        self.refusals[refusal.reason] = self.refusals.get(refusal.reason, 0) + 1
        fields = {"reason": refusal.reason, "detail": refusal.detail, "event": "%04X" % checks.EVENTS[refusal.reason]}
        data = b""
        if message is not None:
            data = message.message_code.to_bytes(2, "big")
            fields["message_code"] = "%04X" % message.message_code
            fields["originator"] = message.originator.hex()
            self.device.gbcs_event(checks.COMMAND_REFUSED, data)
        self.device.gbcs_event(checks.EVENTS[refusal.reason], data)
        self.device.report("gbcs_refused", fields)
