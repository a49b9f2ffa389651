/**
 * A value as Terraform takes it for a variable: in a .tfvars file, and in the environment for lists and maps. That is
 * JSON, whose texts Terraform reads as templates: `${` and `%{` would begin an expression. Its language has the escape \u,
 * but neither \b nor \f. Controls that JSON leaves as they are (U+007F to U+009F) are escaped, too: nobody sees them in a file.
 */
export const terraformLiteral = (value: unknown): string =>
  JSON.stringify(value)
    .replace(/([$%])\{/g, "$1\\u007b")
    .replace(/[\u007f-\u009f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`)
    .replace(/\\(.)/g, (whole, kind: string) => ({ b: "\\u0008", f: "\\u000c" })[kind] ?? whole);
