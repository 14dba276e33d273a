# SPDX-License-Identifier: GPL-3.0-or-later
"""How a run differs from the field, and what each difference may hide [test governance 5, item 4]."""

from hanref.trace import Trace

_ALWAYS = (
    ("Test keys of hanref and link keys put in place beforehand", "joining, key establishment and certificates are not shown"),
    ("The WAN is the bench: a simulated supplier and Access Control Broker", "behaviour of central systems is not shown"),
)
_SIMULATED = (
    ("All devices run in one process under a virtual clock", "timing inside a second and processor load are not shown"),
    ("Frames travel on a simulated radio", "range, interference and retries of a real radio are not shown"),
    ("Voltage, load and gas flow are fed by the bench", "accuracy of metrology is not shown"),
)
_CAPTURED = (("The trace was captured from the air", "frames that the sniffer missed are not there"),)


def differences(trace: Trace) -> list[tuple[str, str]]:
    """(difference, its risk) of the run behind a trace."""
    found = list(_ALWAYS) if "tier" in trace.header else list(_CAPTURED)
    if trace.header.get("tier") in ("sim", "emulated"):
        found += _SIMULATED if trace.header["tier"] == "sim" else _SIMULATED[1:]
    notes = dict.fromkeys(event.get("note") for event in trace.of("bench") if event.get("note"))
    found += [(note[:1].upper() + note[1:], "the command that would do it in the field is not exercised") for note in notes]
    return found
