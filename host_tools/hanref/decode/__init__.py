# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading GBCS messages: `decode` one, show it as a table, as JSON or as XML."""
