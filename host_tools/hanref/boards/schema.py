# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ``board.toml`` says: how a board is recognised, built and flashed, where its radio is, its heap."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

UsbId = Annotated[str, StringConstraints(pattern=r"^[0-9A-F]{4}:[0-9A-F]{4}$")]
Octets = Annotated[int, Field(gt=0)]


class Table(BaseModel):
    """A table of the file; a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Recognise(Table):
    """How to tell the board from others."""

    machine: str = Field(description="how the machine text of os.uname() begins")
    usb: list[UsbId] = Field(default_factory=list, description="VID:PID of its USB port")
    usb_is_shared: bool = Field(default=False, description="whether other things have the same VID:PID")


class MicroPython(Table):
    """The firmware the board runs."""

    platform: str = Field(description="sys.platform")
    version: str = Field(description="major and minor version")
    architecture: str = Field(description="of native code, as mpy-cross names it")
    product: Literal["emulated", "rp2"] | None = Field(default=None, description="what the tool chain builds for it")
    install: str | None = Field(default=None, description="how a person puts it on the board")


class Flash(Table):
    """How our firmware gets on the board."""

    method: Literal["romfs", "files"] = Field(description="compiled into ROMFS, or copied to the file system")
    romfs: Octets | None = Field(default=None, description="octets of the ROMFS partition")
    file_system: Octets = Field(description="octets of the file system, where the stores are")
    erased: Literal["FF", "00 or FF"] = Field(default="FF", description="what blank flash reads as")

    @model_validator(mode="after")
    def _romfs_has_a_size(self) -> "Flash":
        if (self.method == "romfs") != (self.romfs is not None):
            raise ValueError("romfs gives the size of the partition, with the method romfs alone")
        return self


class Pins(Table):
    """GPIO numbers."""

    tx: Annotated[int, Field(ge=0)]
    rx: Annotated[int, Field(ge=0)]
    reset: Annotated[int, Field(ge=0)] | None = None


class Radio(Table):
    """The radio co-processor and the UART it is on."""

    coprocessor: Literal["znp"]
    uart: Annotated[int, Field(ge=1)]
    baud_rate: Annotated[int, Field(gt=0)]
    receive_buffer: Annotated[int, Field(ge=512)]
    pins: Pins | None = None


class Heap(Table):
    """Heap in octets: what the board has at the prompt, and the least the firmware is tested with."""

    octets: Octets
    smallest: Octets


class Board(Table):
    """One board: the whole file. ``name`` is the folder's."""

    name: str
    title: str
    kind: Literal["emulated", "physical"]
    proven: str = Field(description="what has been seen working, in a sentence")
    recognise: Recognise
    micropython: MicroPython
    flash: Flash
    radio: Radio
    heap: Heap
