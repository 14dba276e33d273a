# SPDX-License-Identifier: GPL-3.0-or-later
"""Named values on flash and in RAM: kinds of data, restart, power cuts at every step, damage, a full flash."""

from han.errors import StoreError
from han.stores.flash import FlashStores
from han.stores.memory import MemoryStores, MemoryValues
from han.stores.plain import pack, unpack
from han.stores.values import Values
from power import Files, Flash
from store_plays import check_values, play_damaged_values, play_values
from support import equal, raises

PLAIN = (
    None,
    True,
    False,
    0,
    1,
    -1,
    255,
    256,
    -256,
    2**64 - 1,
    -(2**80),
    "",
    "£",
    b"",
    b"\x00\xff",
    [],
    (),
    {},
    [1, (2, [3, b"4"]), None],
    {"a": 1, 2: (3,), b"c": {"d": []}},
)


def test_plain_data_comes_back_as_it_was():
    for value in PLAIN:
        again = unpack(pack(value))
        equal(again, value)
        equal(again.__class__, value.__class__)
    equal(unpack(pack(bytearray(b"ab"))), b"ab")
    equal(unpack(pack(memoryview(b"ab"))), b"ab")


def test_other_kinds_are_refused():
    for value in (1.5, object(), {1, 2}, [object()], {"a": 0.5}, 1 << 2100, bytes(65536)):
        raises(StoreError, pack, value)
        for values in (MemoryValues(), Values(Files(Flash()))):
            raises(StoreError, values.set, "x", value)
            equal(values.keys(), [])


def test_octets_that_are_no_value_are_refused():
    for octets in (
        b"",
        b"\x0a",
        b"\x03",
        b"\x03\x02\x01",
        b"\x06\x02\x00a",
        b"\x07\x01\x00",
        b"\x00\x00",
        b"\x09\x01\x00\x00",
    ):
        raises(StoreError, unpack, octets)


def test_values_survive_a_restart():
    flash = Flash()
    values = Values(Files(flash))
    model = {}
    for i, value in enumerate(PLAIN):
        model["name%d" % i] = value
        values.set("name%d" % i, value)
    check_values(Values(Files(flash)), model)


def test_a_kept_value_does_not_change_with_its_source():
    for values in (MemoryValues(), Values(Files(Flash()))):
        source = [1, [2]]
        values.set("a", source)
        source[1].append(3)
        equal(values.get("a"), [1, [2]])
        values.get("a").append(4)
        equal(values.get("a"), [1, [2]])


def test_a_counter_does_not_fill_the_flash():
    flash = Flash()
    values = Values(Files(flash))
    values.set("key", bytes(400))
    for counter in range(1000):
        values.set("counter", counter)
        assert flash.used() < 3000, flash.used()
    equal(Values(Files(flash)).get("counter"), 999)
    equal(Values(Files(flash)).get("key"), bytes(400))


def test_a_value_that_is_too_long_is_refused():
    values = Values(Files(Flash()))
    values.set("a", bytes(4000))
    raises(StoreError, values.set, "a", bytes(4096))
    equal(values.get("a"), bytes(4000))


def test_removed_values_are_not_on_the_flash():
    flash = Flash()
    values = Values(Files(flash))
    values.set_all({"old": b"consumption of the last tenant", "other": 1})
    values.remove(["old", "never there"])
    assert b"tenant" not in b"".join([node.content() for node in flash.nodes.values()])
    check_values(Values(Files(flash)), {"other": 1})
    values.erase()
    check_values(Values(Files(flash)), {})


def test_power_may_go_at_every_step_of_a_change():
    changes = [("set", {"a": i, "b": bytes(300)}) for i in range(8)]
    operations = (("set", {"a": 99, "c": 2}), ("remove", ["a"]), ("erase",))
    for operation in operations:
        for survive, fill in ((0, None), (0, 0), (0, 255), (3, None), (8, 255), (10000, None)):
            for steps in range(7):
                cut = ("cut", operation, steps, survive, fill)
                for before in (0, 1, 5, 8):
                    play_values(changes[:before] + [cut, ("set", {"d": 5}), cut, ("restart",)])


def test_any_damage_leaves_values_that_start():
    changes = [{"a": i, "b": b"value %d" % i} for i in range(5)]
    for offset in range(150):
        for octet in (1, 255, None):
            play_damaged_values(changes, [(0, offset, octet)])
    play_damaged_values(changes, [(0, 0, -1)])


def test_damage_costs_the_entry_it_hits_alone():
    flash = Flash()
    values = Values(Files(flash))
    for i in range(5):
        values.set("name%d" % i, i)
    content = bytearray(flash.nodes["values"].safe)
    content[len(content) // 2] ^= 4
    flash.nodes["values"].safe = bytes(content)
    values = Values(Files(flash))
    check_values(values, {"name0": 0, "name1": 1, "name3": 3, "name4": 4})
    equal(values.damaged, 1)
    values.set("name2", 2)
    values = Values(Files(flash))
    check_values(values, {"name%d" % i: i for i in range(5)})
    equal(values.damaged, 0)


def test_an_entry_inside_a_damaged_value_is_not_taken_for_one():
    flash = Flash()
    values = Values(Files(flash))
    values.set("b", 1)
    image = flash.nodes["values"].safe
    values.set("b", 2)
    at = len(flash.nodes["values"].safe)
    values.set("x", image)
    content = bytearray(flash.nodes["values"].safe)
    content[at] ^= 1
    flash.nodes["values"].safe = bytes(content)
    check_values(Values(Files(flash)), {"b": 2})


def test_a_full_flash_keeps_the_old_values():
    for room in range(0, 120, 7):
        flash = Flash(room)
        values = Values(Files(flash))
        model = {}
        for i in range(20):
            try:
                values.set_all({"a": i, "b": b"12345"})
                model = {"a": i, "b": b"12345"}
            except StoreError:
                pass
            check_values(values, model)
            check_values(Values(Files(flash)), model)


def test_stores_of_a_device():
    flash = Flash()
    for stores in (MemoryStores(), FlashStores(Files(flash))):
        stores.values.set("a", 1)
        log = stores.log("voltage", 4, 10)
        log.append(b"\x01\x02\x03\x04")
        equal(stores.log("voltage", 4, 10) is log, True)
        equal(stores.damaged(), {})
    stores = FlashStores(Files(flash))
    equal(stores.values.get("a"), 1)
    equal(list(stores.log("voltage", 4, 10)), [b"\x01\x02\x03\x04"])


def test_damage_is_reported_by_name():
    flash = Flash()
    stores = FlashStores(Files(flash))
    stores.values.set("a", 1)
    stores.log("voltage", 4, 10).append(b"\x01\x02\x03\x04")
    for node in flash.nodes.values():
        node.safe = node.safe[:-1]
    stores = FlashStores(Files(flash))
    stores.log("voltage", 4, 10)
    equal(sorted(stores.damaged()), ["values", "voltage"])
