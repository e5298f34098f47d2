import { createRequire } from "node:module";
import { availableParallelism } from "node:os";

import hardhatToolboxMochaEthers from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { defineConfig } from "hardhat/config";
import type { HardhatPlugin } from "hardhat/types/plugins";

const require = createRequire(import.meta.url);

/**
 * solc warns once a build of transient storage that outlives the call. Both uses of it here do not: OpenZeppelin's guard and
 * `OptionBook.buyingMaker` are cleared before it ends, which the warning itself calls safe. Every other warning stays.
 */
const TRANSIENT_STORAGE = "2394";
const withoutTransientWarning: HardhatPlugin = {
  id: "keel-without-transient-warning",
  hookHandlers: {
    solidity: () =>
      Promise.resolve({
        default: () =>
          Promise.resolve({
            async getCompilationJobErrors(context, job, output, next) {
              const errors = await next(context, job, output);
              return errors.filter(({ errorCode }) => errorCode !== TRANSIENT_STORAGE);
            },
          }),
      }),
  },
};

export default defineConfig({
  plugins: [hardhatToolboxMochaEthers, withoutTransientWarning],
  solidity: {
    version: "0.8.28",
    // The compiler comes from npm, so a build needs no download.
    path: require.resolve("solc/soljson.js"),
    npmFilesToBuild: ["@openzeppelin/contracts/access/manager/AccessManager.sol"],
    settings: { viaIR: true, optimizer: { enabled: true, runs: 1_000_000 }, evmVersion: "cancun" },
  },
  paths: { tests: { mocha: "test", solidity: "test/contracts" } },
  test: {
    // Files side by side. Half as many as there are cores, since many a test starts processes of its own, but two even on the smallest.
    mocha: {
      parallel: true,
      jobs: Math.max(2, Math.floor(availableParallelism() / 2)),
      require: ["./test/support/worker.ts"],
    },
    // Cases a fuzz test is given: a few in `npm test`, many in `npm run test:deep`.
    solidity: { fuzz: { runs: Number(process.env.KEEL_FUZZ_RUNS ?? 256) } },
  },
  networks: {
    // The local mainnet: canonical addresses, but a chain id whose signatures are worthless elsewhere.
    localMainnet: {
      type: "edr-simulated",
      chainType: "l1",
      chainId: 31337,
      blockGasLimit: 60_000_000n,
      allowBlocksWithSameTimestamp: false,
    },
    // In process only. Without a real endpoint the fork tests put that of an embedded upstream here.
    mainnetFork: {
      type: "edr-simulated",
      chainType: "l1",
      chainId: 1,
      allowBlocksWithSameTimestamp: false,
      forking: { url: process.env.MAINNET_RPC_URL ?? "http://127.0.0.1:8545" },
    },
  },
});
