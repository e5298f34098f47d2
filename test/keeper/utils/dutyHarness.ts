import { createChainClient } from "../../../keeper/chain/client.ts";
import { readHead } from "../../../keeper/chain/head.ts";
import { vaultSchema } from "../../../keeper/config/schema.ts";
import { createDuties } from "../../../keeper/duties/createDuties.ts";
import { LaneSeat } from "../../../keeper/fleet/laneSeat.ts";
import { noObserver } from "../../../keeper/fleet/observer.ts";
import { VaultSeat } from "../../../keeper/fleet/vaultSeat.ts";
import { silentLog, type Log } from "../../../keeper/log/logger.ts";
import { openDatabase, type Database } from "../../../keeper/store/database.ts";
import { Journal } from "../../../keeper/store/journal.ts";
import type { Strategy } from "../../../keeper/strategy/types.ts";
import { VaultKeeper } from "../../../keeper/vaultKeeper.ts";
import { useKeel, type Keel } from "../../contracts/utils/useKeel.ts";
import { emptyDatabase } from "./emptyDatabase.ts";
import { FaultyProvider, type Provider } from "./faultyProvider.ts";
import { ACCOUNT } from "./keeperHarness.ts";

const FEES = { priorityFeePerGas: 10n ** 8n, maxBaseFeePerGas: null };

/** Never hedges, not even at a limit or a great age. */
export const never: Strategy = {
  name: "never",
  params: {},
  decide: ({ hedgeDelta: drift }) => ({
    ...{ action: "hold", reason: "inside-band", drift, trade: 0, band: null, gain: null, cost: null },
  }),
};

export interface StartOptions {
  readonly strategy?: Strategy;
  /** The setting `duties`. */
  readonly duties?: Record<string, unknown>;
  /** USD that a rebalance may cost. */
  readonly gasUsd?: number;
  readonly mode?: "live" | "dry";
  readonly log?: Log;
}

/** A vault's seat on a lane of its own, as a fleet has it, over Keel as `setUp` left it and an empty journal. */
export function dutyHarness(setUp: (keel: Keel) => Promise<unknown>) {
  const keel = useKeel(setUp);
  let database: Database;
  let journal: Journal;
  let provider: FaultyProvider;
  let starts = 0;

  before(async () => {
    database = await openDatabase();
  });
  beforeEach(async () => {
    provider = new FaultyProvider(keel().provider as Provider);
    await emptyDatabase(database);
    journal = new Journal(database);
  });
  afterEach(() => rpc("evm_setAutomine", [true]));
  after(() => database.close());

  const rpc = <T = unknown>(method: string, params: readonly unknown[] = []): Promise<T> =>
    keel().provider.request({ method, params: [...params] }) as Promise<T>;

  return {
    keel,
    rpc,
    get provider() {
      return provider;
    },
    /** A keeper that has just been started; what an earlier one left open it takes up. */
    async start({
      strategy = never,
      duties = {},
      gasUsd = 1000,
      mode = "live",
      log = silentLog,
    }: StartOptions = {}) {
      const { contracts } = keel();
      const client = createChainClient({ provider: provider as never });
      const deployment = { chainId: 31337, block: 0, contracts };
      const { address: account } = ACCOUNT;
      await database.db.deleteFrom("leases").execute();
      const keeper = new VaultKeeper({
        ...{ client, deployment, account, strategy, journal, log, fees: FEES },
        ...{ limits: { delta: 1000, gasUsd }, checkInterval: 12 },
      });
      const lane = new LaneSeat({
        ...{ chainId: 31337, client, signer: ACCOUNT, journal, privateRoute: null, log, database },
        ...{ holder: `test ${String((starts += 1))}`, leaseTime: 600, priorityFeePerGas: 10n ** 8n },
      });
      const { vault } = keeper.subject;
      const settings = vaultSchema.parse({ limits: { delta: 1 }, riskAversion: 1, duties });
      const seat = new VaultSeat({
        ...{ name: "vault", keeper, account, seat: lane, journal, log, strategy: strategy.name },
        ...{ deltaLimit: 1000, priorityFeePerGas: 10n ** 8n },
        ...{ build: "test", check: () => Promise.resolve(), gains: null, observer: noObserver },
        duties: createDuties(settings.duties, { client, vault, account, fees: FEES, log }),
      });
      const activation = { chainId: 31337, vault, build: "test", account, activatedAt: 0n };
      seat.controls = { activation: mode === "live" ? activation : null, pause: null };
      return {
        seat,
        /** What the operator says from the next block on. */
        pause(isPaused = true) {
          const pause = isPaused ? { reason: "", pausedAt: 0n } : null;
          seat.controls = { activation, pause };
        },
        /** Takes the newest block as a fleet does. @returns The methods the keeper asked for. */
        async step(): Promise<readonly string[]> {
          const head = await readHead(client);
          const asked = provider.asked.length;
          for (const settlement of await lane.onHead(head, null, 0n)) await seat.onSettled(settlement);
          seat.offer({ head, seenAt: performance.now(), rpcSeconds: 0 });
          await seat.rest();
          return provider.asked.slice(asked);
        },
      };
    },
    /** Kind and status of all that was tried, oldest first. */
    async executions(): Promise<string[]> {
      const rows = await journal.executions({ limit: 100 });
      return rows.toReversed().map(({ kind, status }) => `${kind} ${status}`);
    },
    get journal() {
      return journal;
    },
    mine: () => rpc("evm_mine"),
  };
}
