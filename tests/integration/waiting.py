"""Waiting for what comes soon, which sleeping for a fixed time would only hope for."""

import time


def until(condition, what, timeout=10.0):
    """Waits until condition() is true, and returns what it gave; fails naming `what`. Asks for half
    of the time at most, as other tests run beside."""
    deadline = time.monotonic() + timeout
    while True:
        began = time.monotonic()
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(max(0.01, time.monotonic() - began))
