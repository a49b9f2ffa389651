/** What a new password's description says of where to get it. */
export const MAKE_ONE_UP = "make one up, e.g. openssl rand -hex 24";
/** For containers on one's own computer, which nobody else reaches. */
export const DEVELOPMENT_PASSWORD = "devpassword";
