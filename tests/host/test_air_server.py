# SPDX-License-Identifier: GPL-3.0-or-later
"""Co-processors on sockets: lines, one program at a time, virtual time, and frames cut anywhere."""

import asyncio

import pytest
import zigpy_znp.commands as c
import zigpy_znp.types as t
from hanref.air.server import AirServer
from hanref.air.simulation import Air
from hanref.errors import BenchError
from zigpy_znp.frames import TransportFrame

START = 820_454_400_000
PING = TransportFrame(c.SYS.Ping.Req().to_frame()).serialize()
FORM = TransportFrame(
    c.AppConfig.BDBStartCommissioning.Req(Mode=c.app_config.BDBCommissioningMode.NwkFormation).to_frame()
).serialize()


async def frame(reader: asyncio.StreamReader, seconds: float = 5) -> t.CommandBase:
    """The next frame of a line, as zigpy-znp reads it."""
    async with asyncio.timeout(seconds):
        head = await reader.readexactly(2)
        octets = head + await reader.readexactly(head[1] + 3)
    general = TransportFrame.deserialize(octets)[0].payload
    return c.COMMANDS_BY_ID[general.header].from_frame(general)


def run(test) -> None:
    asyncio.run(asyncio.wait_for(test, 30))


def test_tcp_line_and_garbage_on_it():
    async def test():
        air = Air(now=START)
        radio = air.coprocessor()
        async with AirServer(air) as server:
            reader, writer = await asyncio.open_connection(*await server.listen(radio, "127.0.0.1", 0))
            writer.write(b"\xef\xef\x00" + PING[:2])
            await asyncio.sleep(0.02)
            writer.write(PING[2:] + b"\xfe\xff\xfe\x01" + PING + PING)
            answers = [await frame(reader) for _ in range(3)]
            assert all(isinstance(answer, c.SYS.Ping.Rsp) for answer in answers)
            assert answers[0].Capabilities & t.MTCapabilities.APP_CNF
            writer.close()

    run(test())


def test_an_unknown_command_is_refused_and_counted():
    async def test():
        air = Air(now=START)
        radio = air.coprocessor()
        async with AirServer(air) as server:
            reader, writer = await asyncio.open_connection(*await server.listen(radio, "127.0.0.1", 0))
            writer.write(TransportFrame(c.SYS.GetTime.Req().to_frame()).serialize())
            answer = await frame(reader)
            assert isinstance(answer, c.RPCError.CommandNotRecognized.Rsp)
            assert answer.RequestHeader == c.SYS.GetTime.Req.header
            writer.write(b"\xfe\x00\x21\x08\x29" + PING)  # an item read without its item
            answer = await frame(reader)
            assert answer.ErrorCode == c.rpc_error.ErrorCode.InvalidLength
            assert isinstance(await frame(reader), c.SYS.Ping.Rsp)
            assert radio.refused == ["21 11", "21 08"]
            writer.close()

    run(test())


def test_a_dongle_serves_one_program_at_a_time():
    async def test():
        air = Air(now=START)
        radio = air.coprocessor()
        async with AirServer(air) as server:
            place = await server.listen(radio, "127.0.0.1", 0)
            reader, writer = await asyncio.open_connection(*place)
            writer.write(PING)
            await frame(reader)
            second, other = await asyncio.open_connection(*place)
            assert await second.read() == b""
            other.close()
            writer.close()
            await writer.wait_closed()
            await asyncio.sleep(0.05)
            reader, writer = await asyncio.open_connection(*place)
            writer.write(PING)
            assert isinstance(await frame(reader), c.SYS.Ping.Rsp)
            writer.close()

    run(test())


def test_a_busy_port_is_one_line():
    async def test():
        air = Air(now=START)
        async with AirServer(air) as server:
            place = await server.listen(air.coprocessor(), "127.0.0.1", 0)
            with pytest.raises(BenchError, match=f"{place[0]}:{place[1]}: cannot listen"):
                await server.listen(air.coprocessor(), *place)

    run(test())


def test_unix_lines_in_virtual_time(tmp_path):
    async def test():
        air = Air(now=START)
        radio = air.coprocessor()
        async with AirServer(air, clock=None) as server:
            await server.listen_unix(radio, tmp_path / "radio")
            assert (tmp_path / "radio").stat().st_mode & 0o777 == 0o600
            reader, writer = await asyncio.open_unix_connection(tmp_path / "radio")
            writer.write(FORM)
            assert isinstance(await frame(reader), c.AppConfig.BDBStartCommissioning.Rsp)
            await asyncio.sleep(0.6)
            assert air.now == START, "time stands still"
            assert not radio.online
            await server.advance(START + 2000)
            assert air.now == START + 2000
            states = [await frame(reader) for _ in range(3)]
            assert states[1].State == c.zdo.t.DeviceState.StartedAsCoordinator
            assert radio.online
            writer.close()

    run(test())


def test_real_time_is_not_moved_by_hand():
    async def test():
        async with AirServer(Air(now=START)) as server:
            with pytest.raises(BenchError, match="cannot be moved"):
                await server.advance(START)

    run(test())


def test_a_board_that_offers_its_radio_uart(tmp_path):
    """QEMU listens, the co-processor comes to it."""

    async def test():
        got = asyncio.Queue()
        served = await asyncio.start_unix_server(lambda *ends: got.put_nowait(ends), tmp_path / "rcp.sock")
        air = Air(now=START)
        async with AirServer(air) as server:
            with pytest.raises(BenchError, match="cannot connect"):
                await server.connect_unix(air.coprocessor(), tmp_path / "nobody")
            await server.connect_unix(air.coprocessor(), tmp_path / "rcp.sock")
            reader, writer = await got.get()
            writer.write(PING)
            assert isinstance(await frame(reader), c.SYS.Ping.Rsp)
            writer.close()
        served.close()

    run(test())
