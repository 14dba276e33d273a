# SPDX-License-Identifier: GPL-3.0-or-later
"""What a device under test did on the network: joined, left, flooded, insisted on key establishment."""

from collections import deque

KEY_ESTABLISHMENT = 0x0800
NOT_MODELLED = "key establishment not modelled"
MOST_FRAMES = 300  # in a window: no device of a home has so much to say
WINDOW = 3000  # milliseconds
_APPLICATION = range(0x0700, 0x0800)


class Watch:
    """One device. `gone_since` is when it left the network, None while it is on it; milliseconds of the air."""

    def __init__(self, role: str) -> None:
        self.role = role
        self.joined = False
        self.gone_since: int | None = None
        self.floods = False
        self.frames = 0
        self.establishing = 0
        self.talked = False
        self._latest: deque[int] = deque(maxlen=MOST_FRAMES)

    def heard(self, cluster: int, now: int) -> None:
        """It sent a message."""
        self.frames += 1
        if cluster == KEY_ESTABLISHMENT:
            self.establishing += 1
        elif cluster in _APPLICATION:
            self.talked = True
        self._latest.append(now)
        if len(self._latest) == MOST_FRAMES and now - self._latest[0] < WINDOW:
            self.floods = True

    @property
    def insists(self) -> bool:
        """Whether it tried to establish a key and did nothing else."""
        return self.establishing > 0 and not self.talked

    def look(self, online: bool, now: int) -> str | None:
        """ "joined", "left" or "returned" where that is new."""
        if online:
            if not self.joined:
                self.joined = True
                return "joined"
            if self.gone_since is not None:
                self.gone_since = None
                return "returned"
        elif self.joined and self.gone_since is None:
            self.gone_since = now
            return "left"
        return None
