/** A drill about the lock that a run holds: Terraform's own in a bucket, with the real Terraform. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Bucket } from "../../clients/object-store";
import { S3Files } from "../../clients/state-store/s3-files";
import { type HeldLock, isHeld, StateLock } from "../../clients/state-store/state-lock";
import { lockAmong } from "../../terraform/lock";
import type { Applied, ApplyEvent, WorkingDirectory } from "../../terraform/working-directory";
import { startObjectStore } from "../../simulators/object-store";
import { TOKENS } from "../workbench";
import { type AloneDrill, must, rounded } from "./drill";

const BUCKET = "state";
const KEY = "shop/production/terraform.tfstate";
const INFO = "release of shop v2.0.0, run drill";

export const runLock: AloneDrill = {
  number: 17,
  name: "run-lock",
  title:
    "a run holds the state's lock: Terraform refuses others, force-unlock takes it, Terraform's own refuses the run",
  alone: true,
  async run({ bench, say }) {
    const store = await startObjectStore({ buckets: [BUCKET], accessKeyId: TOKENS.accessKey });
    const directory = join(bench.options.directory, "run-lock");
    mkdirSync(directory);
    const env = {
      AWS_ENDPOINT_URL_S3: store.baseUrl,
      AWS_ACCESS_KEY_ID: TOKENS.accessKey,
      AWS_SECRET_ACCESS_KEY: "rehearsal-secret",
    };
    const access = { endpoint: store.baseUrl, accessKeyId: TOKENS.accessKey, secretAccessKey: "rehearsal-secret" };
    const lock = new StateLock(new S3Files(new Bucket(access, BUCKET, "a state"), KEY), "twinset", "operator@drill");
    try {
      const other = bench.anotherDirectory(join(directory, "other"), env);
      const own = bench.anotherDirectory(join(directory, "own"), env, { lock: false });
      for (const each of [other, own]) {
        each.write(STACK, "");
        await each.init();
      }

      const held = await mustGet(lock.acquire(INFO));
      const begin = performance.now();
      mustNameUs(await other.apply(), held);
      const refusedAfter = (performance.now() - begin) / 1000;
      const planned = await other.plan().then(
        () => "",
        (reason: Error) => reason.message,
      );
      must(planned.includes(held.id) && planned.includes(INFO), `a plan was not refused, or without us: ${planned}`);
      must((await other.lock())?.who === "operator@drill", "the lock is not found as ours");
      say("while the run holds the lock, plan and apply of others are refused, and told who has it");

      const applied = await own.apply();
      must(applied.code === 0, `our own apply was refused: ${said(applied)}`);
      must((await own.plan()).length === 0, "our own apply is not in the state");
      must(await held.stillHeld(), "our own apply lost us the lock");

      await other.must("force-unlock", ["-force", held.id]);
      must(!(await held.stillHeld()), "terraform force-unlock did not take the lock from us");
      must(!(await held.release()), "we gave back what was not ours any more");
      say("terraform force-unlock takes it");

      const again = await mustGet(lock.acquire(INFO));
      must(await again.release(), "the lock could not be given back");
      const free = await other.apply();
      must(free.code === 0, `once it is given back, Terraform is still refused: ${said(free)}`);
      must(store.objects.size === 1, `more than the state is left: ${[...store.objects.keys()].join(", ")}`);

      await terraformFirst(other, lock);
      say("a lock of Terraform's refuses the run; after kill -9 it can be taken over, from the dead one only");
      return [{ name: "refused after", value: rounded(refusedAfter), unit: "s" }];
    } finally {
      await store.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

/** Terraform has the lock and is killed. */
async function terraformFirst(other: WorkingDirectory, lock: StateLock): Promise<void> {
  const abort = new AbortController();
  let applying: Promise<Applied> | undefined;
  await new Promise<void>((resolve) => {
    const onEvent = ({ type }: ApplyEvent): void => (type === "provision_start" ? resolve() : undefined);
    applying = other.apply({ replace: ["terraform_data.slow"], killed: abort.signal, onEvent });
  });
  const refused = await lock.acquire(INFO);
  const terraforms = await other.lock();
  abort.abort();
  await applying;
  must(!isHeld(refused), "the run got a lock that Terraform has");
  must(terraforms !== undefined && terraforms.id === refused.heldBy.id, "the run and Terraform name different locks");
  must(terraforms.who === refused.heldBy.who, `the run names ${refused.heldBy.who} and Terraform ${terraforms.who}`);
  must(refused.heldBy.info === "OperationTypeApply", `the lock is said to be for: ${refused.heldBy.info}`);

  const wrong = await lock.takeOver("00000000-0000-0000-0000-000000000000", INFO);
  must(!isHeld(wrong), "another's lock was taken over");
  const taken = await mustGet(lock.takeOver(terraforms.id, INFO));
  mustNameUs(await other.apply(), taken);
  must(await taken.release(), "what was taken over could not be given back");
}

async function mustGet(acquiring: ReturnType<StateLock["acquire"]>): Promise<HeldLock> {
  const acquired = await acquiring;
  must(isHeld(acquired), "the run did not get the lock");
  return acquired;
}

function mustNameUs(refused: Applied, held: HeldLock): void {
  const lock = lockAmong(refused.errors);
  must(refused.code !== 0, "another's apply went through, though a run holds the lock");
  must(lock?.id === held.id && lock.who === "operator@drill", `the refusal does not name us: ${said(refused)}`);
  must(said(refused).includes(INFO), `the refusal does not say what for: ${said(refused)}`);
}

const said = ({ errors }: Applied): string =>
  errors.map(({ summary, detail }) => `${summary} ${detail ?? ""}`).join("; ");

/** Nothing but what Terraform itself can do. */
const STACK = {
  terraform: {
    backend: {
      s3: {
        ...{ bucket: BUCKET, key: KEY, region: "auto", use_path_style: true, use_lockfile: true },
        ...{ skip_credentials_validation: true, skip_metadata_api_check: true, skip_region_validation: true },
        ...{ skip_requesting_account_id: true, skip_s3_checksum: true },
      },
    },
  },
  resource: {
    terraform_data: {
      quick: { input: "1" },
      slow: { provisioner: [{ "local-exec": { command: "sleep 3" } }] },
    },
  },
};
