/** What the Dockerfile of a monorepo's images promises (docs/images.md), each as something that can be looked for. */
import { DockerfileParser, Entrypoint, type Instruction, type JSONInstruction } from "dockerfile-ast";
import { Cmd } from "dockerfile-ast/lib/instructions/cmd";
import { Healthcheck } from "dockerfile-ast/lib/instructions/healthcheck";
import { PLATFORMS } from "../../config/platforms";
import { type Health, healthTest } from "../../model/health";
import { servicesFor, type Target, TARGETS } from "../../images/targets";

interface Line {
  readonly keyword: string;
  readonly text: string;
  readonly instruction: Instruction;
}

interface Stage {
  readonly name: string;
  readonly base: string;
  readonly lines: readonly Line[];
}

/** A Dockerfile by its stages. */
export class Stages {
  /** `ARG` before the first stage, name → default. */
  readonly globals: ReadonlyMap<string, string>;
  readonly stages: ReadonlyMap<string, Stage>;

  constructor(text: string) {
    const file = DockerfileParser.parse(text);
    this.globals = new Map(
      file.getInitialARGs().map((arg) => {
        const property = arg.getProperty()!;
        return [property.getName(), property.getValue() ?? ""];
      }),
    );
    const stages = new Map<string, Stage>();
    for (const from of file.getFROMs()) {
      const block = file.getContainingImage(from.getRange().start)!;
      const lines = block.getInstructions().map((instruction) => ({
        keyword: instruction.getKeyword(),
        // The library leaves flags out of the arguments of some instructions.
        text: textIn(text, instruction.getRange())
          .replace(/^\w+ +/, "")
          .replace(/\\\n\s*/g, " "),
        instruction,
      }));
      const name = from.getBuildStage() ?? "";
      stages.set(name, { name, base: from.getImage() ?? "", lines });
    }
    this.stages = stages;
  }

  /** All instructions that make a stage, those of the stages that it is made of first. */
  chain(name: string): readonly Line[] {
    const stage = this.stages.get(name);
    return stage ? [...this.chain(stage.base), ...stage.lines] : [];
  }

  /** Names of a stage and of those that it is made of. */
  ancestry(name: string): readonly string[] {
    const stage = this.stages.get(name);
    return stage ? [...this.ancestry(stage.base), name] : [];
  }

  of(name: string, keyword: string): readonly Line[] {
    return this.chain(name).filter((line) => line.keyword === keyword);
  }

  get all(): readonly Line[] {
    return [...this.stages.values()].flatMap(({ lines }) => lines);
  }
}

function textIn(text: string, { start, end }: ReturnType<Instruction["getRange"]>): string {
  const lines = text.split("\n").slice(start.line, end.line + 1);
  lines[lines.length - 1] = lines[lines.length - 1]!.slice(0, end.character);
  return lines.join("\n").slice(start.character);
}

const last = <T>(list: readonly T[]): T | undefined => list[list.length - 1];

/** A health check as the image has it, in the catalog's form. */
function healthcheckOf(line: Line | undefined): { command: string; timings: Record<string, string> } | undefined {
  if (!(line?.instruction instanceof Healthcheck)) return undefined;
  const timings = Object.fromEntries(
    line.instruction.getFlags().map((flag) => [flag.getName(), flag.getValue() ?? ""] as const),
  );
  const command = /CMD (\[.*\])/.exec(line.text)?.[1];
  return { command: command ? (JSON.parse(command) as string[]).join(" ") : "", timings };
}

const timingsOf = (health: Health): Record<string, string> => ({
  interval: `${health.every.seconds}s`,
  timeout: `${health.timeout.seconds}s`,
  "start-period": `${health.startPeriod.seconds}s`,
  retries: String(health.retries),
});

const isExec = (line: Line | undefined): boolean =>
  (line?.instruction instanceof Cmd || line?.instruction instanceof Entrypoint) &&
  (line.instruction as JSONInstruction).getOpeningBracket() !== null;

/** Does every target keep it? */
const each = (check: (target: Target) => boolean): boolean => TARGETS.every(check);

const NODE_TARGETS = ["nestjs", "sveltekit"] as const;
const PACKAGE_MANAGERS = [
  "/usr/local/lib/node_modules",
  "/opt/yarn-",
  ...["npm", "npx", "corepack", "yarn", "yarnpkg"].map((name) => `/usr/local/bin/${name}`),
];

export const PROMISES: Readonly<Record<string, (file: Stages) => boolean>> = {
  "the container's user is 1001": (file) => each((target) => last(file.of(target, "USER"))?.text === "1001:1001"),

  "the health check asks what the catalog asks, as often, with wget": (file) =>
    each((target) => {
      const found = healthcheckOf(last(file.of(target, "HEALTHCHECK")));
      return servicesFor(target).every(({ health, port }) => {
        const asked = healthTest(health, port).slice(1);
        const [program, ...rest] = (found?.command ?? "")
          .replace("sh -c ", "")
          .replace("$PORT", String(port))
          .split(" ");
        return (
          program === asked[0] &&
          rest.sort().join() === asked.slice(1).sort().join() &&
          JSON.stringify(Object.entries(found?.timings ?? {}).sort()) ===
            JSON.stringify(Object.entries(timingsOf(health)).sort())
        );
      });
    }),

  "it exposes the port that it listens on": (file) =>
    each(
      (target) =>
        file
          .of(target, "EXPOSE")
          .map(({ text }) => text)
          .join() === "${PORT}" && file.of(target, "ENV").some(({ text }) => text === "PORT=${PORT}"),
    ),

  "webs and landings listen on the catalog's port unless told otherwise": (file) =>
    (["sveltekit", "astro"] as const).every((target) =>
      servicesFor(target).every(({ port }) => file.of(target, "ARG").some(({ text }) => text === `PORT=${port}`)),
    ),

  "base images have a whole version, and may have a digest": (file) =>
    [...file.stages.values()]
      .filter(({ base }) => !file.stages.has(base))
      .every(({ base }) => {
        const [, name] = /^[a-z]+:\$\{(\w+)_TAG\}\$\{\1_DIGEST:\+@\$\{\1_DIGEST\}\}$/.exec(base) ?? [];
        return (
          name !== undefined &&
          /^\d+\.\d+\.\d+-alpine\d+\.\d+(-slim)?$/.test(file.globals.get(`${name}_TAG`) ?? "") &&
          file.globals.get(`${name}_DIGEST`) === ""
        );
      }),

  "no secret goes through a build argument or the environment": (file) =>
    [
      ...file.globals.keys(),
      ...file.all.filter(({ keyword }) => ["ARG", "ENV"].includes(keyword)).map(({ text }) => text),
    ]
      .flatMap((text) => text.split(" ").map((pair) => pair.split("=")[0]!))
      .every((name) => !/secret|token|passw|credential|private|(^|_)key$/i.test(name)),

  "dependencies are the lockfile's": (file) => {
    const installs = file.all.filter(({ keyword, text }) => keyword === "RUN" && text.includes("pnpm install"));
    return installs.length > 0 && installs.every(({ text }) => text.includes(" --frozen-lockfile "));
  },

  "downloads are kept between builds": (file) =>
    file.all
      .filter(({ text }) => text.includes("pnpm install"))
      .every(({ text }) => text.startsWith("--mount=type=cache,id=pnpm,target=/pnpm/store ")) &&
    file.all.some(
      ({ keyword, text }) => keyword === "ENV" && text.split(" ").includes("npm_config_store_dir=/pnpm/store"),
    ),

  "a change of sources does not install again": (file) =>
    ["build", "production"].every((name) => {
      const lines = file.chain(name);
      const install = lines.findIndex(({ text }) => text.includes("pnpm install"));
      const sources = lines.findIndex(({ keyword, text }) => keyword === "COPY" && text === ". .");
      return install >= 0 && (sources < 0 || install < sources);
    }),

  "servers get production dependencies, installed apart from those of the build": (file) =>
    !file.ancestry("production").includes("build") &&
    file.of("production", "RUN").some(({ text }) => text.includes("pnpm install --prod ")) &&
    NODE_TARGETS.every((target) => file.of(target, "COPY").some(({ text }) => text === "--from=production /app /app")),

  "nothing else of the build stages gets into an image": (file) =>
    each(
      (target) => !file.ancestry(target).some((name) => ["manifests", "pnpm", "build", "production"].includes(name)),
    ) &&
    each((target) =>
      file
        .of(target, "COPY")
        .filter(({ text }) => !/^(--chmod=755 )?\$\{TEMPLATES\}\//.test(text))
        .every(({ text }) =>
          ["--from=production /app /app", "--from=build /monorepo/${PROJECT_PATH}/dist /srv"].includes(text),
        ),
    ),

  "there is no package manager": (file) =>
    NODE_TARGETS.every((target) =>
      file
        .of(target, "RUN")
        .some(({ text }) => text.startsWith("rm -rf ") && PACKAGE_MANAGERS.every((path) => text.includes(` ${path}`))),
    ),

  "what the service runs is not its own": (file) =>
    file.all.filter(({ keyword }) => keyword === "COPY").every(({ text }) => !text.includes("--chown")) &&
    file.all.every(({ keyword, text }) => keyword !== "RUN" || !/\bchown\b/.test(text)),

  "the program gets its signals itself": (file) =>
    each((target) => isExec(last(file.chain(target).filter(({ keyword }) => ["CMD", "ENTRYPOINT"].includes(keyword))))),

  "running requests may end": (file) =>
    file.of("astro", "STOPSIGNAL").some(({ text }) => text === "SIGQUIT") &&
    file.of("sveltekit", "ENV").some(({ text }) => {
      const seconds = Number(/SHUTDOWN_TIMEOUT=(\d+)/.exec(text)?.[1]);
      return servicesFor("sveltekit").every(({ gracePeriodSeconds }) => seconds < (gracePeriodSeconds ?? 30));
    }),

  "labels say source, revision and version": (file) =>
    each((target) => {
      const labels = file
        .of(target, "LABEL")
        .map(({ text }) => text)
        .join(" ");
      const args = file.of(target, "ARG").map(({ text }) => text);
      return ["source", "revision", "version"].every(
        (name) =>
          labels.includes(`org.opencontainers.image.${name}=\${${name.toUpperCase()}}`) &&
          args.includes(name.toUpperCase()),
      );
    }),

  "a migration's command is in the image of a backend": (file) =>
    PLATFORMS["manacore"]!.products.flatMap(({ migration }) => (migration ? [migration] : [])).every(
      ({ service, command }) =>
        TARGETS.filter((target) => servicesFor(target).some(({ name }) => name === service)).every((target) =>
          file
            .of(target, "COPY")
            .some(({ text }) => text === `--chmod=755 \${TEMPLATES}/${command[0]} /usr/local/bin/${command[0]}`),
        ),
    ),
};

/** Names of the promises that a Dockerfile does not keep. */
export function brokenPromises(text: string): string[] {
  const file = new Stages(text);
  return Object.entries(PROMISES)
    .filter(([, kept]) => !kept(file))
    .map(([name]) => name);
}
