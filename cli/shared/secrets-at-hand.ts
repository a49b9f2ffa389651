/**
 * What this process knows to be secret at any moment: the inputs, and what the plans and states that it has read mark. The
 * one rule for texts of Terraform, SSH, Docker and clouds before they leave it, on whatever way.
 */
import { type Redact, MASK, redactor, valuesIn } from "../../model/redact";
import { wordsOfStack } from "../../review/public-text";
import { distinct, secretsIn } from "../../review/secrets";
import { markedInState } from "../../review/state-marks";
import type { Plan } from "../../terraform/plan";
import { ownKeys } from "./own-keys";

/** Instead of a text of which nobody can say what in it is secret. */
const NOT_SHOWN = `${MASK} (not shown, as it could not be found out what in it is secret)`;

export class SecretsAtHand {
  private plan: string | undefined;
  private state: string | undefined;
  private rule: Redact | undefined;
  private distinctRule: Redact | undefined;

  /**
   * @param known the inputs' values; asked for once a text has to be hidden, as nobody else needs them
   * @param stack its text, which is in Git: what stands there is no secret
   */
  constructor(
    private readonly known: () => readonly string[],
    private readonly stack: () => string = () => "",
  ) {}

  /** @param json of `terraform show -json <plan>` */
  readonly plannedIs = (json: string): void => {
    if (json !== this.plan) this.forget();
    this.plan = json;
  };

  /** @param text of the state's own file */
  readonly stateIs = (text: string | undefined): void => {
    if (text === undefined || text === this.state) return;
    this.forget();
    this.state = text;
  };

  private forget(): void {
    this.rule = undefined;
    this.distinctRule = undefined;
  }

  /** A rule that cannot be made lets nothing through. */
  readonly hide: Redact = (text) => {
    try {
      return (this.rule ??= this.made())(text);
    } catch {
      return NOT_SHOWN;
    }
  };

  /** For texts that are compared later, with names of the stack in them: a plain word is none of the secrets there. */
  readonly hideDistinct: Redact = (text) => {
    try {
      return (this.distinctRule ??= redactor(distinct(this.all())))(text);
    } catch {
      return NOT_SHOWN;
    }
  };

  private made(): Redact {
    return redactor(this.all());
  }

  private all(): string[] {
    const known = [...this.known(), ...ownKeys(process.env)];
    const ofPlan = this.plan === undefined ? [] : secretsIn(JSON.parse(this.plan) as Plan, known).distinct;
    const ofState = this.state === undefined ? [] : this.inState(this.state);
    return [...known, ...ofPlan, ...ofState];
  }

  private inState(state: string): string[] {
    const stack = this.stack();
    return distinct(markedInState(state, stack), wordsOfStack(stack));
  }
}

let hides: Redact = (text) => text;

/** From now on it is this process's rule for what it says: a command works on one environment. */
export function atHand(secrets: SecretsAtHand): SecretsAtHand {
  hides = secrets.hide;
  return secrets;
}

/** For what is said in the end, wherever it comes from. Before any environment is open, what looks like an input is hidden. */
export const hidden: Redact = (text) => ofEnvironment()(hides(text));

let made: { readonly of: string; readonly rule: Redact } | undefined;

/** Made once: a run says hundreds of things. */
function ofEnvironment(): Redact {
  const values = [...valuesIn(process.env), ...ownKeys(process.env)];
  const of = JSON.stringify(values);
  if (made?.of !== of) made = { of, rule: redactor(values) };
  return made.rule;
}
