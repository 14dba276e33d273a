# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-globals
"""A device that consists of what a state says, behind the GBCS server of the firmware.

This file is written for CPython and MicroPython alike. As a program it runs on MicroPython:
`micropython modelled.py FIRMWARE` reads a JSON object a line from standard input, `{"device": ..., "commands": [hex, ...]}`
with `device` as `device_of` takes it, gives the commands to a fresh device and writes a line
`{"answers": [hex or null, ...], "events": [[kind, fields], ...]}`.
"""

import json
import sys

if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
if __name__ in ("__main__", "modelled"):
    import stated  # type: ignore[import-not-found]  # beside this file, where it runs as a program
    import stated_commissioning  # type: ignore[import-not-found]
else:
    from hanref.gbcs import stated, stated_commissioning

from han.clock import INVALID
from han.gbcs import asn1_answer, axdr, dlms_answer, gas_answers, gas_settings, gbz_answer, use_cases
from han.gbcs.keys import KeyStore
from han.gbcs.server import GbcsServer
from han.stores.memory import MemoryStores
from han.zcl import status


class StatedLogs:
    """The logs and tables of han.gbcs.gas_answers, out of plain data in which octets are {"hex": digits}."""

    def __init__(self, plain):
        self._plain = plain
        self.unwilling = False  # logs are not cleared

    def _entries(self, name):
        return [[octets_of(item) for item in entry] for entry in self._plain.get(name, ())]

    def snapshots(self, cause):
        return self._entries("snapshots")

    def prepay_snapshots(self, cause):
        return self._entries("prepay_snapshots")

    def payload(self, entry):
        return entry[3]

    def debts(self):
        return self._entries("debts")

    def top_ups(self):
        return self._entries("top_ups")

    def samples(self, sample_id, start, count):
        found = self._plain.get("samples", {}).get(str(sample_id))
        if found is None:
            return start, 0, []
        first, interval, samples = found
        skipped = max(0, (start - first + interval - 1) // interval)
        return first + skipped * interval, interval, samples[skipped : skipped + count]

    def events(self, log_id):
        logs = self._plain.get("events", {})
        if str(log_id) not in logs:
            return None
        return [[octets_of(item) for item in entry] for entry in logs[str(log_id)]]

    def clear_events(self, log_id):
        logs = self._plain.get("events", {})
        if self.unwilling or str(log_id) not in logs:
            return False
        logs[str(log_id)] = []
        return True

    def calendar(self, kind):
        found = self._plain.get("calendars", {}).get(str(kind))
        return None if found is None else octets_of(found)

    def price(self):
        return self._fields("price")

    def billing_period(self):
        return self._fields("billing_period")

    def _fields(self, name):
        found = self._plain.get(name)
        return None if found is None else octets_of(found)


def octets_of(plain):
    """Plain data with octets for every {"hex": digits} in it."""
    if isinstance(plain, dict):
        if list(plain) == ["hex"]:
            return bytes.fromhex(plain["hex"])
        return {name: octets_of(value) for name, value in plain.items()}
    if isinstance(plain, list):
        return [octets_of(value) for value in plain]
    return plain


class StatedDevice:
    """Reads are answered out of `attributes`, {(cluster, identifier): (status, type, value)}, commands that read logs and
    tables out of `logs`, others by `meter`, a stated.StatedMeter; DLMS out of `objects`, stated.StatedObjects.

    `data_time` is (utc, "gsme" or "gpf", reliability); `utc` what its clock says; `command_status` the status with
    which commands of a cluster end, {(cluster, name): status}; `faults` that of single components or DLMS
    specifications, {number: status}. `clock`, `paired_devices`, `firmware` and `request_names` are what han.gbcs.asn1_answer
    asks for, `operations` the faults of what they do.
    """

    def __init__(self, role, identity, attributes, data_time, utc):
        self.role = role
        self.identity = identity
        self.attributes = attributes
        self.data_time = data_time
        self.utc = utc
        self.command_status = {}
        self.faults = {}
        self.logs = StatedLogs({})
        self.meter = stated.StatedMeter(identity, self.gbcs_utc, {}, b"", b"")
        self.clock = stated.StatedClock([None, INVALID, None])
        self.objects = stated.StatedObjects({}, {}, self.clock)
        self.operations = stated_commissioning.Faults()
        self.paired_devices = None
        self.firmware = None
        self.request_names = None
        self.events = []

    def report(self, kind, fields):
        self.events.append((kind, fields))

    def gbcs_event(self, code, data):
        """It has no event log of its own doings."""

    def gbcs_read(self, cluster, attribute):
        return self.attributes.get((cluster, attribute), (status.UNSUPPORTED_ATTRIBUTE, None, None))

    def gbcs_command(self, cluster, name, fields, request):
        fault = self.faults.get(request.part.number)
        if fault == status.SUCCESS:  # what was asked for is not done, and the answer has no status to say so
            self.logs.unwilling = True
        elif fault is not None:
            return fault
        if (cluster, name) in self.command_status:
            return self.command_status[(cluster, name)]
        result = gas_answers.answer(self.logs, name, fields)
        if result != status.UNSUP_CLUSTER_COMMAND:
            return result
        return gas_settings.answer(self.meter, cluster, name, fields, request)

    def cosem_get(self, class_id, obis, number, selection, request):
        fault = self.faults.get(request.part)
        return (fault, stated.NULL) if fault else self.objects.get((class_id, obis, number), selection)

    def cosem_set(self, class_id, obis, number, datum, request):
        return self.faults.get(request.part) or self.objects.set((class_id, obis, number), datum)

    def cosem_action(self, class_id, obis, number, datum, request):
        fault = self.faults.get(request.part)
        return (fault, stated.NULL) if fault else self.objects.action((class_id, obis, number), datum)

    def gbcs_clock(self, time):
        return self.clock.utc, self.clock.status

    def gbcs_set_clock(self, start, end, request):
        self.clock.set_between(start, end)

    def gbcs_restart(self):
        self.events.append(("restart", {}))

    def event(self, code, data=b"", alert=True):
        self.events.append(("event", {"code": "%04X" % code}))

    def gbcs_data_time(self, use_case):
        return self.data_time

    def gbcs_utc(self, time):
        return self.utc


def device_of(plain, sign=None, verify=None, agree=None):
    """(StatedDevice, GbcsServer) of plain data, in which octets are hex: role, identity, attributes as lists [cluster,
    identifier, status, type, value], data_time, utc, command_status as lists, faults {component: status}, logs as StatedLogs
    takes them, commissioning as hanref.gbcs.stated_commissioning takes it or None, meter as stated.StatedMeter takes it,
    cosem and cosem_methods as lists [class, OBIS code, number, datum in A-XDR], clock as stated.StatedClock takes it,
    top_ups_of [entity, secret], parties as lists [entity, role number, secret, signature key], own_counter and accepted
    {entity: counter}."""
    attributes = {}
    for cluster, identifier, state, type_id, value in plain["attributes"]:
        attributes[(cluster, identifier)] = (state, type_id, octets_of(value))
    identity = bytes.fromhex(plain["identity"])
    device = StatedDevice(plain["role"], identity, attributes, tuple(plain["data_time"]), plain["utc"])
    device.command_status = {(cluster, name): state for cluster, name, state in plain["command_status"]}
    device.faults = {int(number): state for number, state in plain["faults"].items()}
    device.logs = StatedLogs(plain["logs"])
    supplier, secret = plain["top_ups_of"]
    device.meter = stated.StatedMeter(identity, device.gbcs_utc, plain["meter"], _octets(supplier), _octets(secret))
    device.clock = stated.StatedClock(plain["clock"])
    device.objects = stated.StatedObjects(_data(plain["cosem"]), _data(plain["cosem_methods"]), device.clock)
    stores = MemoryStores()
    parties = [[bytes.fromhex(entity), role, _octets(secret), _octets(key)] for entity, role, secret, key in plain["parties"]]
    if plain["commissioning"] is None:
        keys = KeyStore(sign, verify, agree)
        for party in parties:
            keys.add(*party)
    else:
        keys = _commission(device, plain["commissioning"], parties, stores, sign, agree)
    protocols = {use_cases.DLMS: dlms_answer, use_cases.GBZ: gbz_answer, use_cases.ASN1: asn1_answer}
    server = GbcsServer(device, keys, stores.values, protocols=protocols)
    if plain.get("own_counter") is not None:
        server.counters.set_own(plain["own_counter"])
    for entity, counter in plain.get("accepted", {}).items():
        server.counters.accept(bytes.fromhex(entity), counter)
    return device, server


def _commission(device, plain, parties, stores, sign, agree):
    """Give a device what it is commissioned with; returns its keys."""
    device.operations.codes = device.faults
    device.paired_devices = stated_commissioning.StatedPairs(stores.values, plain, device.operations)
    device.firmware = stated_commissioning.StatedFirmware(stores, plain, device.operations)
    device.request_names = stated_commissioning.request_names(plain)
    return stated_commissioning.StatedKeys(stores.values, plain, parties, device.operations, sign, agree)


def answer(device, server, command):
    """The device's answer to a command, in octets, None where it is refused."""
    device.operations.begin()
    return server.answer(command, 0)


def _data(entries):
    """{(class, OBIS code, number): datum} of lists."""
    return {
        (class_id, bytes.fromhex(obis), number): axdr.decode(bytes.fromhex(datum)) for class_id, obis, number, datum in entries
    }


def _octets(text):
    return None if text is None else bytes.fromhex(text)


def opened(made):
    """(StatedDevice, GbcsServer) of the device in a question, with its keys."""
    sign = None
    if made.get("signing_key"):
        from han.crypto import ecdsa

        private = bytes.fromhex(made["signing_key"])

        def sign(octets):
            return ecdsa.sign(private, octets)

    def verify(public_key, octets, signature):
        from han.crypto import ecdsa

        return ecdsa.verify(public_key, octets, signature)

    def agree(public_key):
        return _octets(made["secrets_by_key"].get(public_key.hex()))

    return device_of(made, sign, verify, agree)


def answers_of(plain):
    """What a question of the form above is answered with."""
    device, server = opened(plain["device"])
    answers = []
    for command in plain["commands"]:
        found = answer(device, server, bytes.fromhex(command))
        answers.append(None if found is None else found.hex())
    return {"answers": answers, "events": device.events}


def main():
    while True:
        line = sys.stdin.readline()
        if not line:
            break
        try:
            print(json.dumps(answers_of(json.loads(line))))
        except Exception as error:  # a fault of the device: the next question has another one
            print(json.dumps({"fault": "%s: %s" % (type(error).__name__, error)}))


if __name__ == "__main__":
    main()
