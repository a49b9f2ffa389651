/** The environments that every platform has, in the order in which a version reaches them. */
export const ENVIRONMENTS = ["development", "staging", "production"] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];
