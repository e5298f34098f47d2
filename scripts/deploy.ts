import { existsSync, readFileSync } from "node:fs";

import { Command } from "commander";
import hre from "hardhat";
import { createPublicClient, http, isAddress, zeroAddress, type Address } from "viem";
import { z } from "zod";

import { Secret, secretsOfUrl } from "../keeper/config/secret.ts";
import { describeError } from "../keeper/log/describeError.ts";
import { DEFAULT_LIMITS, deployKeel, flatSurface, writeDeployment } from "./deployKeel.ts";
import { MAINNET } from "./localMainnet/addresses.ts";

const address = z
  .custom<Address>((value) => typeof value === "string" && isAddress(value), "is not an address")
  .refine((value) => value !== zeroAddress, "is the zero address");

/** What an operator decides; everything else has a default for Ethereum mainnet. */
const plan = z.strictObject({
  roles: z.strictObject({
    admin: address,
    keeper: address,
    quoter: address,
    guardian: address,
    surfacePoster: address,
  }),
  /** Annualised volatility of the first surface, as a fraction. */
  volatility: z.number().min(0.05).max(4),
  ground: z
    .strictObject({
      usdc: address,
      weth: address,
      pool: address,
      aavePool: address,
      ethUsd: address,
      usdcUsd: address,
    })
    .default({
      usdc: MAINNET.usdc,
      weth: MAINNET.weth,
      pool: MAINNET.usdcWethPool,
      aavePool: MAINNET.aavePool,
      ethUsd: MAINNET.ethUsdFeed,
      usdcUsd: MAINNET.usdcUsdFeed,
    }),
});

const program = new Command("npm run deploy --")
  .description(
    "Deploys Keel on the chain behind KEEL_RPC_URL from the account of KEEL_DEPLOYER_KEY, and writes where it is to\n" +
      "deployments/<chainId>.json. An interrupted deployment is taken up where it stopped.",
  )
  .requiredOption(
    "--plan <file>",
    "JSON: roles (five addresses, none of them the deployer), volatility, ground",
  )
  .requiredOption("--chain-id <number>", "the chain it is meant for; anything else is refused", Number)
  .addHelpText(
    "after",
    '\nA plan:\n  { "roles": { "admin": "0x…", "keeper": "0x…", "quoter": "0x…", "guardian": "0x…", "surfacePoster": "0x…" },\n' +
      '    "volatility": 0.65 }\n' +
      "\nExample:\n  KEEL_RPC_URL=https://… KEEL_DEPLOYER_KEY=0x… npm run deploy -- --plan plan.json --chain-id 1\n",
  )
  .parse();

try {
  await deploy(program.opts<{ plan: string; chainId: number }>());
} catch (error) {
  // The library's own message names the endpoint, access token and all.
  const secrets = [
    ...secretsOfUrl(new Secret(process.env["KEEL_RPC_URL"] ?? "")),
    new Secret(process.env["KEEL_DEPLOYER_KEY"] ?? ""),
  ];
  const problem = secrets.reduce((text, secret) => secret.blot(text), describeError(error));
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}

async function deploy({ plan: file, chainId }: { plan: string; chainId: number }): Promise<void> {
  const { KEEL_RPC_URL: url, KEEL_DEPLOYER_KEY: key } = process.env;
  if (url === undefined || key === undefined)
    throw new Error("KEEL_RPC_URL and KEEL_DEPLOYER_KEY must be set");
  const { roles, volatility, ground } = readPlan(file);

  const client = createPublicClient({ transport: http(url) });
  const actual = await client.getChainId();
  if (actual !== chainId)
    throw new Error(`KEEL_RPC_URL serves chain ${String(actual)}, not ${String(chainId)}`);
  const connection = await hre.network.create({
    network: "localhost",
    override: { url, chainId, accounts: [key] },
  });
  const [deployer] = await connection.ethers.getSigners();
  refuseSharedRoles(roles, deployer!.address);

  console.log(`deploying on chain ${String(chainId)} from ${deployer!.address}`);
  const contracts = await deployKeel(connection, {
    ground,
    roles,
    limits: DEFAULT_LIMITS,
    surface: flatSurface(volatility),
  });
  const block = Number(await client.getBlockNumber());
  console.log(`written to ${writeDeployment(chainId, block, contracts, ground)}`);
  for (const [name, at] of Object.entries(contracts)) console.log(`  ${at}  ${name}`);
}

function readPlan(file: string): z.infer<typeof plan> {
  if (!existsSync(file)) throw new Error(`--plan ${file}: no such file`);
  const result = plan.safeParse(JSON.parse(readFileSync(file, "utf8")));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Error(`--plan ${file}: ${issue!.path.join(".")} ${issue!.message}`);
}

/** The bounds on each key hold only while they are different keys. */
function refuseSharedRoles(roles: Readonly<Record<string, Address>>, deployer: string): void {
  const seen = new Map([[deployer.toLowerCase(), "the deployer"]]);
  for (const [role, account] of Object.entries(roles)) {
    const other = seen.get(account.toLowerCase());
    if (other !== undefined) throw new Error(`${role} and ${other} must be different accounts`);
    seen.set(account.toLowerCase(), role);
  }
}
