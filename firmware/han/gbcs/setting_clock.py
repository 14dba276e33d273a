# SPDX-License-Identifier: Apache-2.0
"""GCS28: set the clock to the hub's time, if that lies in an interval [GBCS 9.1, REQ-CLK-4, 5].

The device has `gbcs_set_clock(start, end, request)`, which does so, and `gbcs_clock(time)`.
"""

from han.gbcs import der, elements


def read(server, request, element):
    """(start, end) of the interval, both in `utc`."""
    start, end = elements.items(element)
    return elements.read_time(start), elements.read_time(end)


def answer(server, request):
    """The device's time and how far it may be trusted."""
    start, end = request.content
    server.device.gbcs_set_clock(start, end, request)
    utc, status = server.device.gbcs_clock(request.time)
    return elements.sequence(elements.time(utc), der.integer(status))
