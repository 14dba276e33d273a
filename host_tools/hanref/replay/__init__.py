# SPDX-License-Identifier: GPL-3.0-or-later
"""Published commands given to modelled devices, and their answers compared with the published ones."""
