import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { containerName } from "../../model/names";
import { type Colour, type SetRelease, tagOf } from "../../model/release";
import type { Product, Service } from "../../model/service";
import { Image } from "../ghcr/image";
import type { Engine } from "./engine";
import { Job } from "./job";
import type { Networks } from "./networks";
import { ServiceContainer } from "./service-container";

export interface ContainerSetProps {
  readonly engine: Engine;
  readonly networks: Networks;
  readonly product: Product;
  readonly colour: Colour;
  readonly release: SetRelease;
  /** Where a service's image lies: "ghcr.io/wuesteon/chat-backend". */
  readonly repositoryOf: (service: Service) => string;
  /** A service's environment variables, resolved; values may be Terraform tokens. */
  readonly envOf: (service: Service) => Readonly<Record<string, string>>;
  /** Environment variables of the migration job, where the product has one. */
  readonly migrationEnv?: Readonly<Record<string, string>>;
  readonly replicasOf: (service: Service) => number;
  /** For labels. */
  readonly domainOf: (service: Service) => string | undefined;
  /** What must have happened before any container starts: databases made, stores ready. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * All containers of one product in one colour, at one version. First the migration job, then every container, each of
 * which must get healthy. Nothing here knows whether the set is live: only the switch does.
 */
export class ContainerSet extends Construct {
  readonly colour: Colour;
  /** Container names per service. */
  readonly servers: Readonly<Record<string, readonly string[]>>;

  constructor(scope: Construct, id: string, props: ContainerSetProps) {
    super(scope, id);
    const { engine, networks, product, colour, release } = props;
    this.colour = colour;
    const images = new Map(
      product.services.map((service) => {
        const digest = release.digests?.[service.name];
        const image = new Image(this, `${service.role}-image`, {
          engine,
          repository: props.repositoryOf(service),
          tag: tagOf(release, service.name),
          ...(digest ? { digest } : {}),
        });
        return [service.name, image];
      }),
    );
    const common = { project: product.name, set: colour };

    const before = [...props.dependsOn];
    if (product.migration && props.migrationEnv) {
      const service = product.services.find((s) => s.name === product.migration?.service)!;
      before.push(
        new Job(this, "migration", {
          engine,
          networks,
          name: `${product.name}-migration-${colour}`,
          image: images.get(service.name)!,
          command: product.migration.command,
          env: props.migrationEnv,
          joins: service.networks,
          labels: { ...common, version: tagOf(release, service.name), service: "migration" },
          dependsOn: props.dependsOn,
        }),
      );
    }

    const made = new Map<string, readonly ServiceContainer[]>();
    const make = (service: Service): readonly ServiceContainer[] => {
      const known = made.get(service.name);
      if (known) return known;
      // Services of the set that this one needs are healthy before it starts.
      const needed = product.services.filter((other) => service.dependsOn?.includes(other.name)).flatMap(make);
      const containers = Array.from(
        { length: props.replicasOf(service) },
        (_, replica) =>
          new ServiceContainer(this, `${service.role}-${replica}`, {
            engine,
            networks,
            baseName: containerName(engine.prefix, service.name, colour, replica),
            image: images.get(service.name)!,
            env: props.envOf(service),
            port: service.port,
            health: service.health,
            resources: service.resources,
            ...(service.sandbox ? { sandbox: service.sandbox } : {}),
            joins: service.networks,
            labels: {
              ...common,
              version: tagOf(release, service.name),
              service: service.role,
              port: String(service.port),
              domain: props.domainOf(service),
              replica: String(replica),
            },
            ...(service.gracePeriodSeconds === undefined ? {} : { graceSeconds: service.gracePeriodSeconds }),
            dependsOn: [...before, ...needed.map(({ container }) => container)],
          }),
      );
      made.set(service.name, containers);
      return containers;
    };
    this.servers = Object.fromEntries(
      product.services.map((service) => [service.name, make(service).map(({ name }) => name)]),
    );
  }
}
