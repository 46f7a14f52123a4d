"""Waiting for what comes soon, which sleeping for a fixed time would only hope for."""

import time


def until(condition, what, timeout=10.0):
    """Waits until condition() is true, and returns what it gave; fails naming `what`."""
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.01)
