# SPDX-License-Identifier: Apache-2.0
"""Cryptography of GBCS: AES-128-GCM, key derivation, and the curve P-256. Test keys only."""
