/** Kinds of things that a project has, as the API names them. */
export type Kind =
  "server" | "volume" | "network" | "primary_ip" | "firewall" | "placement_group" | "ssh_key" | "image" | "iso";
