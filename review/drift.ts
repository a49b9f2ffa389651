/** What is otherwise than Terraform left it, without what providers fill in by themselves after an apply. */
import { effective, type Plan, type ResourceChange } from "../terraform/plan";
import { attributeChanges, type AttributeChange, configuredIn, withoutIndex } from "./attributes";

export interface Drift {
  readonly address: string;
  /** It is gone, or these attributes of it are others. */
  readonly gone: boolean;
  /** Without the values of sensitive ones: programs get this as it is. */
  readonly attributes: readonly AttributeChange[];
  /** Does this plan make it as it was to be? */
  readonly mended: boolean;
}

/** Only attributes that the stack sets can drift: the rest is the provider's own (docker 4.5.0 reads back 11 such after each apply). */
export function driftIn(plan: Plan): Drift[] {
  const configured = configuredIn(plan);
  const changed = new Set(effective(plan).map(({ address }) => address));
  return (plan.resource_drift ?? [])
    .filter(({ mode }) => mode === "managed")
    .flatMap((resource): Drift[] => {
      const { address, change } = resource;
      const gone = change.actions.includes("delete");
      const attributes = gone ? [] : own(resource, configured);
      if (!gone && attributes.length === 0) return [];
      return [{ address, gone, attributes, mended: changed.has(address) }];
    });
}

function own(resource: ResourceChange, configured: ReturnType<typeof configuredIn>): AttributeChange[] {
  const expressions = configured.get(withoutIndex(resource.address))?.expressions ?? {};
  return attributeChanges(resource, configured)
    .filter(({ name, unknown }) => name in expressions && !unknown)
    .map((attribute) => (attribute.sensitive ? { ...attribute, before: undefined, after: undefined } : attribute));
}
