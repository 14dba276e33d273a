# SPDX-License-Identifier: Apache-2.0
"""The values of PaymentControlConfiguration that GB uses [ZSE 7]."""

from micropython import const

CREDIT_MODE = const(0x0C94)
PREPAYMENT_MODE = const(0x0497)
PREPAYS = const(0x0002)  # the bit by which the two differ
