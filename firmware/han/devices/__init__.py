# SPDX-License-Identifier: Apache-2.0
"""The devices of a Home Area Network. Sans-IO: time and messages are handed in, messages come out."""
