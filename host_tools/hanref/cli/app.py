# SPDX-License-Identifier: GPL-3.0-or-later
"""The application every verb registers with, and what verbs share.

A verb is one module of this package: light imports on top, heavy ones inside the function, so that
`hanref --help` is instant.
"""

import typer

app = typer.Typer(
    name="hanref",
    help="An open reference model of the GB smart-metering Home Area Network, and a bench around it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print("hanref", version("hanref"))
        except PackageNotFoundError:
            print("hanref, not installed as a package")
        raise typer.Exit()


@app.callback()
def hanref(
    version: bool = typer.Option(False, "--version", help="Show the version and exit.", callback=_show_version, is_eager=True),
) -> None:
    """An open reference model of the GB smart-metering Home Area Network, and a bench around it.

    Exit status: 0 no defect, 1 a defect was found, 2 wrong usage or broken input, 3 the bench itself failed.
    """
