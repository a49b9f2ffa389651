import tseslint from "typescript-eslint";

/** Which folders each folder may import, besides itself and packages (CONTRIBUTING.md has the why). */
const MAY_IMPORT = {
  model: [],
  config: ["model"],
  constructs: ["model"],
  stacks: ["config", "constructs", "model"],
  terraform: ["model"],
  release: ["config", "model", "terraform"],
  review: ["config", "model", "terraform", "release"],
  delivery: ["config", "model"],
  doctor: ["config", "model", "terraform", "release", "delivery"],
  rehearsal: ["main.ts", "config", "constructs", "model", "release", "review", "stacks", "terraform"],
  cli: [
    "main.ts",
    "config",
    "constructs",
    "model",
    "stacks",
    "terraform",
    "release",
    "review",
    "delivery",
    "doctor",
    "rehearsal",
  ],
};
const FOLDERS = [...Object.keys(MAY_IMPORT), "bench", "__tests__", "main.ts"];

/** Imports of other folders, as seen from one of them. */
const directions = ([folder, allowed]) => ({
  regex: `^(\\.\\./)+(${FOLDERS.filter((other) => other !== folder && !allowed.includes(other))
    .map((other) => other.replace(/\.ts$/, ""))
    .join("|")})(/|$)`,
  message: `${folder}/ may import ${allowed.length > 0 ? allowed.join(", ") : "nothing of ours"}.`,
});

const BARRELS = ["docker", "cloudflare", "github", "hcloud"].map((name) => ({
  name: `@cdktf/provider-${name}`,
  message: `Import deep (@cdktf/provider-${name}/lib/…): the barrel loads every resource there is.`,
}));

const ENVIRONMENT = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: "Only main.ts and cli/ read the environment; take a parameter.",
};
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
  ...Object.entries(MAY_IMPORT).map((entry) => ({
    files: [`${entry[0]}/**/*.ts`],
    rules: { "no-restricted-imports": ["error", { paths: BARRELS, patterns: [directions(entry)] }] },
  })),
  {
    files: ["model/**/*.ts", "config/**/*.ts", "constructs/**/*.ts", "stacks/**/*.ts"],
    rules: { "no-restricted-syntax": ["error", ENVIRONMENT, ...SYNTH_IS_PURE], "no-console": "error" },
  },
  { files: ["bench/template-way.ts"], rules: { "no-restricted-imports": "off" } },
  { files: ["**/*.cjs"], rules: { "@typescript-eslint/no-require-imports": "off" } },
);
