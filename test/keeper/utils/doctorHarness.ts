import type { Hex } from "viem";

import { loadConfig } from "../../../keeper/config/load.ts";
import type { Check } from "../../../keeper/doctor/check.ts";
import { examine, type ExamineOptions } from "../../../keeper/doctor/examine.ts";
import type { keelFixture } from "../../contracts/utils/keel.ts";
import { KEEPER_KEY } from "./keys.ts";
import { Refusal, RpcServer } from "./rpcServer.ts";
import { scratch } from "./scratch.ts";
import { shortCalls } from "./shortCalls.ts";

/** In the path of every endpoint: nothing may print it. */
export const TOKEN = "/token-of-the-operator";

export interface DoctorSetting {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly deployment?: Readonly<Record<string, unknown>>;
  readonly options?: Partial<ExamineOptions>;
}

/**
 * A vault with a book to hedge on a chain that is reached over HTTP, the same before every test, and a doctor who is told settings
 * with which nothing is wrong, changed.
 */
export function doctorHarness() {
  let keel: Awaited<ReturnType<typeof keelFixture>>;
  let server: RpcServer;
  let clean: Hex;
  const files = scratch();

  const rpc = <T = unknown>(method: string, params: readonly unknown[] = []): Promise<T> =>
    keel.provider.request({ method, params: [...params] }) as Promise<T>;

  /** What the chain answers, to servers that spoil it. */
  async function handle({
    method,
    params,
  }: {
    method: string;
    params: readonly unknown[];
  }): Promise<unknown> {
    try {
      return await rpc(method, params);
    } catch (error) {
      const { code = -32_000, message, data } = error as { code?: number; message: string; data?: unknown };
      throw new Refusal({ code, message, ...(data === undefined ? {} : { data }) });
    }
  }

  before(async () => {
    ({ keel } = await shortCalls(3_100));
    server = await RpcServer.start(handle);
    clean = await rpc<Hex>("evm_snapshot");
  });
  after(() => server.close());
  beforeEach(async () => {
    await rpc("evm_revert", [clean]);
    clean = await rpc<Hex>("evm_snapshot");
    server.asked.length = 0;
  });

  /** @returns path of a configuration in which nothing is wrong, changed. */
  function prepare({ config = {}, deployment = {} }: DoctorSetting = {}): string {
    const fields = { chainId: 31337, block: 0, contracts: keel.contracts, ...deployment };
    return files.write("config.json", {
      name: "weekly",
      rpcUrl: server.url(TOKEN),
      riskAversion: 1e-4,
      limits: { delta: 100 },
      storeDir: files.at("store"),
      deployment: files.write("deployment.json", fields),
      ...config,
    });
  }

  /** Seconds by this machine's clock had it been set by the chain. */
  const chainNow = async (): Promise<number> => keel.networkHelpers.time.latest();

  return {
    get keel() {
      return keel;
    },
    get server() {
      return server;
    },
    get directory() {
      return files.directory;
    },
    rpc,
    handle,
    write: files.write,
    prepare,
    chainNow,
    /** What the doctor finds. */
    async examine({ env = {}, options = {}, ...setting }: DoctorSetting = {}): Promise<readonly Check[]> {
      const file = prepare(setting);
      const config = loadConfig({ file, env: { KEEL_PRIVATE_KEY: KEEPER_KEY, ...env } });
      const at = await chainNow();
      return examine(config, { sendsAlert: false, now: () => at + 5, socketTimeout: 1, ...options });
    },
  };
}

/** The checks of that name. */
export function named(checks: readonly Check[], name: string | RegExp): readonly Check[] {
  return checks.filter((check) => (typeof name === "string" ? check.name === name : name.test(check.name)));
}

/** The one check of that name. Throws with all of them where there is none. */
export function one(checks: readonly Check[], name: string | RegExp): Check {
  const [check, ...others] = named(checks, name);
  if (check === undefined || others.length > 0)
    throw new Error(`${String(name)} is not one of\n${checks.map((each) => each.name).join("\n")}`);
  return check;
}

/** The names of those that are not well. */
export function ill(checks: readonly Check[], ok: false | "warn" = false): readonly string[] {
  return checks.filter((check) => check.ok === ok).map(({ name }) => name);
}
