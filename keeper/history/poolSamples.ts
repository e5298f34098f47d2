import type { CsvRow, CsvTable } from "./csv.ts";

/** A Uniswap v3 pool of USDC (token 0) and WETH (token 1) at the end of a minute. */
export interface PoolSample {
  readonly row: CsvRow;
  /** Unix seconds of the minute's start. */
  readonly timestamp: number;
  readonly tick: number;
  /** WETH that came in less what went out in this minute, ETH. */
  readonly netEth: number;
  /** In-range liquidity as the pool states it. */
  readonly liquidity: number;
}

const WEI_PER_ETH = 1e18;
/** Of Uniswap v3. */
const MAX_TICK = 887_272;
const MAX_LIQUIDITY = 2 ** 128;
const MAX_ETH = 1e9;

/**
 * Reads `ts, close_tick, net_amount1_weth_wei, liquidity`; other columns are ignored.
 * @throws InputError naming the column that is missing or the row that is no number, out of order or without liquidity.
 */
export function readPoolSamples(table: CsvTable): PoolSample[] {
  const [ts, tick] = [table.column("ts"), table.column("close_tick")];
  const [net, liquidity] = [table.column("net_amount1_weth_wei"), table.column("liquidity")];
  let previous = -Infinity;
  return table.rows.map((row) => {
    const sample = {
      ...{ row, timestamp: table.timestamp(row, ts), tick: table.number(row, tick) },
      ...{ netEth: table.number(row, net) / WEI_PER_ETH, liquidity: table.number(row, liquidity) },
    };
    if (sample.timestamp <= previous) throw table.error("is not after the row above", row);
    if (Math.abs(sample.tick) > MAX_TICK) throw table.error(`close_tick ${String(sample.tick)} is none`, row);
    if (Math.abs(sample.netEth) > MAX_ETH)
      throw table.error(
        `net_amount1_weth_wei ${String(sample.netEth * WEI_PER_ETH)} is more than there is`,
        row,
      );
    if (sample.liquidity <= 0) {
      throw table.error(`liquidity ${String(sample.liquidity)} is not above 0`, row);
    }
    if (sample.liquidity >= MAX_LIQUIDITY)
      throw table.error(`liquidity ${String(sample.liquidity)} is more than a pool can state`, row);
    previous = sample.timestamp;
    return sample;
  });
}
