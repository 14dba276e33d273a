# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's mutants: one small deviation each, over the requirements of high priority."""

from hanref.mutants import displays, electricity_meter, gas_meter, gas_proxy, hub, wan

MUTANTS = [
    *displays.MUTANTS,
    *gas_proxy.MUTANTS,
    *gas_meter.MUTANTS,
    *electricity_meter.MUTANTS,
    *hub.MUTANTS,
    *wan.MUTANTS,
]
