# SPDX-License-Identifier: Apache-2.0
"""A board: the loop that joins serial line, UART to the radio, flash and time to the node. Started by main.py."""

import gc
import select
import sys
import time

import micropython

from han import later
from han.errors import HanError
from han.node.console import Console, event
from han.node.nodetime import HELD, RUNNING, NodeTime, Ticks
from han.node.service import Service, utc_of_ports_clock

_FOR_THE_START = ("han.node.settings", "han.node.endpoints", "han.devices.roles")
_TOLD = ("role", "profile", "time", "identities")  # of the settings, to whoever asks for them
_LONGEST_WAIT = 1000  # milliseconds
_PIECE = 64  # octets of the serial line taken before the radio is looked at again
_NEXT_OCTET = 1  # milliseconds for the next octet of a line that has begun to come
_STORES = "/stores"

# Octets allocated between two collections. While modules are loaded what stays must not come to lie between what is
# garbage, or no large block is left; later a collection costs time. Where little is free the same goes for later.
_STARTING = 2048
_RUNNING = 49152
_SPARE = 81920  # octets; with less than that free, what was loaded late is let go of after use


class Board:
    """Everything of a running board. `settings` may be None, then it answers the console and does no more."""

    def __init__(self, settings, ticks):
        self._console = Console(self._serve, self._complain)
        self._service = None
        self._uart = None
        from han.node import settings as settings_file

        named = settings_file.version(settings, settings_file.code_hash())
        named["line"] = settings_file.version_line(named)
        node = None if settings is None else _node(settings)
        if node is not None and settings["radio"].get("driver") == "znp":
            self._uart = open_uart(settings["radio"])
            port = _radio_port(self._uart, settings, node, ticks.milliseconds)
        else:
            from han.node.no_radio import NoRadio

            port = NoRadio()
        held = settings is not None and settings["time"] == HELD
        utc = None if held else utc_of_ports_clock(int(time.time()), time.gmtime(0)[0])
        node_time = NodeTime(ticks.milliseconds, utc, HELD if held else RUNNING)
        told = None if settings is None else {name: settings[name] for name in _TOLD}  # the rest is not held, nor its keys
        self._service = Service(node, port, node_time, named, told, self._console.counts)
        self._lines = select.poll()
        self._lines.register(sys.stdin, select.POLLIN)
        self._all = select.poll()
        self._all.register(sys.stdin, select.POLLIN)
        if self._uart is not None:
            self._all.register(self._uart, select.POLLIN)
        self._octets = bytearray(_PIECE)
        self._glass = None
        for device in () if node is None else node.devices:
            if not hasattr(device, "view"):
                continue
            device.give_way = self._report  # pictures go out band by band, or they fill the RAM
            if "display" in settings:
                from han.node.glass import glass

                self._glass = glass(device, settings["display"])
        print(named["line"])

    def run(self):
        """Serve until the bench says stop or restart; returns which."""
        service = self._service
        service.start()
        for module in _FOR_THE_START:
            later.forget(module)
        gc.collect()
        gc.threshold(min(_RUNNING, gc.mem_free() // 2))
        staying = tuple(sys.modules)
        loads = later.loads
        drawing = False
        while service.done is None:
            wait = 0 if drawing else service.milliseconds_until_due()
            if wait is None or wait > _LONGEST_WAIT:
                wait = _LONGEST_WAIT
            for _ in self._all.ipoll(wait):
                pass
            service.work()
            self._report()
            self._read_line()
            drawing = self._glass is not None and self._glass.turn()
            if loads != later.loads:
                loads = later.loads
                gc.collect()
                if gc.mem_free() < _SPARE:
                    later.let_go(staying)
                    gc.collect()
        return service.done

    def _read_line(self):
        count = 0
        octets = self._octets
        read = sys.stdin.buffer.read
        lines = self._lines
        while count < _PIECE:
            ready = False
            for _ in lines.ipoll(_NEXT_OCTET if count else 0):
                ready = True
            if not ready:
                break
            octets[count] = read(1)[0]
            count += 1
            if octets[count - 1] == 10:
                break
        if count:
            for answer in self._console.feed(bytes(memoryview(octets)[:count])):
                self._report()
                sys.stdout.write(answer)

    def _serve(self, verb, arguments):
        return self._service.serve(verb, arguments)

    def _report(self):
        for fields in self._service.drain():
            sys.stdout.write(event(fields))

    def _complain(self, error):
        sys.print_exception(error)


def main():
    """Run the board until it is stopped; Ctrl-C ends it as well and gives the prompt back."""
    gc.threshold(_STARTING)
    ticks = Ticks(time.ticks_ms, time.ticks_diff)
    try:
        from han.node import settings as settings_file

        settings = settings_file.load()
    except HanError as error:
        settings = None
        print("hanref:", error)
    try:
        done = Board(settings, ticks).run()
    except KeyboardInterrupt:
        micropython.kbd_intr(-1)  # Ctrl-C is often sent twice
        print("hanref: interrupted")
        time.sleep_ms(20)
        micropython.kbd_intr(3)
        return
    print("hanref:", done)
    if done == "restart":
        import machine

        machine.reset()


def open_uart(radio):
    """The UART of the settings' `radio`: `uart`, `baudrate`, and `tx` and `rx` where the board lets one choose pins."""
    from machine import UART

    pins = {name: radio[name] for name in ("tx", "rx") if name in radio}
    return UART(radio.get("uart", 1), radio.get("baudrate", 115200), rxbuf=1024, timeout=0, **pins)


def _radio_port(uart, settings, node, milliseconds):
    from han.node.endpoints import endpoints
    from han.node.radio_port import RadioPort
    from han.radio.znp_settings import Settings

    radio = settings["radio"]
    default = "coordinator" if node.board == "hub" else "end_device" if node.board == "gsme" else "router"
    return RadioPort(
        uart,
        Settings(
            radio.get("role", default),
            endpoints(node),
            identity=node.identity,
            install_code=_octets(radio.get("install_code")),
            joiners=_keys(radio.get("joiners", {})),
            link_keys=_keys(radio.get("link_keys", {})),
            fresh=radio.get("fresh", False),
        ),
        milliseconds,
    )


def _node(settings):
    from han.devices.roles import node

    identities = {board: bytes.fromhex(identity) for board, identity in settings["identities"].items()}
    configuration = dict(settings["settings"])
    configuration.setdefault("profile", settings["profile"])
    return node(settings["role"], configuration, identities, _stores())


def _stores():
    """What makes a device's stores: a folder of its own on the flash, or RAM where no file system is mounted."""
    import os

    if not os.statvfs("/")[2]:
        from han.devices.roles import memory_stores

        print("hanref: no store on this board: nothing survives a loss of power")
        return memory_stores
    from han.node.files import Folder
    from han.stores.flash import FlashStores

    return lambda role: FlashStores(Folder(_STORES + "/" + role))


def _octets(text):
    return None if text is None else bytes.fromhex(text)


def _keys(texts):
    return {bytes.fromhex(identity): bytes.fromhex(key) for identity, key in texts.items()}
