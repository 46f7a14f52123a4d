"""Name servers that hlbd asks for the addresses of backends, for the domain "internal"."""

SERVER = "127.0.0.54"  # the one of all tests answers every name


def name_server(stage, *records, address=SERVER):
    """dnsmasq for the domain "internal", its records with a time to live of one second."""
    return stage.program(*dnsmasq_command(address, records), ready="started")


def dnsmasq_command(address, records):
    return [
        "/usr/sbin/dnsmasq", "--conf-file=/dev/null", "--keep-in-foreground", "--user=root",
        "--pid-file=", "--log-facility=-", "--no-resolv", "--no-hosts", "--cache-size=0",
        "--bind-interfaces", f"--listen-address={address}", "--local=/internal/", "--local-ttl=1",
        *records,
    ]  # fmt: skip


def change(server, *records):
    server.kill()
    server.command = dnsmasq_command(SERVER, records)
    server.start()


def host(name, *addresses):
    return [f"--host-record={name}.internal,{address}" for address in addresses]


def srv(target, port, priority, weight):
    return f"--srv-host=_app._tcp.internal,{target}.internal,{port},{priority},{weight}"
