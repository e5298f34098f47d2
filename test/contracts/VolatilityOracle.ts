import { expect } from "chai";
import type { Contract } from "ethers";

import { flatSurface, type SurfacePillar } from "../../scripts/deployKeel.ts";
import { useKeel } from "./utils/useKeel.ts";

const INTERVAL = 300;
const FLAT = flatSurface(0.6);

/** The flat surface with one parameter of one pillar changed. */
function changed(pillar: number, change: Partial<SurfacePillar>, base = FLAT): SurfacePillar[] {
  return base.map((p, i) => (i === pillar ? { ...p, ...change } : p));
}

describe("VolatilityOracle", () => {
  const keel = useKeel((k) => k.networkHelpers.time.increase(INTERVAL));
  const oracle = () => keel().volatilityOracle.connect(keel().surfacePoster) as Contract;
  const post = async (pillars: SurfacePillar[]) => oracle().post!(pillars);
  const refuses = async (pillars: SurfacePillar[], error: string, ...args: unknown[]) =>
    expect(post(pillars))
      .to.be.revertedWithCustomError(oracle(), error)
      .withArgs(...args);
  const stored = async (): Promise<SurfacePillar[]> => {
    const { pillars } = (
      (await oracle().surface!()) as { toObject(deep: boolean): { pillars: object[] } }
    ).toObject(true);
    return pillars.map(
      (pillar) =>
        Object.fromEntries(
          Object.entries(pillar).map(([k, v]) => [k, Number(v)]),
        ) as unknown as SurfacePillar,
    );
  };

  it("serves what was posted, pillar by pillar", async () => {
    expect(await stored()).to.deep.equal(FLAT);
    const next = FLAT.map((pillar, i) => ({
      ...pillar,
      atmVol: 600_000_000 + 10_000_000 * i,
      skew: -50_000_000 + i,
      curvature: 90_000_000 - i,
      forwardRatio: 1_009_999_999 - i,
    }));
    const sent = await post(next);
    expect(await stored()).to.deep.equal(next);
    const now = await keel().networkHelpers.time.latest();
    expect(await oracle().postedAt!()).to.equal(now);
    await expect(sent)
      .to.emit(oracle(), "SurfacePosted")
      .withArgs(now, await oracle().settledFrom!(), next.map(Object.values));
    await keel().networkHelpers.time.increase(INTERVAL);
    await post(FLAT);
    expect(await stored()).to.deep.equal(FLAT);
  });

  it("is posted by its own key alone", async () => {
    const { admin, keeper, quoter, guardian, stranger, volatilityOracle } = keel();
    for (const signer of [admin, keeper, quoter, guardian, stranger]) {
      await expect((volatilityOracle.connect(signer) as Contract).post!(FLAT)).to.be.revertedWithCustomError(
        volatilityOracle,
        "AccessManagedUnauthorized",
      );
    }
  });

  it("waits five minutes between posts", async () => {
    await post(FLAT);
    const { time } = keel().networkHelpers;
    const postedAt = await time.latest();
    await time.setNextBlockTimestamp(postedAt + INTERVAL - 1);
    await refuses(FLAT, "PostedTooSoon", postedAt + INTERVAL);
    await time.setNextBlockTimestamp(postedAt + INTERVAL);
    await post(FLAT);
  });

  it("is fresh for three hours, to the second, and serves on when stale", async () => {
    await post(FLAT);
    const { time } = keel().networkHelpers;
    const postedAt = await time.latest();
    await time.increaseTo(postedAt + 3 * 3_600);
    expect(await oracle().isFresh!()).to.equal(true);
    await time.increaseTo(postedAt + 3 * 3_600 + 1);
    expect(await oracle().isFresh!()).to.equal(false);
    expect(await stored()).to.deep.equal(FLAT);
  });

  describe("moves by a step at most", () => {
    for (const [name, field, from, step] of [
      ["a fifth of the volatility", "atmVol", 600_000_000, 120_000_000],
      ["0.1 of skew", "skew", 0, 100_000_000],
      ["0.1 of curvature", "curvature", 0, 100_000_000],
      ["0.01 of forward", "forwardRatio", 1_000_000_000, 10_000_000],
    ] as const) {
      it(`${name}, up and down, in any pillar`, async () => {
        for (const sign of [1, -1]) {
          for (const pillar of [0, 3]) {
            const beyond = changed(pillar, { [field]: from + sign * (step + 1) });
            await refuses(beyond, "StepTooLarge", pillar);
            await oracle().post!.staticCall(changed(pillar, { [field]: from + sign * step }));
          }
        }
      });
    }

    it("of what is served now, not of the first", async () => {
      await post(changed(1, { atmVol: 720_000_000 }));
      await keel().networkHelpers.time.increase(INTERVAL);
      await post(changed(1, { atmVol: 864_000_000 }));
      await keel().networkHelpers.time.increase(INTERVAL);
      await refuses(FLAT, "StepTooLarge", 1);
    });
  });

  it("keeps its tenors", async () => {
    await refuses(FLAT.slice(1), "InvalidSurface", 3);
    await refuses([...FLAT, FLAT[3]!], "InvalidSurface", 5);
    await refuses(changed(2, { tenor: 31 * 86_400 }), "InvalidSurface", 2);
  });

  it("keeps every parameter within bounds", async () => {
    const { ethers, contracts } = keel();
    const deploy = (pillars: SurfacePillar[]) =>
      ethers.deployContract("VolatilityOracle", [contracts.AccessManager, pillars]);
    const bounds: [Partial<SurfacePillar>, Partial<SurfacePillar>][] = [
      [{ atmVol: 50_000_000 }, { atmVol: 49_999_999 }],
      [{ atmVol: 4_000_000_000 }, { atmVol: 4_000_000_001 }],
      [{ skew: 1_000_000_000 }, { skew: 1_000_000_001 }],
      [{ skew: -1_000_000_000 }, { skew: -1_000_000_001 }],
      [{ curvature: 1_000_000_000 }, { curvature: 1_000_000_001 }],
      [{ curvature: -1_000_000_000 }, { curvature: -1_000_000_001 }],
      [{ forwardRatio: 900_000_000 }, { forwardRatio: 899_999_999 }],
      [{ forwardRatio: 1_100_000_000 }, { forwardRatio: 1_100_000_001 }],
    ];
    for (const [inside, outside] of bounds) {
      await deploy(changed(2, inside));
      await expect(deploy(changed(2, outside)))
        .to.be.revertedWithCustomError(oracle(), "InvalidSurface")
        .withArgs(2);
    }
  });

  it("begins with one to four pillars of rising tenor", async () => {
    const { ethers, contracts } = keel();
    const refused: [SurfacePillar[], number][] = [
      [[], 0],
      [[...FLAT, { ...FLAT[3]!, tenor: 90 * 86_400 }], 5],
      [changed(0, { tenor: 0 }), 0],
      [changed(1, { tenor: 86_400 }), 1],
      [changed(3, { tenor: 8 * 86_400 }), 3],
    ];
    for (const [pillars, at] of refused) {
      await expect(ethers.deployContract("VolatilityOracle", [contracts.AccessManager, pillars]))
        .to.be.revertedWithCustomError(oracle(), "InvalidSurface")
        .withArgs(at);
    }
  });
});
