"""A server whose connections stay: python3 keeping_server.py SICK PORT[,PORT…] ADDRESS …

Prints "ready" when it listens at all addresses and ports. Keeps every connection until the other
side ends it, and answers

    GET /         200, with its own address
    GET /stream   200, and a piece of the body each 50 ms, without end
    GET /wait     as /, but nothing at all where it is told to be PATIENT
    GET /WORD     as /, but 503 while the file SICK has a line "ADDRESS WORD"

Whatever else comes it sends back.
"""

import asyncio
import os
import resource
import sys
from pathlib import Path

PATIENT = os.environ.get("PATIENT", "").split()
PIECE = b"5\r\npiece\r\n"


class Kept(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if not data.startswith(b"GET /"):
            self.transport.write(data)
            return
        self.address = self.transport.get_extra_info("sockname")[0]
        word = data.split()[1].decode()[1:]
        if word == "stream":
            self.transport.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            self.stream()
        elif word != "wait" or self.address not in PATIENT:
            self.answer("503 Unwell" if self.is_sick(word) else "200 OK")

    def answer(self, status):
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(self.address) + 1}\r\n\r\n"
        self.transport.write(f"{head}{self.address}\n".encode())

    def is_sick(self, word):
        return f"{self.address} {word}" in SICK.read_text().splitlines()

    def stream(self):
        if not self.transport.is_closing():
            self.transport.write(PIECE)
            asyncio.get_running_loop().call_later(0.05, self.stream)


async def serve(ports, addresses):
    loop = asyncio.get_running_loop()
    for port in ports:
        await loop.create_server(Kept, addresses, port, backlog=4096)
    print("ready", flush=True)
    await asyncio.Event().wait()


SICK = Path(sys.argv[1])
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
asyncio.run(serve([int(each) for each in sys.argv[2].split(",")], sys.argv[3:]))
