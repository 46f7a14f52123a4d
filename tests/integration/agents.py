"""Agents: programs beside backends that say in one line how these are."""

import socketserver
import threading
import time

AGENT_PORT = 9777


class Agent(socketserver.ThreadingTCPServer):
    """Says `line` to whoever connects, as HAProxy's agents do, after it has thought for so long."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address, line, thinks=0):
        self.line = line
        self.thinks = thinks
        self.asked = 0
        super().__init__((address, AGENT_PORT), AnswerOfAgent)
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


class AnswerOfAgent(socketserver.BaseRequestHandler):
    def handle(self):
        self.server.asked += 1
        time.sleep(self.server.thinks)
        self.request.sendall(self.server.line.encode() + b"\n")
