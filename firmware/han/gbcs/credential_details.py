# SPDX-License-Identifier: Apache-2.0
"""CS02a and CS02f: what the trust anchor cells of a device hold [GBCS 13.2, reference 7.3]."""

from han.gbcs import checks, der, elements
from han.gbcs.checks import Refused
from han.gbcs.elements import Failed

FOUND = 0
NOT_FOUND = 25


def read(server, request, element):
    """The roles asked for; raises Refused where whoever asks does not hold the cell it names."""
    asker, roles = elements.items(element)
    held = server.keys.cell(*elements.read_cell(elements.items(asker)))
    if held is None or held[0] != request.message.originator:
        raise Refused(checks.ROLE, "whoever asks does not hold the cell it names")
    return [elements.integer(role) for role in elements.items(roles)]


def answer(server, request):
    """For each role its status, and of one that is there the counter last accepted and its cells."""
    return elements.sequence(*[_details(server, role) for role in request.content])


def _details(server, role):
    try:
        cells = server.keys.cells_of(role)
    except Failed as failed:
        return _status(role, failed.code)
    if not cells:
        return _status(role, NOT_FOUND)
    counter = 0
    found = []
    for key_usage, cell_usage in cells:
        party, _key, identifier = server.keys.cell(role, key_usage, cell_usage)
        counter = max(counter, server.counters.last(party) or 0)
        found.append(
            elements.sequence(
                *elements.cell_usage(key_usage, cell_usage)
                + [(der.OCTET_STRING, party), (der.OCTET_STRING, identifier or b"")]
            )
        )
    return elements.sequence(*_status(role, FOUND)[1] + [der.integer(counter), elements.sequence(*found)])


def _status(role, code):
    return elements.sequence(der.integer(role), der.integer(code, der.ENUMERATED))
