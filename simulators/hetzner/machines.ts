/** The computers behind servers. The simulator has none; who has may be told what happens to them. */

/** What is told of a server. */
export interface MachineServer {
  readonly id: number;
  readonly name: string;
  readonly ipv4: string | undefined;
  /** As it was given: cloud-init's document. */
  readonly userData: string | undefined;
  /** Public keys that may log in. */
  readonly sshKeys: readonly string[];
  /** Ids of the volumes that are attached. */
  readonly volumes: readonly number[];
}

/**
 * Told what happens to machines. An action is done only when what is returned here is; what is thrown fails the action.
 * Calls for one server come one after the other.
 */
export interface Machines {
  /** Switched on: it boots. The first time is right after the server was made. */
  started?(server: MachineServer): void | Promise<void>;
  /** Switched off. With `deleted` its disk is gone: the server was deleted, or will start with a new image. */
  stopped?(server: MachineServer, deleted: boolean): void | Promise<void>;
  /** A volume arrived. */
  attached?(server: MachineServer, volumeId: number): void | Promise<void>;
  /** A volume left; for a deleted server after `stopped`. */
  detached?(server: MachineServer, volumeId: number): void | Promise<void>;
}

export class MachineRoom {
  private readonly queues = new Map<number, Promise<void>>();

  constructor(private readonly machines: Machines) {}

  started(server: MachineServer): Promise<void> {
    return this.inTurn(server.id, () => this.machines.started?.(server));
  }

  stopped(server: MachineServer, deleted: boolean): Promise<void> {
    return this.inTurn(server.id, () => this.machines.stopped?.(server, deleted));
  }

  attached(server: MachineServer, volumeId: number): Promise<void> {
    return this.inTurn(server.id, () => this.machines.attached?.(server, volumeId));
  }

  detached(server: MachineServer, volumeId: number): Promise<void> {
    return this.inTurn(server.id, () => this.machines.detached?.(server, volumeId));
  }

  private inTurn(id: number, call: () => void | Promise<void> | undefined): Promise<void> {
    const turn = (this.queues.get(id) ?? Promise.resolve()).then(async () => {
      await call();
    });
    // The next one has its turn whether or not this one failed.
    const rest = turn.catch(() => undefined);
    this.queues.set(id, rest);
    void rest.then(() => {
      if (this.queues.get(id) === rest) this.queues.delete(id);
    });
    return turn;
  }
}
