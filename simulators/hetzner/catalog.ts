/**
 * What can be ordered: locations, server types, images. Names, sizes and where a type is sold are Hetzner's; ids and
 * prices are made up, so that nobody takes a sum from a simulator.
 */

export interface Location {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly country: string;
  readonly city: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly network_zone: string;
}

const location = (
  id: number,
  name: string,
  description: string,
  country: string,
  city: string,
  latitude: number,
  longitude: number,
  network_zone: string,
): Location => ({ id, name, description, country, city, latitude, longitude, network_zone });

export const LOCATIONS: readonly Location[] = [
  location(1, "fsn1", "Falkenstein DC Park 1", "DE", "Falkenstein", 50.47612, 12.370071, "eu-central"),
  location(2, "nbg1", "Nuremberg DC Park 1", "DE", "Nuremberg", 49.452102, 11.076665, "eu-central"),
  location(3, "hel1", "Helsinki DC Park 1", "FI", "Helsinki", 60.169855, 24.938379, "eu-central"),
  location(4, "ash", "Ashburn, VA", "US", "Ashburn, VA", 39.045821, -77.487073, "us-east"),
  location(5, "hil", "Hillsboro, OR", "US", "Hillsboro, OR", 45.54222, -122.951924, "us-west"),
  location(6, "sin", "Singapore", "SG", "Singapore", 1.283333, 103.833333, "ap-southeast"),
];

export const NETWORK_ZONES: readonly string[] = [...new Set(LOCATIONS.map((entry) => entry.network_zone))];

export interface ServerType {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly cores: number;
  /** GB */
  readonly memory: number;
  /** GB */
  readonly disk: number;
  readonly cpu_type: "shared" | "dedicated";
  readonly architecture: "x86" | "arm";
  /** Names of the locations that sell it. */
  readonly soldIn: readonly string[];
}

const EUROPE = ["fsn1", "nbg1", "hel1"];
const ELSEWHERE = ["ash", "hil", "sin"];

interface Family {
  readonly prefix: string;
  readonly category: string;
  readonly cpu: "shared" | "dedicated";
  readonly architecture: "x86" | "arm";
  readonly soldIn: readonly string[];
  /** Number in the name → cores, memory, disk. */
  readonly sizes: Readonly<Record<number, readonly [cores: number, memory: number, disk: number]>>;
}

const FAMILIES: readonly Family[] = [
  {
    prefix: "cx",
    category: "Shared vCPU",
    cpu: "shared",
    architecture: "x86",
    soldIn: EUROPE,
    sizes: { 23: [2, 4, 40], 33: [4, 8, 80], 43: [8, 16, 160], 53: [16, 32, 320] },
  },
  {
    prefix: "cpx",
    category: "Shared vCPU",
    cpu: "shared",
    architecture: "x86",
    soldIn: EUROPE,
    sizes: {
      12: [1, 2, 40],
      22: [2, 4, 80],
      32: [4, 8, 160],
      42: [8, 16, 320],
      52: [12, 24, 480],
      62: [16, 32, 640],
    },
  },
  {
    prefix: "cpx",
    category: "Shared vCPU",
    cpu: "shared",
    architecture: "x86",
    soldIn: ELSEWHERE,
    sizes: { 11: [2, 2, 40], 21: [3, 4, 80], 31: [4, 8, 160], 41: [8, 16, 240], 51: [16, 32, 360] },
  },
  {
    prefix: "cax",
    category: "Shared vCPU",
    cpu: "shared",
    architecture: "arm",
    soldIn: EUROPE,
    sizes: { 11: [2, 4, 40], 21: [4, 8, 80], 31: [8, 16, 160], 41: [16, 32, 320] },
  },
  {
    prefix: "ccx",
    category: "Dedicated vCPU",
    cpu: "dedicated",
    architecture: "x86",
    soldIn: [...EUROPE, ...ELSEWHERE],
    sizes: {
      13: [2, 8, 80],
      23: [4, 16, 160],
      33: [8, 32, 240],
      43: [16, 64, 360],
      53: [32, 128, 600],
      63: [48, 192, 960],
    },
  },
];

export const SERVER_TYPES: readonly ServerType[] = FAMILIES.flatMap((family) =>
  Object.entries(family.sizes).map(([size, [cores, memory, disk]]) => ({
    name: `${family.prefix}${size}`,
    description: `${family.prefix}${size}`.toUpperCase(),
    category: family.category,
    cores,
    memory,
    disk,
    cpu_type: family.cpu,
    architecture: family.architecture,
    soldIn: family.soldIn,
  })),
).map((type, index) => ({ id: 101 + index, ...type }));

export const INCLUDED_TRAFFIC = 20 * 1024 ** 4;

/** Made up, but dearer where more is bought. */
export const monthlyPrice = ({ cores, memory, cpu_type }: ServerType): number =>
  (cores * 1.5 + memory * 0.5) * (cpu_type === "dedicated" ? 2 : 1);

export interface OsImage {
  readonly type: "system" | "app";
  readonly name: string;
  readonly description: string;
  readonly os_flavor: string;
  readonly os_version: string;
  readonly deprecated: string | null;
}

const image = (os_flavor: string, os_version: string, title: string, deprecated: string | null = null): OsImage => ({
  type: "system",
  name: `${os_flavor}-${os_version}`,
  description: `${title} ${os_version}`,
  os_flavor,
  os_version,
  deprecated,
});

/** Each exists for both architectures. */
export const OS_IMAGES: readonly OsImage[] = [
  image("ubuntu", "22.04", "Ubuntu"),
  image("ubuntu", "24.04", "Ubuntu"),
  image("debian", "11", "Debian", "2026-08-31T00:00:00+00:00"),
  image("debian", "12", "Debian"),
  image("debian", "13", "Debian"),
  image("fedora", "42", "Fedora"),
  image("rocky", "9", "Rocky Linux"),
  image("alma", "9", "AlmaLinux"),
  {
    type: "app",
    name: "docker-ce",
    description: "Docker CE",
    os_flavor: "ubuntu",
    os_version: "24.04",
    deprecated: null,
  },
];

export interface Iso {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly type: "public";
  readonly architecture: "x86" | "arm";
  readonly deprecation: null;
}

const iso = (id: number, name: string, architecture: "x86" | "arm"): Iso => ({
  id,
  name,
  description: name.replace(/\.iso$/, ""),
  type: "public",
  architecture,
  deprecation: null,
});

export const ISOS: readonly Iso[] = [
  iso(301, "debian-13.1.0-amd64-netinst.iso", "x86"),
  iso(302, "debian-13.1.0-arm64-netinst.iso", "arm"),
  iso(303, "ubuntu-24.04.3-live-server-amd64.iso", "x86"),
];
