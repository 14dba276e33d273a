# SPDX-License-Identifier: Apache-2.0
"""Ways from a node to the air."""
