package router

import "encoding/json"

// Hosts are those that the router knows, as luci-rpc's getHostHints has them.
// The third has a name that a host may give itself.
const hosts = `{
	"00:11:32:12:34:56": { "name": "nas", "ipaddrs": [ "192.168.1.10" ], "ip6addrs": [ "2001:db8:1200:0:211:32ff:fe12:3456", "fe80::211:32ff:fe12:3456" ] },
	"52:54:00:AA:BB:01": { "name": "camera", "ipaddrs": [ "192.168.1.20" ], "ip6addrs": [] },
	"52:54:00:AA:BB:02": { "name": "<img src=x onerror=pwned(1)>", "ipaddrs": [ "192.168.1.21" ], "ip6addrs": [ "2001:db8:1200::21" ] }
}`

const interfaces = `{ "interface": [
	{ "interface": "lan", "up": true, "proto": "static", "device": "br-lan", "l3_device": "br-lan", "ipv4-address": [ { "address": "192.168.1.1", "mask": 24 } ],
	  "ipv6-address": [], "ipv6-prefix": [], "ipv6-prefix-assignment": [], "route": [], "dns-server": [], "dns-search": [], "data": {} },
	{ "interface": "wan", "up": true, "proto": "pppoe", "device": "eth0", "l3_device": "pppoe-wan", "ipv4-address": [], "ipv6-address": [],
	  "ipv6-prefix": [], "ipv6-prefix-assignment": [], "route": [ { "target": "0.0.0.0", "mask": 0, "nexthop": "192.0.2.1" } ], "dns-server": [], "dns-search": [], "data": {} },
	{ "interface": "wan6", "up": true, "proto": "dhcpv6", "device": "pppoe-wan", "l3_device": "pppoe-wan", "ipv4-address": [], "ipv6-address": [],
	  "ipv6-prefix": [], "ipv6-prefix-assignment": [], "route": [], "dns-server": [], "dns-search": [], "data": {} }
] }`

const devices = `{
	"br-lan": { "devtype": "bridge", "name": "br-lan", "up": true, "bridge": true, "ports": [ "eth1" ], "ipaddrs": [], "ip6addrs": [], "flags": { "up": true }, "link": {}, "stats": {} },
	"eth0": { "devtype": "ethernet", "name": "eth0", "up": true, "ipaddrs": [], "ip6addrs": [], "flags": { "up": true }, "link": {}, "stats": {} },
	"eth1": { "devtype": "ethernet", "name": "eth1", "up": true, "master": "br-lan", "ipaddrs": [], "ip6addrs": [], "flags": { "up": true }, "link": {}, "stats": {} },
	"pppoe-wan": { "devtype": "ppp", "name": "pppoe-wan", "up": true, "ipaddrs": [], "ip6addrs": [], "flags": { "up": true }, "link": {}, "stats": {} }
}`

// networkAnswer is what LuCI's network.js asks.
func networkAnswer(method string) (any, int) {
	switch method {
	case "luci-rpc.getHostHints":
		return json.RawMessage(hosts), ubusOK
	case "luci-rpc.getNetworkDevices":
		return json.RawMessage(devices), ubusOK
	case "luci-rpc.getBoardJSON":
		return json.RawMessage(`{ "model": { "id": "test", "name": "test" }, "network": {} }`), ubusOK
	case "luci-rpc.getWirelessDevices":
		return json.RawMessage(`{}`), ubusOK
	case "network.get_proto_handlers":
		return json.RawMessage(`{ "static": {}, "dhcp": {}, "dhcpv6": {}, "pppoe": {} }`), ubusOK
	case "network.interface.dump":
		return json.RawMessage(interfaces), ubusOK
	}
	return nil, ubusNotFound
}
