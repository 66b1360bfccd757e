# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals to end a process, obeyed at once."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import Any, Iterator, Sequence

from .. import errors
from ..databases.everyone import cancel_everything

# No signal has this number.
END = b"\0"
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


@contextmanager
def interruptible(signals: Sequence[signal.Signals] = SIGNALS) -> Iterator[None]:
    """Turn signals to end into an exception, so that everything open is closed on the way out.

    Python raises it only when libpq is done waiting for the server; so each signal also wakes a thread that has the
    server cancel what it is at.

    :param signals: those that are obeyed; the other signals to end are ignored.
    """

    def stop(number: int, dummy: Any) -> None:
        raise errors.Stop(signal.Signals(number).name)

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


def _cancel_at_each_byte(reader: int) -> None:
    while os.read(reader, 1) != END:
        cancel_everything()
