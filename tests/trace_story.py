# SPDX-License-Identifier: GPL-3.0-or-later
"""Small hand-made traces: what a HAN might have done, told event by event."""

from typing import Any

from han.clock import to_iso
from han.gbcs import cosem_time, envelope
from hanref.moments import moment
from hanref.requirements import Verdict, judge
from hanref.trace import Event, Trace

DAY = "2022-11-03T"
ROLES = {"gpf": b"\x02hanref\x03", "supplier": b"\x02hanref\x80"}

DATE = "change_of_tenancy_update_date_time"
CONTROL = "proposed_tenancy_change_control"


class Story:
    """A trace under way. Times are "10:00:00" of one day, or whole ISO times; events must come in order of time."""

    def __init__(self, *devices: str, start: str = "10:00:00", **header: Any) -> None:
        self.header = {"tier": "sim", "devices": {name: {"role": name} for name in devices}, **header}
        self.events: list[Event] = []
        self.add(start, "note")

    def add(self, time: str, kind: str, source: str | None = None, destination: str | None = None, **content: Any) -> Event:
        """One event of any kind."""
        event = Event(len(self.events) + 1, utc(time) * 1000, source, destination, kind, content)
        self.events.append(event)
        return event

    def zcl(
        self, time: str, source: str, destination: str, cluster: str, command: str, sequence: int = 0, **content: Any
    ) -> Event:
        event = self.add(time, "zcl", source, destination, cluster=cluster, command=command, **content)
        event.sequence = sequence
        return event

    def end(self, time: str) -> "Story":
        """The trace goes on until then."""
        self.add(time, "note")
        return self

    def trace(self) -> Trace:
        return Trace(self.header, self.events)

    def verdict(self, requirement: str) -> Verdict:
        return judge(self.trace(), [requirement])[0]

    # What often happens -----------------------------------------------------------------------------------

    def power(self, time: str, source: str, on: bool) -> Event:
        return self.add(time, "power", source, on=on)

    def clock(self, time: str, source: str, status: str, ahead: int = 0) -> Event:
        reads = None if status == "invalid" else to_iso(utc(time) + ahead)
        return self.add(time, "clock", source, status=status, utc=reads, cause="bench")

    def entry(self, time: str, volts: float = 240.0, stamp: str | None = None) -> Event:
        """The ESME stores an average at `time`, stamped `stamp`."""
        entry = {"utc": to_iso(utc(stamp or time)), "volts": volts}
        return self.add(time, "store", "esme", store="average_rms_voltage", operation="append", entry=entry)

    def period(self, time: str, seconds: int) -> Event:
        return self.add(time, "metrology", "esme", name="voltage_period", value=seconds)

    def push(self, time: str, stamp: str | bool | None = True, synchronised: bool = True, **values: int) -> Event:
        """The GSME pushes to the proxy; `stamp` True is its time, None an invalid one, False none at all."""
        if stamp is not False:
            status = {"time_status": 2 if synchronised else 0}
            self.zcl(time, "gsme", "gpf", "000A", "report_attributes", attributes=status)
        attributes: dict[str, Any] = dict(values or {"current_summation_delivered": 1})
        if stamp is not False:
            attributes["reading_snapshot_time"] = to_iso(utc(time)) if stamp is True else stamp
        attributes["attribute_reporting_status"] = 1
        return self.zcl(time, "gsme", "gpf", "0702", "report_attributes", attributes=attributes)

    def answer(self, time: str, stamp: str | None, status: int = 4, use_case: str = "GCS13a") -> Event:
        """The proxy answers a read; the header says `stamp` with the clock status."""
        codes = {"GCS13a": 0x74, "GCS13c": 0xB6, "GCS14": 0x75}
        date_time = None if stamp is None else cosem_time.encode(utc(stamp), status)
        message = envelope.Message(
            envelope.RESPONSE, 7, ROLES["gpf"], ROLES["supplier"], codes[use_case], b"", date_time, b"", b"\0" * 12
        )
        return self.add(
            time,
            "gbcs",
            "gpf",
            "supplier",
            message_code="%04X" % codes[use_case],
            use_case=use_case,
            cra="response",
            originator_counter=7,
            date_time=None if stamp is None else to_iso(utc(stamp)),
            clock_status=None if stamp is None else "%02X" % status,
            octets=envelope.encode(message).hex(),
        )

    def order(self, time: str, date: str, control: int = 0x200) -> Event:
        """The bench gives the ESME a change of tenancy."""
        arguments = {"date": to_iso(utc(date)), "control": control}
        return self.add(time, "bench", None, "esme", verb="change_of_tenancy", arguments=arguments)

    def ask(self, time: str, server: str = "esme", display: str = "ihd") -> Event:
        return self.zcl(time, display, server, "0708", "read_attributes", fields={"attributes": [DATE, CONTROL]})

    def tell(self, time: str, date: str | None, control: int = 0x200, server: str = "esme", **content: Any) -> Event:
        """A server answers a display's question about the change of tenancy."""
        values = {DATE: None if date is None else to_iso(utc(date)), CONTROL: control if date is not None else 0}
        return self.zcl(time, server, "ihd", "0708", "read_attributes_response", attributes=values, **content)

    def screen(self, time: str, **items: Any) -> Event:
        return self.add(time, "display", "ihd", screen=items)

    def erase(self, time: str, fuel: str, date: str, items: list[str] | None = None) -> Event:
        everything = ["consumption", "cost", "demand_peaks", "budgets", "messages", "top_up_history"]
        return self.add(time, "erase", "ihd", fuel=fuel, date=to_iso(utc(date)), items=everything if items is None else items)


def utc(time: str) -> int:
    """Seconds since 2000 of "10:00:00" or an ISO time."""
    return moment(time if "T" in time else DAY + time + "Z")
