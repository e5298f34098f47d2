/** The environment of this process without Keel's own settings, which the shell may have and a child must not. */
export function ownEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("KEEL_")));
}
