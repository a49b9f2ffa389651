/**
 * Prints which binding modules main.ts loads, one file a line: what a program needs as a minimum to do the same. Found
 * by loading it, so the list cannot go stale.
 */
import { sep } from "node:path";
import "../main";

const isBinding = (path: string): boolean =>
  path.includes(`${sep}.gen${sep}providers${sep}`) ||
  /[\\/]node_modules[\\/](cdktf|constructs|@cdktf[\\/]provider-[a-z]+)[\\/]/.test(path);

const ours = Object.values(require.cache).flatMap((loaded) =>
  loaded && !isBinding(loaded.filename) && !loaded.filename.includes(`${sep}node_modules${sep}`) ? [loaded] : [],
);
const bindings = new Set(ours.flatMap(({ children }) => children.map((child) => child.filename).filter(isBinding)));
console.log([...bindings].sort().join("\n"));
