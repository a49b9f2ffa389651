/** Files for an image, gathered from this computer: programs with the libraries that they load. Linux only. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** Where a program is, or undefined. */
export function findProgram(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file) && statSync(file).isFile());
}

/** A directory that will be an image's root. */
export class FileTree {
  constructor(readonly root: string) {
    for (const folder of ["bin", "etc"]) mkdirSync(join(root, folder), { recursive: true });
  }

  /** A file or folder of this computer, by the same path unless another is given, links followed. */
  add(source: string, at = source): this {
    const target = join(this.root, at);
    if (existsSync(target) && !statSync(target).isDirectory()) return this;
    mkdirSync(dirname(target), { recursive: true });
    cpSync(realpathSync(source), target, { recursive: true, dereference: true });
    return this;
  }

  /** A program as /bin/<name>, with its libraries. */
  addProgram(file: string, name: string): this {
    return this.add(file, `/bin/${name}`).addLibraries(file);
  }

  /** The libraries that a program or library loads. */
  addLibraries(file: string): this {
    for (const library of librariesOf(realpathSync(file))) this.add(library);
    return this;
  }

  /** Everything in a folder of programs and libraries, at its own path, with what it loads. */
  addFolder(folder: string): this {
    this.add(folder);
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name);
      // PostgreSQL's just-in-time compiler brings all of LLVM and is not used for small queries.
      if (entry.name.startsWith("llvmjit")) continue;
      if (!entry.isDirectory() && (entry.name.endsWith(".so") || (statSync(file).mode & 0o111) !== 0)) {
        this.addLibraries(file);
      }
    }
    return this;
  }

  write(at: string, content: string, mode = 0o644): this {
    const target = join(this.root, at);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content, { mode });
    return this;
  }

  /** The small tools that scripts and health checks use, each a link to one program. */
  addBusybox(file: string): this {
    this.add(file, "/bin/busybox");
    for (const applet of execFileSync(file, ["--list"], { encoding: "utf8" }).trim().split("\n")) {
      const link = join(this.root, "bin", applet);
      if (!existsSync(link)) symlinkSync("/bin/busybox", link);
    }
    return this;
  }

  /** Packs everything as root's, and some folders, made empty, as other users'. */
  pack(tar: string, owned: Readonly<Record<string, string>> = {}): void {
    execFileSync("tar", ["-cf", tar, "--owner=0", "--group=0", "-C", this.root, "."]);
    for (const [folder, owner] of Object.entries(owned)) {
      mkdirSync(join(this.root, folder), { recursive: true });
      if (folder === "tmp") chmodSync(join(this.root, folder), 0o1777);
      const [user, group] = owner.split(":");
      execFileSync("tar", ["-rf", tar, `--owner=${user}`, `--group=${group}`, "-C", this.root, `./${folder}`]);
    }
  }
}

function librariesOf(file: string): string[] {
  try {
    const output = execFileSync("ldd", [file], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return [...output.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => match[1]!);
  } catch {
    // A script or a static program loads none.
    return [];
  }
}
