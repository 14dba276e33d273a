# SPDX-License-Identifier: Apache-2.0
"""GBCS: envelope, protection, payloads, the table of use cases, and the server that answers for a device."""
