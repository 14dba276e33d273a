# SPDX-License-Identifier: Apache-2.0
"""Zigbee Cluster Library: types, frames, global commands, cluster tables, foundation.

Each module can be imported alone; nothing is imported here.
"""
