/**
 * A monorepo as small as one can be that has all that the Dockerfile is for: a NestJS backend with a migration and a
 * dependency with an install script, a SvelteKit web, an Astro landing, and two packages that they share. Path → content.
 */
const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

const tsconfig = (module: string): string =>
  json({
    compilerOptions: {
      ...{ outDir: "dist", rootDir: "src", module, target: "es2022", declaration: true, types: [] },
      ...{ strict: true, skipLibCheck: true, esModuleInterop: true, experimentalDecorators: true },
    },
    include: ["src"],
  });

const TYPESCRIPT = { typescript: "5.9.3" };
const BACKEND = "apps/chat/apps/backend";
const WEB = "apps/chat/apps/web";
const LANDING = "apps/chat/apps/landing";

export const PROJECTS = { nestjs: BACKEND, sveltekit: WEB, astro: LANDING } as const;

/** Said by a page that is long enough to be compressed. */
const LONG = "a page that is long enough to be compressed ".repeat(40);

export const monorepo = (packageManager: string): Readonly<Record<string, string>> => ({
  "package.json": json({
    name: "monorepo",
    private: true,
    packageManager,
    // Fails if it is run: neither its program nor a repository is there in a build.
    scripts: { prepare: "a-program-that-is-not-there" },
    devDependencies: TYPESCRIPT,
  }),
  "pnpm-workspace.yaml": "packages:\n  - packages/*\n  - apps/*/apps/*\n",
  ".env": "SECRET=not-for-an-image\n",

  "packages/shared-text/package.json": json({
    name: "@monorepo/shared-text",
    main: "dist/index.js",
    types: "dist/index.d.ts",
    scripts: { build: "tsc -p .", postinstall: "node a-file-that-is-not-there.js" },
    dependencies: { ms: "^2.0.0" },
    devDependencies: { ...TYPESCRIPT, "@types/ms": "2.1.0" },
  }),
  "packages/shared-text/tsconfig.json": tsconfig("commonjs"),
  "packages/shared-text/src/index.ts":
    'import ms from "ms";\nexport const hello = (name: string): string => `hello from ${name}, for ${ms(60000)}`;\n',

  "packages/shared-ui/package.json": json({
    name: "@monorepo/shared-ui",
    type: "module",
    exports: "./dist/index.js",
    scripts: { build: "tsc -p ." },
    devDependencies: TYPESCRIPT,
  }),
  "packages/shared-ui/tsconfig.json": tsconfig("nodenext"),
  "packages/shared-ui/src/index.ts": "export const hello = (name: string): string => `hello from ${name}`;\n",

  [`${BACKEND}/package.json`]: json({
    name: "@chat/backend",
    scripts: { build: "tsc -p .", "migration:run": "node dist/migrate.js" },
    dependencies: {
      ...{ "@monorepo/shared-text": "workspace:*", bcrypt: "6.0.0", "reflect-metadata": "^0.2.0", rxjs: "^7.8.0" },
      ...{ "@nestjs/common": "^11.0.0", "@nestjs/core": "^11.0.0", "@nestjs/platform-express": "^11.0.0" },
    },
    devDependencies: { ...TYPESCRIPT, "@types/node": "20.19.43" },
  }),
  [`${BACKEND}/tsconfig.json`]: tsconfig("commonjs").replace('"types": []', '"types": ["node"]'),
  [`${BACKEND}/drizzle/0000_first.sql`]: "select 1;\n",
  [`${BACKEND}/src/migrate.ts`]: `import { readdirSync } from "node:fs";
console.log("migrated", readdirSync("drizzle").join());
process.exit(Number(process.env.EXIT_CODE ?? 0));
`,
  [`${BACKEND}/src/main.ts`]: `import "reflect-metadata";
import { Controller, Get, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { hello } from "@monorepo/shared-text";
const bcrypt = require("bcrypt");
@Controller()
class App {
  @Get("api/health") health() { return { status: "ok" }; }
  @Get() page() { return \`\${hello("backend")}, \${bcrypt.hashSync("x", 4).length}\`; }
}
@Module({ controllers: [App] })
class Root {}
NestFactory.create(Root).then((app) => {
  app.enableShutdownHooks();
  return app.listen(Number(process.env.PORT), "0.0.0.0");
});
`,

  [`${WEB}/package.json`]: json({
    name: "@chat/web",
    type: "module",
    scripts: { build: "vite build", prepare: "svelte-kit sync" },
    dependencies: { ms: "2.1.3" },
    devDependencies: {
      ...{ "@monorepo/shared-ui": "workspace:*", "@sveltejs/adapter-node": "^5.5.0", "@sveltejs/kit": "^2.0.0" },
      ...{ "@sveltejs/vite-plugin-svelte": "^5.0.0", svelte: "^5.0.0", vite: "^6.0.0" },
    },
  }),
  [`${WEB}/svelte.config.js`]:
    'import adapter from "@sveltejs/adapter-node";\nexport default { kit: { adapter: adapter(), version: { name: "1" } } };\n',
  [`${WEB}/vite.config.js`]:
    'import { sveltekit } from "@sveltejs/kit/vite";\nexport default { plugins: [sveltekit()] };\n',
  [`${WEB}/src/app.html`]: "<!doctype html><html><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>\n",
  [`${WEB}/src/routes/api/health/+server.js`]: 'export const GET = () => Response.json({ status: "ok" });\n',
  [`${WEB}/src/routes/+page.svelte`]: "<script>let { data } = $props();</script><h1>{data.text}</h1>\n",
  [`${WEB}/src/routes/+page.server.js`]: `import { env } from "$env/dynamic/public";
import { hello } from "@monorepo/shared-ui";
import ms from "ms";
export const load = () => ({ text: \`\${hello("web")}, for \${ms(60000)}, of \${env.PUBLIC_BACKEND_URL}\` });
`,

  [`${LANDING}/package.json`]: json({
    name: "@chat/landing",
    type: "module",
    scripts: { build: "astro build" },
    dependencies: { astro: "^5.0.0", "@monorepo/shared-ui": "workspace:*" },
  }),
  [`${LANDING}/astro.config.mjs`]: 'export default { build: { inlineStylesheets: "never" } };\n',
  [`${LANDING}/src/pages/404.astro`]: "<html><body>no such page</body></html>\n",
  [`${LANDING}/src/pages/index.astro`]: `---
import { hello } from "@monorepo/shared-ui";
---
<html><head><title>Chat</title></head><body><h1>{hello("landing")}</h1><p>${LONG}</p>
<style>h1 { color: red }</style></body></html>
`,
});
