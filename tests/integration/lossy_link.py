"""Joins two Ethernet networks by a link that is slow and loses frames.

    python3 lossy_link.py TAP TAP DELAY LOSS SEED

Makes both TAP devices, in the network namespace it runs in, and prints "ready". From then on each
frame of one comes out of the other DELAY seconds later, unless it is lost, which LOSS of them are
(0 … 1). Only IPv4 and IPv6 get lost: without its neighbour's address a host would send nothing.
Ends when it is killed. (The kernel's own netem isn't everywhere.)
"""

import collections
import contextlib
import fcntl
import os
import random
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TAP_NO_PI = 0x0002 | 0x1000
LARGEST_FRAME = 65536
ARP = b"\x08\x06"
NEIGHBOUR_DISCOVERY = range(133, 138)  # types of ICMPv6, RFC 4861


def open_tap(name):
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP_NO_PI))
    return tap


def finds_neighbours(frame):
    ethertype, next_header, icmp_type = frame[12:14], frame[20:21], frame[54:55]
    if ethertype == b"\x86\xdd" and next_header == b"\x3a":
        return bool(icmp_type) and icmp_type[0] in NEIGHBOUR_DISCOVERY
    return ethertype == ARP


def frames(tap):
    while True:
        try:
            yield os.read(tap, LARGEST_FRAME)
        except BlockingIOError:
            return


def main(first, second, delay, loss, seed):
    chance = random.Random(seed)
    taps = [open_tap(first), open_tap(second)]
    other = dict(zip(taps, reversed(taps), strict=True))
    under_way = collections.deque()  # (when it is due, where, frame), soonest first
    print("ready", flush=True)
    while True:
        patience = max(under_way[0][0] - time.monotonic(), 0) if under_way else None
        for tap in select.select(taps, [], [], patience)[0]:
            for frame in frames(tap):
                if finds_neighbours(frame) or chance.random() >= loss:
                    under_way.append((time.monotonic() + delay, other[tap], frame))
        while under_way and under_way[0][0] <= time.monotonic():
            _, tap, frame = under_way.popleft()
            with contextlib.suppress(OSError):  # the interface is down
                os.write(tap, frame)


main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]))
