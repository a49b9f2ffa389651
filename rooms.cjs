/**
 * The rooms of the house: one folder each (and main.ts), what is in it, and onto which other rooms it is built. A room may
 * import what it is built on and everything beneath that, and nothing else of ours. ESLint (eslint.config.mjs) and
 * dependency-cruiser (.dependency-cruiser.cjs) hold every import to it; the picture and the table in CONTRIBUTING.md are
 * made of it by `npm run generate`.
 */

/**
 * From the ground up.
 * @type {Readonly<Record<string, { readonly has: string, readonly on: readonly string[] }>>}
 */
const ROOMS = {
  model: { has: "the words of this project as types and pure functions", on: [] },
  clients: { has: "everything outside that we speak to, one file or folder per system", on: ["model"] },
  config: { has: "facts only: platforms, release files, waivers, and `checks/` across them", on: ["model"] },
  constructs: { has: "how one thing is made, by area: `hetzner/`, `docker/`, `edge/` …", on: ["model"] },
  simulators: { has: "clouds, stores and registries that run on a computer, for tests and rehearsal", on: ["model"] },
  terraform: { has: "Terraform as a program: its plugins, plans, states, errors", on: ["clients"] },
  stacks: { has: "maps a platform to constructs; holds no facts of its own", on: ["config", "constructs"] },
  "main.ts": { has: "platform → stacks → synth", on: ["stacks", "terraform"] },
  inputs: { has: "what a stack has to be told: files, examples, what is missing", on: ["terraform"] },
  release: {
    has: "the release engine, as the story it is: machine, guard, verdict, journal",
    on: ["config", "terraform"],
  },
  review: { has: "a plan → what a reviewer reads; its fingerprint, policies", on: ["release"] },
  delivery: { has: "what a pipeline does at GitHub and Hetzner: comments, the way in", on: ["clients", "config"] },
  doctor: { has: "looks at everything that a deploy needs, each with its fix", on: ["delivery", "terraform"] },
  rehearsal: {
    has: "the whole deployment on one computer: the world, the drills, the report",
    on: ["main.ts", "review", "delivery", "simulators"],
  },
  images: { has: "the Dockerfile for a monorepo's services, and a trial of it", on: ["main.ts"] },
  cli: { has: "the program `twinset`: parses, calls the above, prints", on: ["doctor", "inputs", "rehearsal"] },
  bench: {
    has: "how long a synth takes, when visitors see a move, how often the verdict on a canary is right",
    on: ["cli"],
  },
};

/**
 * What a room may import, besides itself: what it is built on, and what that is built on.
 * @param {string} room
 * @returns {string[]}
 */
function mayImport(room) {
  const below = new Set();
  const add = (name) =>
    ROOMS[name].on.forEach((other) => {
      below.add(other);
      add(other);
    });
  add(room);
  return Object.keys(ROOMS).filter((name) => below.has(name));
}

/**
 * Files of over 400 lines that stay so, path → reason. Tests may be longer.
 * @type {Readonly<Record<string, string>>}
 */
const LONG_FILES = {};

module.exports = { ROOMS, mayImport, LONG_FILES };
