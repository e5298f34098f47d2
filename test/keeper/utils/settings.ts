import { expect } from "chai";

import { ConfigError, loadConfig, type Config } from "../../../keeper/config/load.ts";
import { scratch, type Scratch } from "./scratch.ts";

export const URL_WITH_TOKEN = "https://rpc.example/v2/token-of-the-operator";
/** Settings with nothing in them that has a default. */
export const minimal = { rpcUrl: URL_WITH_TOKEN, riskAversion: 1e-4, limits: { delta: 50 } };

type Env = Readonly<Record<string, string>>;

/** Settings in a file of the test that runs. */
export interface Settings {
  readonly files: Scratch;
  /** Loads a file of that content. */
  load(content: unknown, env?: Env): Config;
  /** What is wrong with a file of that content. */
  problems(content: unknown, env?: Env): readonly string[];
}

/** For the suite that calls this. */
export function settings(): Settings {
  const files = scratch();
  const load = (content: unknown, env: Env = {}): Config =>
    loadConfig({ file: files.write("config.json", content), env });
  return {
    files,
    load,
    problems(content, env) {
      try {
        load(content, env);
      } catch (error) {
        expect(error).to.be.instanceOf(ConfigError);
        return (error as ConfigError).problems;
      }
      return [];
    },
  };
}
