/** What the S3 backend reads itself; the state store's credentials are no Terraform variables. */
export const STATE_STORE: readonly { readonly name: string; readonly description: string; readonly where: string }[] = [
  {
    name: "AWS_ENDPOINT_URL_S3",
    description:
      "Address of the R2 account that holds Terraform's state: https://<account id>.r2.cloudflarestorage.com",
    where: "Cloudflare → R2 → Overview",
  },
  {
    name: "AWS_ACCESS_KEY_ID",
    description: "Id of an R2 token that may read and write objects of that bucket",
    where: "Cloudflare → R2 → Manage API tokens",
  },
  { name: "AWS_SECRET_ACCESS_KEY", description: "Secret of that token", where: "shown once, with its id" },
];
