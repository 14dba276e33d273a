# SPDX-License-Identifier: Apache-2.0
"""What is seldom needed and takes memory: loaded when something of it is asked for first."""

import sys


class Later:
    """Stands for a module, or with `maker` for what that function or class of the module makes of the arguments.

    hanref.flash.image knows that a board needs the modules that are named in this way.
    """

    def __init__(self, module, maker=None, *arguments):
        self._module = module
        self._maker = maker
        self._arguments = arguments
        self._found = None

    def __getattr__(self, name):
        found = self._found
        if found is None:
            found = __import__(self._module, None, None, (self._maker or name,))
            if self._maker is not None:
                found = getattr(found, self._maker)(*self._arguments)
            self._found = found
        return getattr(found, name)


def forget(module):
    """Let go of a module that is not needed any more; whoever imports it again loads it again."""
    if module in sys.modules:
        package, name = module.rsplit(".", 1)
        del sys.modules[module]
        delattr(sys.modules[package], name)
