# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals to end a process, obeyed at once; or, in a part that has to be done as a whole, where it says so."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import Any, Iterator, Optional, Sequence

from .. import errors
from ..databases.everyone import cancel_everything

# No signal has this number.
END = b"\0"
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class _Patience:
    """Whether signals wait. A fork has what its parent had.

    :ivar is_held: in a part that has to be done as a whole.
    :ivar waits: they do.
    :ivar came: the last one that has waited.
    """

    is_held = waits = False
    came: Optional[str] = None


_patience = _Patience()


@contextmanager
def interruptible(signals: Sequence[signal.Signals] = SIGNALS) -> Iterator[None]:
    """Turn signals to end into an exception, so that everything open is closed on the way out.

    Python raises it only when libpq is done waiting for the server; so each signal also wakes a thread that has the
    server cancel what it is at.

    :param signals: those that are obeyed; the other signals to end are ignored.
    """

    def stop(number: int, dummy: Any) -> None:
        name = signal.Signals(number).name
        if _patience.waits:
            _patience.came = name
            return
        # From here on it is on its way; where it is dealt with, the next one waits again.
        _patience.waits = _patience.is_held
        raise errors.Stop(name)

    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    thread = threading.Thread(target=_cancel_at_each_byte, args=(reader,), daemon=True)
    thread.start()
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    handlers = {number: stop if number in signals else signal.SIG_IGN for number in SIGNALS}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        os.write(writer, END)
        thread.join()
        os.close(reader)
        os.close(writer)


@contextmanager
def held() -> Iterator[None]:
    """Let signals wait for the next obeyed(), so that nothing else is done by half.

    One that comes after the last of them is passed over: there is nothing left to end.
    """
    before = _patience.is_held, _patience.waits
    _patience.is_held = _patience.waits = True
    try:
        yield
    finally:
        _patience.is_held, _patience.waits = before
        if not _patience.is_held:
            _patience.came = None


@contextmanager
def obeyed() -> Iterator[None]:
    """Obey signals in the middle of a part in which they wait, and one that has come before.

    :raises Stop: when one has come, or comes.
    """
    _patience.waits = False
    try:
        came, _patience.came = _patience.came, None
        if came is not None:
            raise errors.Stop(came)
        yield
    finally:
        _patience.waits = _patience.is_held


def obey() -> None:
    """Obey a signal that has come.

    :raises Stop: when one has.
    """
    with obeyed():
        pass


def _cancel_at_each_byte(reader: int) -> None:
    while os.read(reader, 1) != END:
        cancel_everything()
