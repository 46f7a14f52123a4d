"""A real gRPC server: python3 grpc_backend.py ADDRESS:PORT STATUSES [CERTIFICATE KEY]

Serves grpc.health.v1.Health/Check on the address, over TLS if a certificate and a key are given.
STATUSES is a file of JSON, read at each call: the service's name ("" for the whole server) → the
number of a serving status, or [grpc-status, grpc-message]. When it is empty there is no health
service. The messages are so small that they are written and read as bytes.
"""

import json
import sys
import time
from concurrent import futures
from pathlib import Path

import grpc

METHOD = "/grpc.health.v1.Health/Check"
CODES = {code.value[0]: code for code in grpc.StatusCode}


def check(request, context):
    service = request[2:].decode()  # after the tag and the length
    answer = json.loads(STATUSES.read_text()).get(service, [5, f"unknown service {service}"])
    if isinstance(answer, list):
        context.abort(CODES[answer[0]], answer[1])
    return bytes([8, answer]) if answer else b""


class Health(grpc.GenericRpcHandler):
    def service(self, call_details):
        if call_details.method != METHOD or not STATUSES.read_text():
            return None
        return grpc.unary_unary_rpc_method_handler(check)


def credentials(certificate, key):
    pair = (Path(key).read_bytes(), Path(certificate).read_bytes())
    return grpc.ssl_server_credentials([pair])


STATUSES = Path(sys.argv[2])
server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[Health()])
if sys.argv[3:]:
    server.add_secure_port(sys.argv[1], credentials(*sys.argv[3:]))
else:
    server.add_insecure_port(sys.argv[1])
server.start()
print("ready", flush=True)
while True:
    time.sleep(3600)
