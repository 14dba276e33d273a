# SPDX-License-Identifier: Apache-2.0
"""hanref firmware: the devices of a GB Home Area Network."""

import sys

VERSION = "0.1.0"
PROFILE = "2022-11"  # the specification release the devices follow unless they are told another

if sys.implementation.name == "cpython" and "micropython" not in sys.modules:
    # The one thing CPython lacks: the module that names constants for the compiler.
    module = type(sys)("micropython")
    module.const = lambda value: value
    sys.modules["micropython"] = module
    del module
