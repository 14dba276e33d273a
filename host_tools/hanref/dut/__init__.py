# SPDX-License-Identifier: GPL-3.0-or-later
"""A device under test on a network where every other device is the reference.

The reference devices run in this process behind simulated radios; the device from outside has a simulated radio too, on a
serial line, a UNIX socket or a TCP port. Time is real: `options` says which role is left to whom, `outside` is the line to
the device, `local` a reference board, `live` the network, `watch` what the device did, `person` who looks at its display.
"""
