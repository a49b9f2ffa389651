/**
 * What Traefik cannot do by itself, as a plugin of it (Go, which Traefik interprets): find out who a visitor behind a trusted
 * proxy is, and give services that one address. Traefik alone passes on what a trusted proxy sends, the parts of it that the
 * visitor wrote included, and has no way to set a header to a part of another (ADR 0016). nginx has its realip module for it.
 *
 * From here on the request comes from the visitor: the limits that follow count that address, and Traefik's own proxy writes
 * it into X-Forwarded-For.
 */
import type { EdgeSettings } from "../../model/platform";
import { emptiedHeaders, SET_BY_EDGE } from "../../model/visitor-headers";

/** The plugin's name in Traefik's settings, and the middleware's. */
export const VISITOR = "visitor";
const MODULE = "twinset/visitor";

/** Where Traefik is started: it looks for plugins below its own folder. */
export const PLUGIN_ROOT = "/tmp/edge";

/** For Traefik's command line. Without its plugin it would answer 404 for every name: it must not even start. */
export const PLUGIN_ARGUMENTS: readonly string[] = [
  `--experimental.localplugins.${VISITOR}.modulename=${MODULE}`,
  "--experimental.abortonpluginfailure=true",
];

/** Settings of the middleware. */
export const visitorMiddleware = (settings: Pick<EdgeSettings, "trustedProxies" | "letThrough">): object => ({
  plugin: {
    [VISITOR]: {
      trusted: settings.trustedProxies,
      set: SET_BY_EDGE,
      emptied: emptiedHeaders(settings.letThrough),
    },
  },
});

/** As it is run: without the comments, which are for whoever reads it here. */
const withoutComments = (go: string): string => go.replace(/^\s*\/\/.*\n/gm, "");

const GO = `package visitor

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

type Config struct {
	Trusted []string
	Set     map[string]string
	Emptied []string
}

func CreateConfig() *Config { return &Config{} }

type visitor struct {
	next    http.Handler
	// By the address' first byte: an address is held against few of them.
	trusted map[byte][]netip.Prefix
	remove  map[string]bool
	// Names of the headers that are set, by what is known.
	client, scheme, host, port []string
}

func New(_ context.Context, next http.Handler, config *Config, _ string) (http.Handler, error) {
	v := &visitor{next: next, trusted: map[byte][]netip.Prefix{}, remove: map[string]bool{}}
	for _, text := range config.Trusted {
		network, err := prefix(text)
		if err != nil {
			return nil, err
		}
		bits := network.Bits()
		if bits > 8 {
			bits = 8
		}
		first := int(network.Masked().Addr().AsSlice()[0])
		for b := first; b < first+1<<(8-bits); b++ {
			v.trusted[byte(b)] = append(v.trusted[byte(b)], network)
		}
	}
	for name, known := range config.Set {
		name = http.CanonicalHeaderKey(name)
		v.remove[name] = true
		switch {
		// Traefik's proxy writes it, by the address that the request comes from.
		case name == "X-Forwarded-For":
		case known == "client":
			v.client = append(v.client, name)
		case known == "scheme":
			v.scheme = append(v.scheme, name)
		case known == "host":
			v.host = append(v.host, name)
		case known == "port":
			v.port = append(v.port, name)
		default:
			return nil, errors.New("nothing is known as " + known)
		}
	}
	for _, name := range config.Emptied {
		v.remove[http.CanonicalHeaderKey(name)] = true
	}
	return v, nil
}

func prefix(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		address, err := netip.ParseAddr(text)
		return netip.PrefixFrom(address, address.BitLen()), err
	}
	return netip.ParsePrefix(text)
}

// Each line here is interpreted for each request: no call that a plain visitor's does not need.
func (v *visitor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := r.Header
	said := header["X-Forwarded-For"]
	for name := range header {
		if v.remove[name] || strings.IndexByte(name, '_') >= 0 && v.remove[plain(name)] {
			delete(header, name)
		}
	}
	client, from, _ := net.SplitHostPort(r.RemoteAddr)
	// Of who is not trusted Traefik has thrown it away.
	if len(said) > 0 {
		client = v.find(client, said)
		r.RemoteAddr = net.JoinHostPort(client, from)
	}
	scheme, host, port := "http", r.Host, "80"
	if r.TLS != nil {
		scheme, port = "https", "443"
	}
	// Which port it says is a visitor's word, too.
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		host = host[:colon]
		if own := ownPort(r); own != "" && own != port {
			host, port = host+":"+own, own
		}
	}
	for _, name := range v.client {
		header[name] = []string{client}
	}
	for _, name := range v.scheme {
		header[name] = []string{scheme}
	}
	for _, name := range v.host {
		header[name] = []string{host}
	}
	for _, name := range v.port {
		header[name] = []string{port}
	}
	v.next.ServeHTTP(w, r)
}

func ownPort(r *http.Request) string {
	address, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if address == nil {
		return ""
	}
	_, port, _ := net.SplitHostPort(address.String())
	return port
}

// Languages that make variables of headers (CGI's way) know "_" and "-" as one.
func plain(name string) string {
	return http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-"))
}

// From the nearest to the farthest, as long as whoever says where the request comes from is trusted. nginx's realip does so.
func (v *visitor) find(peer string, said []string) string {
	client, err := netip.ParseAddr(peer)
	if err != nil {
		return peer
	}
	client = client.Unmap().WithZone("")
	chain := strings.Split(strings.Join(said, ","), ",")
	for i := len(chain) - 1; i >= 0 && v.isTrusted(client); i-- {
		text := strings.TrimSpace(chain[i])
		if text == "" {
			continue
		}
		next, err := address(text)
		if err != nil {
			break
		}
		client = next
	}
	return client.String()
}

func address(text string) (netip.Addr, error) {
	found, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		var both netip.AddrPort
		both, err = netip.ParseAddrPort(text)
		found = both.Addr()
	}
	return found.Unmap().WithZone(""), err
}

func (v *visitor) isTrusted(address netip.Addr) bool {
	for _, network := range v.trusted[address.AsSlice()[0]] {
		if network.Contains(address) {
			return true
		}
	}
	return false
}
`;

/** The plugin's files, by their paths below the folder that Traefik is started in. */
const PLUGIN_FILES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    ".traefik.yml": `displayName: ${VISITOR}\ntype: middleware\nimport: ${MODULE}\nsummary: who the visitor is\ntestData: {}\n`,
    "go.mod": `module ${MODULE}\n\ngo 1.22\n`,
    "visitor.go": withoutComments(GO),
  }).map(([name, text]) => [`plugins-local/src/${MODULE}/${name}`, text]),
);

/** A shell script that writes the files and becomes Traefik: Docker cannot write into a read-only container. */
export const START_WITH_PLUGIN = [
  `mkdir -p ${PLUGIN_ROOT}/plugins-local/src/${MODULE}`,
  `cd ${PLUGIN_ROOT}`,
  ...Object.entries(PLUGIN_FILES).map(([path, text]) => `cat > ${path} <<'END'\n${text}END`),
  'exec traefik "$@"',
].join("\n");
