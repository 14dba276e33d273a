# SPDX-License-Identifier: GPL-3.0-or-later
"""bench.toml: which board stands for which role. docs/bench.md has a commented example."""

import shlex
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from hanref.errors import UsageError
from hanref.scenario.devices import ROLES

EMULATED = "emulated"
OWN_RADIO = "own"
SIMULATED_RADIO = "simulated"
TIME_LIMIT = 20.0  # seconds


class Table(BaseModel):
    """A table of the file; a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Entry(Table):
    """One board. Power commands are run as they stand, without a shell."""

    board: str = Field(default="mps2_an385", description="what kind, as `hanref boards` names it")
    port: str = Field(default=EMULATED, description='its serial port, or "emulated"')
    radio: str = Field(
        default=SIMULATED_RADIO,
        description='"simulated" (emulated boards), "own" (a co-processor on the board), or the serial port that is wired '
        "to the board's radio UART, where the simulated air then stands in for the co-processor",
    )
    heap: Annotated[int, Field(ge=65536)] | None = Field(default=None, description="octets of heap of an emulated board")
    power_off: list[str] | None = Field(default=None, description="command that cuts its power")
    power_on: list[str] | None = Field(default=None, description="command that gives it back")
    time_limit: Annotated[float, Field(gt=0, le=600)] = Field(
        default=TIME_LIMIT, description="seconds without an answer after which the board is taken to hang"
    )

    @field_validator("power_off", "power_on", mode="before")
    @classmethod
    def _words(cls, value: object) -> object:
        return shlex.split(value) if isinstance(value, str) else value


class Bench(Table):
    """The whole file: `boards` by role; a role that is not there is emulated."""

    boards: dict[str, Entry] = {}

    def entry(self, role: str) -> Entry:
        """The board of a role."""
        return self.boards.get(role, Entry())


def load(path: Path) -> Bench:
    """The bench described in a file. Raises UsageError naming file and field."""
    try:
        bench = Bench(**tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: is not TOML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        what = "unknown key" if first["type"] == "extra_forbidden" else first["msg"]
        raise UsageError(f"{path}: {field}: {what}") from None
    check(bench, str(path))
    return bench


def check(bench: Bench, where: str) -> None:
    """Raise UsageError for a bench that cannot be."""
    from hanref.boards import find

    ports: dict[str, str] = {}
    for role, entry in bench.boards.items():
        place = f"{where}: boards.{role}"
        if role not in ROLES:
            raise UsageError(f"{place}: unknown role: there are {', '.join(ROLES)}")
        kind = find(entry.board)
        if entry.port == EMULATED and kind.kind != "emulated":
            raise UsageError(f"{place}.port: a {entry.board} is not emulated: name its serial port")
        if entry.port == EMULATED and entry.radio != SIMULATED_RADIO:
            raise UsageError(f"{place}.radio: an emulated board has the simulated radio and no other")
        if entry.port != EMULATED and entry.radio == SIMULATED_RADIO and kind.kind != "emulated":
            raise UsageError(f'{place}.radio: say "own", or the port that is wired to the board\'s radio UART')
        if (entry.power_off is None) != (entry.power_on is None):
            raise UsageError(f"{place}: power_off and power_on go together")
        if entry.port != EMULATED and entry.port in ports:
            raise UsageError(f"{place}.port: {entry.port} is that of {ports[entry.port]} already")
        ports[entry.port] = role


def check_radios(bench: Bench, roles: list[str]) -> bool:
    """Whether these roles meet on the simulated air; raises UsageError where some do and others are on a real one."""
    own = [role for role in roles if bench.entry(role).radio == OWN_RADIO]
    if own and len(own) < len(roles):
        others = [role for role in roles if role not in own]
        raise UsageError(
            f"bench: {', '.join(own)} use radios of their own, {', '.join(others)} the simulated air: they cannot meet"
        )
    return not own
