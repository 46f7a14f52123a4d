"""Configurations of dnsmasq as they are found in the wild: in its own sample, in the manuals and wikis of
distributions, routers, ad blockers and clusters. Retyped, with addresses of documentation ranges. {folder} has the
other files; {upstream} is a server that knows every name."""

# By what they are from: the text, and the other files.
CONFIGURATIONS = {
    "the sample of dnsmasq": """\
#port=5353
domain-needed
bogus-priv
#resolv-file=
server=/localnet/{upstream}
local=/localnet/
address=/double-click.example/192.0.2.1
address=/www.thekelleys.example/2001:db8::1:8d
#address=/commented.example/192.0.2.2
srv-host=_ldap._tcp.example.com,ldapserver.example.com,389
ptr-record=_http._tcp.dns-sd-services,"New Employee Page._http._tcp.dns-sd-services"
txt-record=example.com,"v=spf1 a -all"
mx-host=maildomain.example,servermachine.example,50
cname=bertand,bert
""",
    "a developer's laptop": """\
address=/.test/192.0.2.7
address=/.localhost/192.0.2.7
listen-address=127.0.0.1
bind-interfaces
""",
    "a container host": """\
address=/docker/192.0.2.17
address=/dev.docker/192.0.2.18
server={upstream}
""",
    "the exceptions of a wildcard": """\
address=/dev.example.com/198.51.100.1
server=/git.dev.example.com/{upstream}
local=/none.dev.example.com/
address=/gone.dev.example.com/
server=/std.dev.example.com/#
address=/null.dev.example.com/#
address=/zero.dev.example.com/0.0.0.0
""",
    "a wildcard and a record of one name": """\
address=/app.example.com/198.51.100.2
host-record=app.example.com,198.51.100.2
address=/web.example.com/198.51.100.3
host-record=web.example.com,198.51.100.4
""",
    "a cluster of OpenShift": """\
strict-order
domain=ocp.example.com
expand-hosts
address=/.apps.ocp.example.com/192.0.2.10
address=/api.ocp.example.com/192.0.2.11
address=/api-int.ocp.example.com/192.0.2.11
address=/etcd-0.ocp.example.com/192.0.2.21
address=/etcd-1.ocp.example.com/192.0.2.22
srv-host=_etcd-server-ssl._tcp.ocp.example.com,etcd-0.ocp.example.com,2380,0,10
host-record=master-0.ocp.example.com,192.0.2.21
host-record=master-1.ocp.example.com,192.0.2.22
ptr-record=21.2.0.192.in-addr.arpa,master-0.ocp.example.com
""",
    "a cluster of Kubernetes": """\
server=/cluster.local/{upstream}
server=/2.0.192.in-addr.arpa/{upstream}
rev-server=192.0.2.0/24,{upstream}
address=/ingress.k8s.example/192.0.2.40
address=/ingress.k8s.example/192.0.2.41
address=/ingress.k8s.example/192.0.2.42
host-record=kube-api.k8s.example,192.0.2.50
host-record=kube-api.k8s.example,192.0.2.51
""",
    "Consul": """\
server=/consul/{upstream}
address=/service.dc1.example/192.0.2.3
server=/consul.service.dc1.example/{upstream}
""",
    "OpenWrt": """\
domain-needed
localise-queries
read-ethers
expand-hosts
bind-dynamic
local-service
cache-size=1000
edns-packet-max=1232
domain=lan
local=/lan/
addn-hosts={folder}/hosts
dhcp-leasefile={folder}/leases
stop-dns-rebind
rebind-localhost-ok
address=/router.lan/192.0.2.1
""",
    "Pi-hole": """\
addn-hosts={folder}/hosts
domain-needed
expand-hosts
localise-queries
log-async
cache-size=10000
server={upstream}
bogus-priv
rev-server=192.0.2.0/24,{upstream}
server=/lan/{upstream}
cname=files.lan,nas.lan
cname=media.lan,nas.lan,300
""",
    "Pi-hole's blocked wildcards": """\
address=/ads.example/
address=/tracker.example/#
address=/metrics.example/0.0.0.0
address=/metrics.example/::
server=/good.ads.example/#
no-resolv
""",
    "lists against advertising": """\
addn-hosts={folder}/block
address=/cdn.example/192.0.2.9
""",
    "a captive portal": """\
address=/#/192.0.2.1
address=/portal.example/192.0.2.2
host-record=login.portal.example,192.0.2.3
""",
    "a network of libvirt": """\
strict-order
except-interface=lo
bind-dynamic
addn-hosts={folder}/hosts
domain=virt.example
expand-hosts
local=/virt.example/
host-record=gateway.virt.example,192.0.2.1
""",
    "split DNS of a company": """\
no-resolv
server={upstream}
server=/corp.example/vpn.example/{upstream}
address=/intra.corp.example/198.51.100.10
address=/intra.corp.example/198.51.100.11
server=/mail.intra.corp.example/{upstream}
address=/wiki.mail.intra.corp.example/198.51.100.12
local=/private.corp.example/
host-record=db.private.corp.example,198.51.100.13
""",
    "two families": """\
address=/six.example/192.0.2.6
address=/six.example/2001:db8::6
address=/four.six.example/192.0.2.4
host-record=host.six.example,192.0.2.5
host-record=both.six.example,192.0.2.5,2001:db8::5
address=/only6.example/2001:db8::7
""",
    "hosts of several addresses": """\
no-hosts
addn-hosts={folder}/several
expand-hosts
domain=lan
local=/lan/
""",
    "domains by network": """\
no-hosts
addn-hosts={folder}/several
expand-hosts
domain=other.example
domain=east.example,192.0.2.0/28
domain=west.example,192.0.2.16,192.0.2.31
domain=six.example,2001:db8::/64
""",
    "folders with endings": """\
conf-dir={folder}/d,*.conf,.off.conf
conf-file={folder}/more
""",
    "a folder of hosts": """\
no-hosts
hostsdir={folder}/hostsdir
addn-hosts={folder}/hostsdir2
""",
    "a file of servers": """\
servers-file={folder}/servers
address=/lab.example/192.0.2.30
""",
    "what has no fixed addresses": """\
interface-name=host.example,lo
dynamic-host=dyn.example,0.0.0.7,lo
synth-domain=synth.example,192.0.2.0/24,ip-
dhcp-range=192.0.2.100,192.0.2.200,12h
dhcp-host=11:22:33:44:55:66,printer,192.0.2.60
address=/fixed.example/192.0.2.61
""",
    "one family alone": """\
filter-AAAA
address=/f.example/192.0.2.62
address=/f.example/2001:db8::62
host-record=g.example,192.0.2.63,2001:db8::63
""",
    "a home": """\
local=/home.arpa/
domain=home.arpa
host-record=nas.home.arpa,nas,192.0.2.70
host-record=tv.home.arpa,192.0.2.71,3600
cname=video.home.arpa,www.home.arpa,tv.home.arpa
address=/cloud.home.arpa/192.0.2.70
cname=drive.home.arpa,cloud.home.arpa
cname=git.cloud.home.arpa,elsewhere.example
""",
    "quotes and comments": """\
  address = /spaces.example/192.0.2.80   # a comment
address=/trailing.example/192.0.2.81\t
host-record="q.example",192.0.2.82
txt-record=q.example,"a # b"
#host-record=no.example,192.0.2.83
address=/UPPER.Example/192.0.2.84
address=/dot.example./192.0.2.85
""",
    "stars": """\
address=/*.star.example/192.0.2.90
address=/*pre.example/192.0.2.91
address=/wide.example/192.0.2.92
server=/*.in.wide.example/{upstream}
server=/*cut.wide.example/{upstream}
""",
    "wildcards in wildcards": """\
address=/a.example/192.0.2.1
address=/b.a.example/192.0.2.2
server=/c.b.a.example/{upstream}
address=/d.c.b.a.example/192.0.2.3
local=/e.d.c.b.a.example/
host-record=f.e.d.c.b.a.example,192.0.2.4
server=/g.a.example/#
address=/h.g.a.example/
""",
    "several names in a line": """\
address=/one.example/two.example/sub.two.example/192.0.2.100
server=/three.example/x.one.example/{upstream}
host-record=m.example,n.example,192.0.2.101
host-record=m.example,192.0.2.102
local=/four.example/y.two.example/
""",
    "a server of another family": """\
address=/mixed.example/192.0.2.110
server=/mixed.example/{upstream}
address=/closed.example/192.0.2.111
local=/closed.example/
""",
    "a record below a wildcard elsewhere": """\
address=/w.example/192.0.2.120
server=/r.w.example/{upstream}
host-record=r.w.example,192.0.2.121
cname=s.w.example,r.w.example
server=/s.w.example/{upstream}
""",
    "a long list of backends": "".join(f"address=/many.example/198.51.100.{i}\n" for i in range(1, 120)),
}

FILES = {
    "hosts": """\
127.0.0.1 localhost
192.0.2.2 nas nas.lan
192.0.2.3 printer
192.0.2.4 tv.lan tv
2001:db8::2 nas
ff02::1 ip6-allnodes
""",
    "block": """\
0.0.0.0 ads.cdn.example
0.0.0.0 tracker.example
:: six.cdn.example
192.0.2.8 images.cdn.example
0.0.0.0 mixed.cdn.example
192.0.2.7 mixed.cdn.example
""",
    "several": """\
192.0.2.1 web
192.0.2.2 web
192.0.2.17 web far
192.0.2.200 web # and more
2001:db8::1 web six
192.0.2.3 app.lan
""",
    "d/one.conf": "address=/one.example/192.0.2.1\n",
    "d/two": "address=/two.example/192.0.2.2\n",
    "d/three.off.conf": "address=/three.example/192.0.2.3\n",
    "d/.hidden.conf": "address=/hidden.example/192.0.2.4\n",
    "more": "host-record=more.example,192.0.2.5\nconf-file={folder}/d/two\n",
    "hostsdir/a": "192.0.2.1 a.example\n192.0.2.2 a.example\n",
    "hostsdir2/b": "192.0.2.3 b.example a.example\n",
    "hostsdir2/c~": "192.0.2.4 c.example\n",
    "servers": "server=/out.lab.example/{upstream}\nserver=/in.example/{upstream}\n",
}
