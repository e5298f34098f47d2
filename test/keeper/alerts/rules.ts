import { expect } from "chai";

import { alertsOf, isAbout, type AlertName } from "../../../keeper/alerts/rules.ts";
import { alertsSchema } from "../../../keeper/config/alertSettings.ts";
import type { FleetStatus } from "../../../keeper/fleet/status.ts";
import { chain, fleet, lane, NOW, vault, withChain, withLane, withVault } from "../utils/fleetStatus.ts";

const settings = alertsSchema.parse({});
const decision = vault.lastDecision!;
const pending = {
  kind: "settle" as const,
  vault: vault.vault,
  hash: `0x${"ab".repeat(32)}` as const,
  nonce: 41n,
  since: NOW - 10,
  route: "public" as const,
};
const deepReorg = { at: NOW - 5, depth: 70, ancestor: 18_999_930n };
const disagreement = {
  at: NOW - 5,
  endpoint: "rpc.example#1",
  method: "eth_call",
  kind: "lies",
  detail: "0x01 for 0x02",
} as const;

function names(status: FleetStatus): AlertName[] {
  return alertsOf(status, NOW, settings).map(({ name }) => name);
}

describe("alert rules", () => {
  it("are silent while nothing is wrong", () => {
    expect(names(fleet)).to.deep.equal([]);
  });

  const troubles: [AlertName, FleetStatus, FleetStatus, RegExp][] = [
    [
      "drift-past-limit",
      withVault({ lastDecision: { ...decision, drift: -10 } }),
      withVault({ lastDecision: { ...decision, drift: -9.99 } }),
      /eth-weekly is -10\.00 ETH, past its limit of 10 ETH/,
    ],
    [
      "missed-rebalance",
      withVault({ dueSince: NOW - 300 }),
      withVault({ dueSince: NOW - 299 }),
      /wanted to trade for 300 s, and nothing is on its way/,
    ],
    [
      "low-balance",
      withLane({ balance: 99n * 10n ** 15n }),
      withLane({ balance: 100n * 10n ** 15n }),
      /0\.09900 ETH: enough for about 9 of the 10 rebalances/,
    ],
    [
      "low-balance",
      withLane({ balance: 0n, rebalanceCost: null }),
      withLane({ balance: 1n, rebalanceCost: null }),
      /enough for none/,
    ],
    [
      "rpc-disagreement",
      withChain({ lastDisagreement: disagreement }),
      withChain({ lastDisagreement: { ...disagreement, at: NOW - 600 } }),
      /rpc\.example#1 of chain 1 contradicts the others at eth_call: 0x01 for 0x02/,
    ],
    [
      "stuck-transaction",
      withLane({ transactions: [pending, { ...pending, since: NOW - 300 }] }),
      withLane({ transactions: [pending, { ...pending, since: NOW - 299 }] }),
      /settle transaction 0xabab\w+ of eth-weekly, nonce 41 of 0x\w+cc, .* for 300 s on the public route, of 2 that are pending\./,
    ],
    [
      "stuck-transaction",
      withLane({ transactions: [{ ...pending, kind: "cancel", vault: lane.account, since: NOW - 300 }] }),
      withVault({ pending: { ...pending, since: NOW - 300 } }),
      /cancel transaction 0xabab\w+ of 0x\w+cc, nonce 41 of 0x\w+cc, .* for 300 s on the public route\./,
    ],
    [
      "oracle-stale",
      withVault({ oracle: { fresh: false, open: false, updatedAt: NOW - 4000 } }),
      withVault({ oracle: { fresh: true, open: true, updatedAt: NOW - 4000 } }),
      /fit for nothing; its price is 4000 s old/,
    ],
    [
      "oracle-stale",
      withVault({ oracle: { fresh: true, open: false, updatedAt: NOW - 40 } }),
      withVault({ oracle: null }),
      /only for less drift or debt/,
    ],
    [
      "head-stalled",
      withChain({ headAge: 1.04, headInterval: 0.25 }),
      withChain({ headAge: 0.75, headInterval: 0.25 }),
      /no new head for 1 s, where one is due every 0\.25 s\./,
    ],
    ["head-stalled", withChain({ headAge: 36.5 }), withChain({ headAge: 36 }), /no new head for 37 s/],
    [
      "vault-failing",
      withVault({ failures: 5, lastError: "The RPC timed out." }),
      withVault({ failures: 4 }),
      /last 5 cycles: The RPC timed out\./,
    ],
    [
      "deep-reorg",
      withChain({ lastDeepReorg: deepReorg }),
      withChain({ lastDeepReorg: { ...deepReorg, at: NOW - 600 } }),
      /took back 70 blocks, past finality, down to 18999930/,
    ],
    [
      "private-fallback",
      withVault({ lastFallback: { at: NOW - 599, hash: pending.hash } }),
      withVault({ lastFallback: { at: NOW - 600, hash: pending.hash } }),
      /it went public/,
    ],
    [
      "risk-defensive",
      withVault({ risk: { level: "defensive", since: NOW - 9, why: "volatility rose to 4", limit: 5 } }),
      withVault({ risk: { level: "cautious", since: NOW - 9, why: "volatility rose to 2", limit: 7.5 } }),
      /^eth-weekly is defensive, and acts from 5\.000 ETH of drift: volatility rose to 4\.$/,
    ],
    [
      "risk-halt",
      withVault({ risk: { level: "halt", since: NOW - 9, why: "the oracle's price is stale", limit: 5 } }),
      withVault({ risk: null }),
      /^eth-weekly is halted, and acts from 5\.000 ETH of drift: the oracle's price is stale\.$/,
    ],
    [
      "database-unreachable",
      { ...fleet, database: { reachable: false, lastError: null } },
      fleet,
      /cannot be reached/,
    ],
  ];
  for (const [name, wrong, right, message] of troubles) {
    it(`tell of ${name}, and not one step before`, () => {
      const [found, ...others] = alertsOf(wrong, NOW, settings);
      expect(others).to.deep.equal([]);
      expect(found).to.include({ name });
      expect(found!.message).to.match(message);
      expect(isAbout(wrong, found!.key)).to.equal(true);
      expect(names(right)).to.deep.equal([]);
    });
  }

  const drifting = { lastDecision: { ...decision, drift: 11 }, dueSince: NOW - 1000 };
  it("blame a vault only for what it is there to do", () => {
    expect(names(withVault(drifting))).to.deep.equal(["drift-past-limit", "missed-rebalance"]);
    expect(names(withVault({ ...drifting, mode: "paused" }))).to.deep.equal(["drift-past-limit"]);
    for (const mode of ["dry", "shadow", "standby"] as const) {
      expect(names(withVault({ ...drifting, mode })), mode).to.deep.equal([]);
    }
  });

  it("leave to the holder of a lease what two processes see", () => {
    const ill = {
      ...fleet,
      chains: [{ ...chain, headAge: 100 }],
      vaults: [{ ...vault, ...drifting }],
      lanes: [{ ...lane, balance: 0n }],
    };
    const standby: FleetStatus = {
      ...ill,
      vaults: [{ ...vault, ...drifting, mode: "standby" }],
      lanes: [{ ...lane, balance: 0n, lease: "standby" }],
    };
    const keys = alertsOf(ill, NOW, settings).map(({ key }) => key);
    expect(keys).to.have.length(4);
    expect(alertsOf(standby, NOW, settings)).to.deep.equal([]);
    for (const key of keys) {
      expect(isAbout(ill, key), key).to.equal(true);
      expect(isAbout(standby, key), key).to.equal(false);
    }
  });

  it("tell a vault that is watched from one that is kept, and a chain without a lane from none", () => {
    const shadow = { ...vault, name: "beside", mode: "shadow", failures: 9 } as const;
    const both = { ...fleet, lanes: [], vaults: [{ ...vault, failures: 9 }, shadow] };
    const keys = alertsOf({ ...both, chains: [{ ...chain, headAge: 99 }] }, NOW, settings).map(
      ({ key }) => key,
    );
    expect(new Set(keys).size).to.equal(3);
    expect(isAbout({ ...both, vaults: [shadow] }, `vault-failing:1:${vault.vault}`)).to.equal(false);
  });

  it("go by the time that a chain's pace asks for", () => {
    expect(names(withChain({ headAge: 1, headInterval: 0.25 }))).to.deep.equal(["head-stalled"]);
  });
});
