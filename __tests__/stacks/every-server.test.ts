/** What every platform's stacks on servers promise, as the catalog says it. */
import { describe, expect, test } from "@jest/globals";
import type { HetznerHost } from "../../model/environment";
import { namesOf, planOf, servicesOf } from "../../model/platform";
import { type Body, everyCase, map } from "../support/cases";

const ON_SERVERS = everyCase().filter(([, { environment }]) => environment.host.kind === "hetzner");

describe.each(ON_SERVERS)("%s", (_, { platform, environment, stack }) => {
  const host = environment.host as HetznerHost;
  const server = stack.resource("hcloud_server", "host_server") as Body;
  const edge = stack.container("edge") as Body;
  const shared = JSON.parse(stack.routing("edge-settings")) as Body;

  describe("host", () => {
    test("has the catalog's type and image, where it says", () => {
      expect(server).toMatchObject({ server_type: host.serverType, image: host.image, location: host.location });
      expect(server).not.toHaveProperty("datacenter");
    });
    test("SSH from listed addresses, 80 and 443 from everywhere, nothing else", () => {
      const rules = stack.resource("hcloud_firewall", "host_firewall")["rule"] as Body[];
      expect(rules.filter((r) => r["protocol"] === "tcp").map((r) => [r["port"], r["source_ips"]])).toEqual([
        ["22", "${var.ssh_allowed_cidrs}"],
        ["80", ["0.0.0.0/0", "::/0"]],
        ["443", ["0.0.0.0/0", "::/0"]],
      ]);
      expect(rules.filter((r) => r["protocol"] !== "tcp").map((r) => r["protocol"])).toEqual(["icmp"]);
    });
    test("it is behind its own firewall, and a job's way in beside that is no difference", () => {
      expect(server).toMatchObject({
        firewall_ids: ["${hcloud_firewall.host_firewall.id}"],
        ignore_remote_firewall_ids: true,
      });
    });
    test("Terraform refuses SSH from everywhere, or from nowhere", () => {
      const [validation] = (stack.json["variable"] as Body)["ssh_allowed_cidrs"].validation;
      expect(validation.condition).toContain('!endswith(c, "/0")');
      expect(validation.condition).toContain("length(var.ssh_allowed_cidrs) > 0");
    });
    test("addresses and volume outlive the server, and are protected where the catalog says so: in production they are", () => {
      if (environment.name === "production") expect(host).toMatchObject({ protected: true, backups: true });
      for (const [type, name] of [
        ["hcloud_primary_ip", "host_ipv4"],
        ["hcloud_primary_ip", "host_ipv6"],
        ["hcloud_volume", "host_data"],
      ] as const) {
        expect(stack.resource(type, name)).toMatchObject({
          delete_protection: host.protected,
          lifecycle: { prevent_destroy: host.protected },
        });
      }
      expect(stack.resource("hcloud_primary_ip", "host_ipv4")["auto_delete"]).toBe(false);
      expect(server).toMatchObject({
        delete_protection: host.protected,
        rebuild_protection: host.protected,
        backups: host.backups,
        lifecycle: { prevent_destroy: host.protected },
      });
    });
    test("the Docker host is the primary IP's address, not the server's", () => {
      const [docker] = (stack.json["provider"] as Body)["docker"];
      expect(docker.host).toBe("ssh://deploy@${hcloud_primary_ip.host_ipv4.ip_address}");
      expect(JSON.stringify(docker)).not.toContain("hcloud_server");
    });
    test("a first start installs Docker on the data volume, lets only keys in and raises sshd's limits", () => {
      for (const text of [
        "docker.io",
        "/var/lib/docker/volumes",
        "PasswordAuthentication no",
        "PermitRootLogin no",
        "MaxStartups 100:30:200",
        "MaxSessions 100",
        "values(var.ssh_public_keys)",
      ]) {
        expect(server["user_data"]).toContain(text);
      }
    });
    test("a changed cloud-init, key or image does not replace a running server", () => {
      expect(server["lifecycle"].ignore_changes).toEqual(["user_data", "ssh_keys", "image"]);
    });
    test("reverse DNS for both addresses, placement, private network", () => {
      expect(map(stack.all("hcloud_rdns"), (record) => record["dns_ptr"])).toEqual({
        "host_rdns-ipv4": host.reverseDns,
        "host_rdns-ipv6": host.reverseDns,
      });
      expect(server["placement_group_id"]).toBe("${hcloud_placement_group.host_placement.id}");
      expect(server["network"]).toEqual([{ alias_ips: [], network_id: "${hcloud_network.host_network.id}" }]);
    });
    test("everything on the engine waits for the gate, and comes back with a new server", () => {
      for (const type of ["docker_container", "docker_image", "docker_network"]) {
        for (const body of Object.values(stack.all(type)) as Body[]) {
          expect(body["depends_on"]).toContain("terraform_data.host_ready");
          expect(body["lifecycle"].replace_triggered_by).toEqual(["terraform_data.host_ready"]);
        }
      }
      expect(stack.resource("terraform_data", "host_ready")["triggers_replace"]).toEqual({
        server: "${hcloud_server.host_server.id}",
        attachment: "${hcloud_volume_attachment.host_attachment.id}",
      });
    });
    test("volumes are not replaced with the server: they lie on the Hetzner volume", () => {
      for (const body of Object.values(stack.all("docker_volume")) as Body[]) {
        expect(body["lifecycle"]).not.toHaveProperty("replace_triggered_by");
      }
    });
  });

  describe("edge", () => {
    test("HTTP is redirected to HTTPS for good", () => {
      for (const end of ["to=websecure", "scheme=https", "permanent=true"]) {
        expect(edge["command"]).toContain(`--entrypoints.web.http.redirections.entrypoint.${end}`);
      }
    });
    test("TLS 1.2 and newer; HSTS as long as the zone says, with subdomains and preload", () => {
      expect(shared["tls"].options.default.minVersion).toBe("VersionTLS12");
      expect(shared["http"].middlewares["security-headers"].headers).toMatchObject({
        stsSeconds: platform.zone.hstsMaxAge.seconds,
        stsIncludeSubdomains: true,
        stsPreload: true,
      });
    });
    test("certificates by the catalog's challenge; where that is DNS, one wildcard covers every name", () => {
      const { tls } = environment;
      const dns = tls.kind === "letsencrypt" && tls.challenge === "dns";
      const challenge = dns ? "dnschallenge.provider=cloudflare" : "httpchallenge.entrypoint=web";
      expect(edge["command"]).toContain(`--certificatesresolvers.letsencrypt.acme.${challenge}`);
      expect(edge["env"]).toEqual(dns ? ["CF_DNS_API_TOKEN=${var.edge_dns_token}"] : []);
      expect((edge["command"] as string[]).filter((argument) => argument.includes("tls.domains"))).toEqual(
        dns
          ? [
              `--entrypoints.websecure.http.tls.domains[0].main=${platform.zone.name}`,
              `--entrypoints.websecure.http.tls.domains[0].sans=*.${platform.zone.name}`,
            ]
          : [],
      );
      const deep = servicesOf(platform)
        .flatMap((service) => namesOf(service, environment))
        .filter((name) => name.slice(0, -platform.zone.name.length - 1).includes("."));
      if (dns) expect(deep).toEqual([]);
    });
  });

  describe("names", () => {
    test("every name of the catalog, those for webhooks too, is a record of the server's address", () => {
      const records = Object.values(stack.all("cloudflare_dns_record")).filter((record) => record["type"] === "A");
      const found = records.map(({ name, content, proxied }) => [name, content, proxied]);
      const expected = servicesOf(platform).flatMap((service) =>
        namesOf(service, environment).map((name) => [
          name,
          "${hcloud_primary_ip.host_ipv4.ip_address}",
          service.access.proxied,
        ]),
      );
      expect(found.sort()).toEqual(expected.sort());
    });
    test("what a zone has once is made by its owner alone: TLS strict, HTTPS only, minimum version, HSTS, other records", () => {
      const owns = environment.dns.kind === "cloudflare" && environment.dns.ownsZone;
      const settings = map(stack.all("cloudflare_zone_setting"), (setting) => setting["value"]);
      const others = Object.values(stack.all("cloudflare_dns_record")).filter((record) => record["type"] !== "A");
      expect(others).toHaveLength(owns ? (platform.zone.records ?? []).length : 0);
      if (!owns) {
        expect([settings, stack.all("cloudflare_page_rule"), stack.all("cloudflare_ruleset")]).toEqual([{}, {}, {}]);
        return;
      }
      // The free plan refuses to have it set, even to what it is.
      expect(settings["zone_http2"]).toBe(planOf(platform.zone) === "free" ? undefined : "on");
      expect(settings).toMatchObject({
        zone_ssl: "strict",
        "zone_always-use-https": "on",
        "zone_min-tls-version": platform.zone.minTlsVersion,
        "zone_security-header": {
          strict_transport_security: { enabled: true, max_age: platform.zone.hstsMaxAge.seconds },
        },
      });
    });
  });

  test("state in R2 with a lock file, without a name or a key of an account", () => {
    const { state } = environment;
    expect((stack.json["terraform"] as Body)["backend"].s3).toEqual({
      bucket: state.kind === "s3" && state.bucket,
      key: `${platform.name}/${environment.name}/terraform.tfstate`,
      region: "auto",
      use_lockfile: true,
      use_path_style: true,
      skip_credentials_validation: true,
      skip_metadata_api_check: true,
      skip_region_validation: true,
      skip_requesting_account_id: true,
      skip_s3_checksum: true,
    });
  });
  test("no variable has a default", () => {
    for (const variable of Object.values(stack.json["variable"] as Body))
      expect(variable).not.toHaveProperty("default");
  });
});
