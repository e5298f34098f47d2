import { parseEther } from "ethers";

import { exactDistribution, seeded } from "../../test/contracts/risk/reference.ts";
import { DAY } from "../../test/contracts/utils/keel.ts";
import type { Keel } from "../../test/contracts/utils/useKeel.ts";
import { capped, packLeg, PRICE } from "./market.ts";
import { gasRow, METERED, TARGETS, type AccuracyRow, type GasRow } from "./row.ts";

const SPOT = parseEther(String(PRICE));
const WAD = 10n ** 18n;
/** Half-widths, of price and volatility. */
const BOX = { price: parseEther("0.005"), volatility: parseEther("0.05") };
const SAMPLES = 2_000;
const CDF_ERROR = 5e-17;
/** Of a book: series, and expiries they are spread over. */
const BOOKS = [
  [1, 1],
  [8, 1],
  [8, 4],
  [8, 8],
  [16, 1],
  [16, 4],
  [16, 8],
  [32, 1],
  [32, 4],
  [32, 8],
] as const;

/** N(x) and one vanilla option with every greek, inside the library. */
export async function measureMaths(keel: Keel): Promise<GasRow[]> {
  const harness = await keel.ethers.deployContract("RiskHarness");
  const rows: GasRow[] = [];
  for (const x of ["-8.5", "-3", "-1", "-0.1", "0", "0.5", "1", "2.5", "8.5", "9.5"]) {
    const { gas } = (await harness.getFunction("cdfGas")(parseEther(x))) as { gas: bigint };
    rows.push(gasRow(`N(${x})`, gas - METERED, TARGETS.cdf));
  }
  for (const [isPut, strike, days] of [
    [false, 1_500, 30],
    [false, 2_700, 7],
    [false, 3_000, 30],
    [false, 3_300, 30],
    [false, 4_500, 7],
    [true, 2_700, 30],
    [true, 3_300, 1],
  ] as const) {
    const { gas } = (await harness.getFunction("vanillaGas")({
      isPut,
      spot: SPOT,
      strike: parseEther(String(strike)),
      cap: 0n,
      sigma: parseEther("0.6"),
      tau: BigInt(days * DAY),
      forward: parseEther(String(PRICE + days)),
    })) as { gas: bigint };
    const name = `${isPut ? "put" : "call"} at ${String(strike)}, ${String(days)} d, price and all greeks`;
    rows.push(gasRow(name, gas - METERED, TARGETS.vanilla));
  }
  return rows;
}

/** Books of capped series, at a spot of 3,000. */
export async function measureBooks(keel: Keel): Promise<GasRow[]> {
  const { ethers, engine, volatilityOracle, networkHelpers } = keel;
  const harness = await ethers.deployContract("RiskHarness");
  const meter = await ethers.deployContract("GasMeter");
  const now = await networkHelpers.time.latest();
  const surface = (
    (await volatilityOracle.getFunction("surface")()) as { toObject(deep: boolean): unknown }
  ).toObject(true);
  const fromCalldata: GasRow[] = [];
  const fromStorage: GasRow[] = [];
  const bounds: GasRow[] = [];
  for (const [count, expiries] of BOOKS) {
    const legs = capped(count, expiries, now).map((id) => packLeg(id, -WAD));
    const name = `${String(count)} series, ${String(expiries)} expir${expiries === 1 ? "y" : "ies"}`;
    const warm = (await harness.getFunction("bookGas")(engine, legs, SPOT, now, surface)) as bigint;
    fromCalldata.push(gasRow(`book from calldata: ${name}`, warm - METERED));

    await meter.getFunction("setLegs")(legs);
    const { gas } = (await meter.getFunction("storedBookGas")(engine, volatilityOracle, SPOT)) as {
      gas: bigint;
    };
    fromStorage.push(
      gasRow(`book from storage: ${name}`, gas - METERED, count === 16 ? TARGETS.storedBookOf16 : null),
    );
    const between = (await meter.getFunction("storedBoundsGas")(
      engine,
      volatilityOracle,
      SPOT,
      BOX,
    )) as bigint;
    bounds.push(gasRow(`bounds from storage: ${name}`, between - METERED));
  }
  return [...fromCalldata, ...fromStorage, ...bounds];
}

/** The largest error of N(x) over random x in ±9.5 and the ends of its pieces. */
export async function cdfAccuracy(keel: Keel): Promise<AccuracyRow> {
  const harness = await keel.ethers.deployContract("RiskHarness");
  const random = seeded(1);
  const xs = [0n, 1n, -1n, 9n * WAD, -9n * WAD];
  while (xs.length < SAMPLES) xs.push(parseEther(((random() - 0.5) * 19).toFixed(18)));
  const ys = (await harness.getFunction("cdf")(xs)) as bigint[];
  const worst = xs.reduce((most, x, i) => {
    const error = ys[i]! * 10n ** 32n - exactDistribution(x);
    const size = error < 0n ? -error : error;
    return size > most ? size : most;
  }, 0n);
  const error = Number(worst) / 1e50;
  return {
    name: `N(x), absolute, ${String(SAMPLES)} values of x`,
    error,
    target: CDF_ERROR,
    met: error <= CDF_ERROR,
  };
}
