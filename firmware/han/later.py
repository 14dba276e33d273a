# SPDX-License-Identifier: Apache-2.0
"""What is seldom needed and takes memory: loaded when something of it is asked for first, let go of when memory is short."""

import sys

loads = 0  # how often something was loaded late
_holding = []  # each Later that has loaded what it stands for


class Later:
    """Stands for a module, or with `maker` for what that function or class of the module makes of the arguments.

    hanref.flash.image knows that a board needs the modules that are named in this way. Such a module keeps no state. What
    `maker` makes is made anew after it was let go of where its method `keeps_nothing()` says that nothing is lost by it.
    """

    def __init__(self, module, maker=None, *arguments):
        self._module = module
        self._maker = maker
        self._arguments = arguments
        self._found = None

    def __getattr__(self, name):
        global loads
        found = self._found
        if found is None:
            found = __import__(self._module, None, None, (self._maker or name,))
            if self._maker is not None:
                found = getattr(found, self._maker)(*self._arguments)
            self._found = found
            _holding.append(self)
            loads += 1
        return getattr(found, name)

    def let_go(self):
        """Let go of what was loaded; whether that was possible."""
        if self._maker is not None and not (hasattr(self._found, "keeps_nothing") and self._found.keeps_nothing()):
            return False
        self._found = None
        return True


def let_go(staying):
    """Let go of what was loaded late and of every module of ours that is not among the names `staying`."""
    _holding[:] = [holder for holder in _holding if not holder.let_go()]
    for module in list(sys.modules):
        if module.startswith("han.") and module not in staying:
            forget(module)


def forget(module):
    """Let go of a module that is not needed any more; whoever imports it again loads it again."""
    if module in sys.modules:
        package, name = module.rsplit(".", 1)
        del sys.modules[module]
        delattr(sys.modules[package], name)
