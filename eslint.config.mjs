import tseslint from "typescript-eslint";
import { LONG_FILES, mayImport, ROOMS } from "./rooms.cjs";

const NAMES = Object.keys(ROOMS);
const MOST_LINES = 400;

/** So deep are folders. */
const DEEPEST = 6;

/** Imports of rooms that this one is not built on, in whichever way they are written, from files so deep in it. */
function forbidden(room, depth) {
  const allowed = mayImport(room);
  const others = NAMES.filter((other) => other !== room && !allowed.includes(other));
  const names = [...others, "__tests__"].map((name) => name.replace(/\.ts$/, "")).join("|");
  return {
    regex: `^${depth === 0 ? "\\./" : "\\.\\./".repeat(depth)}(${names})(/|$)`,
    message: `${room} may import ${allowed.length > 0 ? allowed.join(", ") : "nothing of ours"} (rooms.cjs).`,
  };
}

const filesOf = (room, depth) => (room.endsWith(".ts") ? room : `${room}/${"*/".repeat(depth - 1)}*.ts`);

/** `import()` and the types that are imported by it: no rule about imports looks at these. */
const dynamically = ({ regex, message }) =>
  ["ImportExpression > Literal.source", "TSImportType Literal"].map((selector) => ({
    selector: `${selector}[value=/${regex.replaceAll("/", "\\/")}/]`,
    message,
  }));

const BARRELS = ["docker", "cloudflare", "github", "hcloud"].map((name) => ({
  name: `@cdktf/provider-${name}`,
  message: `Import deep (@cdktf/provider-${name}/lib/…): the barrel loads every resource there is.`,
}));

const ENVIRONMENT = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: "Only main.ts and cli/ read the environment; take a parameter.",
};
const MAY_READ_ENVIRONMENT = ["main.ts", "cli", "bench", "images"];
/** What a synth is made of. */
const PURE = ["model", "config", "constructs", "stacks"];
const SYNTH_IS_PURE = [
  {
    selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
    message: "A synth gives the same each time.",
  },
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: "A synth gives the same each time.",
  },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: "A synth gives the same each time." },
];

export default tseslint.config(
  { ignores: ["node_modules", ".gen", "cdktf.out", "coverage"] },
  ...tseslint.configs.recommended,
  {
    files: ["**/*.ts"],
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "no-restricted-imports": ["error", { paths: BARRELS }],
      eqeqeq: "error",
    },
  },
  ...NAMES.flatMap((room) =>
    (room.endsWith(".ts") ? [0] : Array.from({ length: DEEPEST }, (_, i) => i + 1)).map((depth) => {
      const rule = forbidden(room, depth);
      const isPure = PURE.includes(room);
      return {
        files: [filesOf(room, depth)],
        rules: {
          "no-restricted-imports": ["error", { paths: BARRELS, patterns: [rule] }],
          "no-restricted-syntax": [
            "error",
            ...dynamically(rule),
            ...(MAY_READ_ENVIRONMENT.includes(room) ? [] : [ENVIRONMENT]),
            ...(isPure ? SYNTH_IS_PURE : []),
          ],
          ...(isPure ? { "no-console": "error" } : {}),
        },
      };
    }),
  ),
  {
    files: ["**/*.{ts,cjs,mjs}"],
    ignores: ["__tests__/**", ...Object.keys(LONG_FILES)],
    rules: { "max-lines": ["error", { max: MOST_LINES }] },
  },
  { files: ["bench/template-way.ts"], rules: { "no-restricted-imports": "off" } },
  { files: ["**/*.cjs"], rules: { "@typescript-eslint/no-require-imports": "off" } },
);
