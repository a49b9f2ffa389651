/**
 * What Traefik cannot do by itself, as a plugin of it (Go, which Traefik interprets): find out who a visitor behind a trusted
 * proxy is, and give services that one address. Traefik alone passes on what a trusted proxy sends, the parts of it that the
 * visitor wrote included, and has no way to set a header to a part of another (ADR 0015). nginx has its realip module for it.
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
	trusted []netip.Prefix
	set     map[string]string
	remove  map[string]bool
}

func New(_ context.Context, next http.Handler, config *Config, _ string) (http.Handler, error) {
	v := &visitor{next: next, set: map[string]string{}, remove: map[string]bool{}}
	for _, text := range config.Trusted {
		network, err := prefix(text)
		if err != nil {
			return nil, err
		}
		v.trusted = append(v.trusted, network)
	}
	for name, known := range config.Set {
		name = http.CanonicalHeaderKey(name)
		v.remove[name] = true
		// Traefik's proxy writes it, by the address that the request comes from.
		if name != "X-Forwarded-For" {
			v.set[name] = known
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

func (v *visitor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	said := r.Header["X-Forwarded-For"]
	for name := range r.Header {
		if v.remove[name] || v.remove[plain(name)] {
			delete(r.Header, name)
		}
	}
	host, port, _ := net.SplitHostPort(r.RemoteAddr)
	client := v.client(host, said)
	r.RemoteAddr = net.JoinHostPort(client, port)
	for name, known := range v.set {
		r.Header[name] = []string{value(known, client, r)}
	}
	v.next.ServeHTTP(w, r)
}

// Languages that make variables of headers (CGI's way) know "_" and "-" as one, and some any other sign, too.
func plain(name string) string {
	if !strings.ContainsAny(name, "_.!#$%&'*+^\`|~") {
		return name
	}
	letters := []byte(name)
	for i, c := range letters {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9') {
			letters[i] = '-'
		}
	}
	return http.CanonicalHeaderKey(string(letters))
}

func value(known string, client string, r *http.Request) string {
	switch known {
	case "client":
		return client
	case "host":
		return r.Host
	case "scheme":
		if r.TLS != nil {
			return "https"
		}
		return "http"
	}
	if _, port, err := net.SplitHostPort(r.Host); err == nil && port != "" {
		return port
	}
	if r.TLS != nil {
		return "443"
	}
	return "80"
}

// From the nearest to the farthest, as long as whoever says where the request comes from is trusted. nginx's realip does so.
func (v *visitor) client(peer string, said []string) string {
	client, err := netip.ParseAddr(peer)
	if err != nil {
		return peer
	}
	client = client.Unmap().WithZone("")
	if len(said) > 0 && v.isTrusted(client) {
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
	for _, network := range v.trusted {
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
