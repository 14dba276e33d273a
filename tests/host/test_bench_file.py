# SPDX-License-Identifier: GPL-3.0-or-later
"""bench.toml: what it says, and what is said of what it should not say."""

from pathlib import Path

import pytest
from hanref.bench.file import Bench, Entry, check_radios, load
from hanref.errors import UsageError

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "bench.md"


def written(folder: Path, text: str) -> Path:
    path = folder / "bench.toml"
    path.write_text(text)
    return path


def test_a_role_that_is_not_named_is_emulated(tmp_path: Path) -> None:
    bench = load(written(tmp_path, '[boards.ihd]\nboard = "rpi_pico_cc2652"\nport = "/dev/ttyACM0"\nradio = "/dev/ttyUSB0"\n'))
    assert bench.entry("hub") == Entry()
    assert bench.entry("hub").port == "emulated"
    assert bench.entry("ihd").radio == "/dev/ttyUSB0"


def test_power_commands_are_words(tmp_path: Path) -> None:
    text = '[boards.hub]\nport = "/dev/ttyACM0"\npower_off = "uhubctl -a off -p 2"\npower_on = ["uhubctl", "-a", "on"]\n'
    entry = load(written(tmp_path, text)).entry("hub")
    assert entry.power_off == ["uhubctl", "-a", "off", "-p", "2"]
    assert entry.power_on == ["uhubctl", "-a", "on"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nothing", "is not TOML"),
        ("[boards.kettle]\n", "boards.kettle: unknown role: there are hub, esme"),
        ("[boards.hub]\ncolour = 1\n", "boards.hub.colour: unknown key"),
        ("[boards.hub]\ntime_limit = 0\n", "boards.hub.time_limit"),
        ('[boards.hub]\nboard = "no_such_board"\n', "there is no board 'no_such_board'"),
        ('[boards.hub]\nboard = "rpi_pico_cc2652"\n', "is not emulated: name its serial port"),
        ('[boards.hub]\nradio = "own"\n', "an emulated board has the simulated radio"),
        ('[boards.hub]\nboard = "rpi_pico_cc2652"\nport = "/dev/ttyACM0"\n', 'radio: say "own", or the port'),
        ('[boards.hub]\nport = "/dev/a"\npower_off = "x"\n', "power_off and power_on go together"),
        ('[boards.hub]\nport = "/dev/a"\n[boards.ihd]\nport = "/dev/a"\n', "boards.ihd.port: /dev/a is that of hub already"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(written(tmp_path, text))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"bench\.toml: No such file"):
        load(tmp_path / "bench.toml")


def test_radios_must_be_able_to_meet() -> None:
    pico = {"board": "rpi_pico_cc2652", "port": "/dev/ttyACM0"}
    mixed = Bench(boards={"hub": Entry(**pico, radio="own")})
    with pytest.raises(UsageError, match="hub use radios of their own, ihd the simulated air"):
        check_radios(mixed, ["hub", "ihd"])
    wired = Bench(boards={"hub": Entry(**pico, radio="/dev/ttyUSB0")})
    assert check_radios(wired, ["hub", "ihd"])
    assert not check_radios(Bench(boards={"hub": Entry(**pico, radio="own")}), ["hub"])


def test_example_in_the_documentation_is_one(tmp_path: Path) -> None:
    example = DOCUMENTATION.read_text().split("```toml\n")[1].split("```")[0]
    bench = load(written(tmp_path, example))
    assert {"hub", "ihd"} <= set(bench.boards)
    assert any(entry.power_off for entry in bench.boards.values())
