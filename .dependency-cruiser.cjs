/**
 * What ESLint cannot see: circles of files, of types only, too (eslint-plugin-import-x passes over those, and they were
 * most of those that there were). Run by `npm run lint`. It sees every import however it is written, so it holds the rooms
 * as well; ESLint says the same in an editor.
 */
const { mayImport, ROOMS } = require("./rooms.cjs");

const NAMES = Object.keys(ROOMS);
const pathOf = (room) => (room.endsWith(".ts") ? `^${room.replace(".", "\\.")}$` : `^${room}/`);

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "no-circle",
      comment: "Files that import each other cannot be understood, tested or moved one by one: part what both need.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    ...NAMES.map((room) => ({
      name: `beneath-${room.replace(/\.ts$/, "")}`,
      comment: `${room} may import ${mayImport(room).join(", ") || "nothing of ours"} (rooms.cjs).`,
      severity: "error",
      from: { path: pathOf(room) },
      to: {
        path: [
          ...NAMES.filter((other) => other !== room && !mayImport(room).includes(other)).map(pathOf),
          "^__tests__/",
        ],
      },
    })),
  ],
  options: {
    exclude: { path: ["^node_modules/", "^\\.gen/", "^cdktf\\.out/", "^coverage/"] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
