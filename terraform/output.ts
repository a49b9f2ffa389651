/** What Terraform prints, for terminals and as JSON. */

/** The errors in a text for terminals, each as one line. */
export const errorsIn = (text: string): string[] =>
  text
    .split(/^Error: /m)
    .slice(1)
    .map((part) => oneLine(part.split(/\n\n(?=To see|Run |For )/)[0]!));

export const firstLines = (text: string): string =>
  oneLine(text.trim().split("\n").slice(0, 5).join("\n")) || "no message";

export const oneLine = (text: string): string => text.trim().replace(/\s+/g, " ");

/** One message of `validate -json` or `plan -json`. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly summary: string;
  readonly detail?: string;
  readonly address?: string;
  readonly range?: { readonly filename: string; readonly start: { readonly line: number } };
  readonly snippet?: { readonly context?: string | null };
}

/** "docker_container.chat_blue_backend-0: Incorrect attribute value type. Inappropriate value for …" */
export function describe({ summary, detail, address, range, snippet }: Diagnostic): string {
  const place =
    address ?? snippet?.context?.replace(/^resource\./, "") ?? (range && `${range.filename}:${range.start.line}`);
  const text = detail ? `${summary.replace(/\.$/, "")}. ${detail}` : summary;
  return oneLine(place ? `${place}: ${text}` : text);
}

/** `plan -json` prints one object a line; those of the type "diagnostic" are messages. */
export function diagnosticsIn(output: string): Diagnostic[] {
  return output.split("\n").flatMap((line) => {
    try {
      const { diagnostic } = JSON.parse(line) as { diagnostic?: Diagnostic };
      return diagnostic ? [diagnostic] : [];
    } catch {
      return [];
    }
  });
}
