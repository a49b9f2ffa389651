/**
 * A host with an edge that serves what its files say, in a folder: the program beside the edge runs there as it is, in a
 * shell of this computer, with its own uptime and boot.
 */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What the edge answers when it is asked which revision it serves: lines of shell, with `$file`. */
export const SERVES = `sed -nE 's/.*X-Twinset-Revision[" =:\\\\]+([0-9a-f]{12}).*/  X-Twinset-Revision: \\1/p' "$file" >&2`;
export const SERVES_ANOTHER = `echo "  X-Twinset-Revision: 000000000000" >&2`;

/** What stands in the program, and what stands for it in a folder. Its uptime stands still, so it gives up at once. */
export const replacements = (root: string): readonly (readonly [from: string, to: string])[] => [
  ["/routing", join(root, "routing")],
  ["/next", join(root, "next")],
  ["/proc/sys/kernel/random/boot_id", join(root, "boot")],
  ["/proc/uptime", join(root, "uptime")],
  ["/tmp/alive", join(root, "alive")],
  ["+ 30))", "+ 0))"],
];

/** The program with the paths of a folder in place of the container's own. */
export const moved = (program: string, root: string): string =>
  replacements(root).reduce((text, [from, to]) => text.replaceAll(from, to), program);

/** The program that asks the edge. */
export const wget = (root: string, answers: string): string => `#!/bin/sh
for arg; do case $arg in "Host: "*) subject=\${arg#Host: } ;; esac; done
for file in ${root}/routing/"$subject".yml ${root}/routing/"$subject".conf ${root}/routing/*"$subject".conf; do
  if [ -e "$file" ]; then break; fi
done
${answers}
`;

export class ShellEdge {
  readonly root = mkdtempSync(join(tmpdir(), "edge-"));

  /** @param program the one that runs beside the edge */
  constructor(private readonly program: string) {
    for (const folder of ["routing", "next", "bin"]) mkdirSync(join(this.root, folder));
    this.serving(SERVES);
    this.reboot("boot-1", 1000);
  }

  routing(file: string): string {
    return join(this.root, "routing", file);
  }

  /** The routing file as it is, or undefined. */
  served(file: string): string | undefined {
    return existsSync(this.routing(file)) ? readFileSync(this.routing(file), "utf8") : undefined;
  }

  /** A subject's split in force by the program's own record: to be looked at again and again it takes no program. */
  split(subject: string): string | undefined {
    const path = join(this.root, "routing", ".splits", subject, "now");
    return existsSync(path) ? /^split (.*)$/m.exec(readFileSync(path, "utf8"))?.[1] : undefined;
  }

  serving(answers: string): void {
    const path = join(this.root, "bin", "wget");
    writeFileSync(path, wget(this.root, answers));
    chmodSync(path, 0o755);
  }

  reboot(id: string, uptime: number): void {
    writeFileSync(join(this.root, "boot"), `${id}\n`);
    this.at(uptime);
  }

  /** So many seconds after the boot. */
  at(uptime: number): void {
    writeFileSync(join(this.root, "uptime"), `${uptime}.25 17.00\n`);
  }

  get uptime(): string {
    return readFileSync(join(this.root, "uptime"), "utf8");
  }

  next(contents: Readonly<Record<string, string>>): void {
    rmSync(join(this.root, "next"), { recursive: true });
    mkdirSync(join(this.root, "next"));
    for (const [name, content] of Object.entries(contents)) writeFileSync(join(this.root, "next", name), content);
  }

  run(args: readonly string[], input = ""): { code: number | null; said: string } {
    const { status, stdout, stderr }: SpawnSyncReturns<string> = spawnSync(
      "sh",
      ["-c", moved(this.program, this.root), "edge", ...args],
      { env: this.env, encoding: "utf8", input },
    );
    return { code: status, said: stdout + stderr };
  }

  get env(): NodeJS.ProcessEnv {
    return { PATH: `${join(this.root, "bin")}:${process.env["PATH"]}`, HOSTNAME: "job" };
  }

  stop(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
