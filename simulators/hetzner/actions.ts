/**
 * Actions: work that takes time. What an action does happens when it finishes; until then it is `running`, and what it
 * works on may be locked.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Kind } from "./kind";

export interface Ref {
  readonly type: Kind;
  readonly id: number;
}

export interface Action {
  readonly id: number;
  readonly command: string;
  readonly resources: readonly Ref[];
  readonly started: Date;
  status: "running" | "success" | "error";
  finished: Date | undefined;
  error: { readonly code: string; readonly message: string } | undefined;
  /** When it will be done, as far as can be known; for its progress. */
  due: Date | undefined;
}

export interface Plan {
  readonly command: string;
  readonly resources: readonly Ref[];
  /** What nothing else can be done with meanwhile. @default all resources */
  readonly locks?: readonly Ref[];
  /** The API answers such an action finished: a change of protection, for one. @default false */
  readonly instant?: boolean;
  /** Begins only when this one has succeeded; fails with it. */
  readonly after?: Action;
  /** @default the simulator's */
  readonly seconds?: number;
  /** Happens when the action begins. */
  readonly begin?: () => void;
  /** Happens when the time is over; the action is done when this is. What it throws fails the action. */
  readonly effect?: () => void | Promise<void>;
  /** Happens when the action failed. */
  readonly undo?: () => void;
}

/** A failure of an action with a code of its own; any other is `action_failed`. */
export class ActionFailure extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const key = ({ type, id }: Ref): string => `${type}/${id}`;

export class Actions {
  readonly all = new Map<number, Action>();
  private readonly locks = new Map<string, number>();
  private readonly outcomes = new Map<Action, Promise<boolean>>();
  private readonly end = new AbortController();

  constructor(
    private readonly nextId: () => number,
    private readonly seconds: number,
  ) {}

  /** Starts an action. The caller has made sure that nothing it needs is locked. */
  start(plan: Plan): Action {
    const action: Action = {
      id: this.nextId(),
      command: plan.command,
      resources: plan.resources,
      started: new Date(),
      status: "running",
      finished: undefined,
      error: undefined,
      due: undefined,
    };
    this.all.set(action.id, action);
    if (plan.instant && plan.seconds === undefined) {
      // Nothing awaits: what an instant action does must be visible in the very answer.
      void plan.effect?.();
      this.finish(action, undefined);
      return action;
    }
    const locks = (plan.locks ?? plan.resources).map(key);
    for (const lock of locks) this.locks.set(lock, (this.locks.get(lock) ?? 0) + 1);
    const outcome = this.run(action, plan).finally(() => {
      for (const lock of locks) {
        const left = (this.locks.get(lock) ?? 1) - 1;
        if (left > 0) this.locks.set(lock, left);
        else this.locks.delete(lock);
      }
      this.outcomes.delete(action);
    });
    this.outcomes.set(action, outcome);
    return action;
  }

  /** @returns whether an action works on it that leaves no room for another one */
  isLocked(ref: Ref): boolean {
    return this.locks.has(key(ref));
  }

  /** Actions on one resource, oldest first. */
  of(ref: Ref): Action[] {
    return [...this.all.values()].filter((action) => action.resources.some((other) => key(other) === key(ref)));
  }

  /** Does something later that no action stands for, such as a shutdown that the operating system carries out. */
  later(work: () => void | Promise<void>): void {
    const run = this.pause(this.seconds).then(work);
    // Nobody waits for it, so nobody can be told; a stop of the simulator ends it too.
    const background: Promise<boolean> = run.then(
      () => true,
      () => false,
    );
    this.background.add(background);
    void background.finally(() => this.background.delete(background));
  }
  private readonly background = new Set<Promise<boolean>>();

  /** Ends all waiting; returns when nothing is under way any more. */
  async stop(): Promise<void> {
    this.end.abort();
    await Promise.allSettled([...this.outcomes.values(), ...this.background]);
  }

  private pause(seconds: number): Promise<void> {
    return sleep(seconds * 1000, undefined, { ref: false, signal: this.end.signal });
  }

  private async run(action: Action, plan: Plan): Promise<boolean> {
    const seconds = plan.seconds ?? this.seconds;
    try {
      if (plan.after && !(await this.succeeded(plan.after))) {
        throw new ActionFailure("action_failed", `action ${plan.after.id} failed, which this one depends on`);
      }
      plan.begin?.();
      action.due = new Date(Date.now() + seconds * 1000);
      await this.pause(seconds);
      await plan.effect?.();
      this.finish(action, undefined);
      return true;
    } catch (error) {
      // The simulator ends: the world stays as it was.
      if (this.end.signal.aborted) return false;
      plan.undo?.();
      this.finish(action, error);
      return false;
    }
  }

  private succeeded(action: Action): Promise<boolean> {
    return this.outcomes.get(action) ?? Promise.resolve(action.status === "success");
  }

  private finish(action: Action, error: unknown): void {
    action.finished = new Date();
    action.status = error === undefined ? "success" : "error";
    if (error !== undefined) {
      const code = error instanceof ActionFailure ? error.code : "action_failed";
      action.error = { code, message: error instanceof Error ? error.message : String(error) };
    }
  }
}

/** As the API shows it. */
export function actionJson(action: Action) {
  return {
    id: action.id,
    command: action.command,
    status: action.status,
    progress: progress(action),
    started: action.started.toISOString(),
    finished: action.finished?.toISOString() ?? null,
    resources: action.resources.map(({ id, type }) => ({ id, type })),
    error: action.error ?? null,
  };
}

function progress({ status, started, due }: Action): number {
  if (status !== "running") return 100;
  if (!due) return 0;
  const whole = due.getTime() - started.getTime();
  return whole <= 0 ? 99 : Math.min(99, Math.floor((100 * (Date.now() - started.getTime())) / whole));
}
