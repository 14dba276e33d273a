# SPDX-License-Identifier: Apache-2.0
"""What surrounds the devices: the node that owns clock, radio and stores, the console, the simulated HAN."""
