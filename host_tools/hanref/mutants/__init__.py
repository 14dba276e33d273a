# SPDX-License-Identifier: GPL-3.0-or-later
"""Faulty devices: small deviations of the reference that a real maker could ship, and whether the judges find them.

`Mutant` is what a deviation is written as; `own` lists the project's, which are in a module a device; `run` has them judged.
"""

from hanref.mutants.mutant import Mutant, MutantEvent

__all__ = ["Mutant", "MutantEvent"]
