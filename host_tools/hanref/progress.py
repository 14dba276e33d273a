# SPDX-License-Identifier: GPL-3.0-or-later
"""A progress bar on standard error; nothing where that is no terminal."""

from typing import Self


class ProgressBar:
    """Use as a context manager. It is gone when the work is done."""

    def __init__(self, title: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._title = title
        self._task = self._bar.add_task(title, total=None)

    def __enter__(self) -> Self:
        if self._bar.console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar.live.is_started:
            self._bar.stop()

    def advance(self, done: int, total: int) -> None:
        """So much of all has been done."""
        self._bar.update(self._task, completed=done, total=total, description=self._title)

    def tell(self, sentence: str) -> None:
        """What goes on now."""
        self._bar.update(self._task, description=sentence)

    def say(self, sentence: str) -> None:
        """A sentence that stays on the screen, above the bar."""
        self._bar.console.print(sentence, highlight=False, markup=False, soft_wrap=True)
