import { expect } from "chai";

import { searchMost, type Trial } from "../../bench/keeper/capacity.ts";
import { quantile } from "../../bench/keeper/latency.ts";
import { measureKeeper } from "../../bench/keeper/measure.ts";
import { keeperReport, renderKeeperReport } from "../../bench/keeper/report.ts";

describe("bench keeper", () => {
  it("measures a small fleet, and says the same in its table and its JSON", async function () {
    this.timeout(300_000);
    const settings = {
      ...{ vaults: 2, blocks: 2, most: 2, rebalances: 2, series: 4, poolRequests: 20 },
      ...{ intervals: [1], engines: ["pglite"] as const },
    };
    const told: string[] = [];
    const measurements = await measureKeeper(settings, (progress) => told.push(progress));
    const report = keeperReport(settings, measurements);

    const { latency, calls, capacity, memory, pool } = measurements;
    const [broadcast] = latency;
    expect(broadcast).to.include({ engine: "pglite", rebalances: 2 });
    expect(broadcast!.p50).to.be.within(1, broadcast!.p99);
    for (const share of [broadcast!.rpcShare, broadcast!.databaseShare, broadcast!.computingShare])
      expect(share).to.be.within(0, 1);
    expect(calls.trade).to.include({ read: 1, simulate: 1, send: 1 });
    expect(calls.hold).to.include({ read: 1, simulate: 0, send: 0 });
    const [found] = capacity;
    expect(found!.best).to.include({ vaults: 2, skipped: 0, isSustained: true });
    expect(found!.trials.map(({ vaults }) => vaults)).to.deep.equal([1, 2]);
    expect(found!.best!.slowest).to.be.greaterThanOrEqual(0);
    expect(found!.best!.cpuPerDecision).to.be.greaterThan(0);
    expect(memory.vaults).to.equal(2);
    expect(pool.map(({ endpoints, asked }) => [endpoints, asked])).to.deep.equal([
      [1, 1],
      [3, 2],
    ]);
    expect(told).to.have.length(1 + found!.trials.length);

    const { rows, machine } = JSON.parse(JSON.stringify(report)) as typeof report;
    expect(machine.cores).to.be.greaterThan(0);
    const reads = rows.filter(({ name }) => name === "read");
    expect(reads).to.deep.equal(
      ["hold", "trade"].map((decision) => ({
        ...{ group: `RPC calls of a decision to ${decision}`, name: "read", value: 1, unit: "" },
        ...{ target: { most: 1 }, met: true },
      })),
    );
    const table = renderKeeperReport(report);
    for (const { name } of rows) expect(table).to.contain(name);
    expect(table).to.contain("6 of 6 targets met");
  });

  it("takes the quantile that so many values are not above", () => {
    const values = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect([quantile(values, 0.5), quantile(values, 0.99), quantile([7], 0.99)]).to.deep.equal([50, 99, 7]);
  });

  it("finds the most vaults by doubling and bisection, down to one and up to its limit", async () => {
    const find = async (capacity: number, from: number, most = 10_000) => {
      const tried: number[] = [];
      const attempt = (vaults: number) => {
        tried.push(vaults);
        return Promise.resolve({ vaults, isSustained: vaults <= capacity } as Trial);
      };
      const best = await searchMost({ from, most, attempt });
      return { best: best?.vaults ?? null, tried };
    };
    expect(await find(3_100, 1_000)).to.deep.equal({
      best: 3_000,
      tried: [1_000, 2_000, 4_000, 3_000, 3_500, 3_250],
    });
    expect((await find(30, 1_000)).best).to.be.within(28, 30);
    expect(await find(0, 2)).to.deep.equal({ best: null, tried: [2, 1] });
    expect(await find(9_999, 100, 150)).to.deep.equal({ best: 150, tried: [100, 150] });
  });
});
