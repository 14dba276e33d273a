# SPDX-License-Identifier: Apache-2.0
"""Device types of the ASN.1 use cases and what a join may end with [GBCS 13.7]."""

from micropython import const

# Device types [reference 7.3].
GSME = const(0)
ESME = const(1)
CHF = const(2)
GPF = const(3)
HCALCS = const(4)
PPMID = const(5)
TYPE_2 = const(6)

# Join result codes [reference 12.3].
JOINED = const(0)
OTHER_METHOD = const(1)
INVALID_METHOD = const(2)
CONFLICT = const(3)
LOG_FULL = const(4)
WRITE_FAILURE = const(5)
INVALID_CERTIFICATE = const(11)
