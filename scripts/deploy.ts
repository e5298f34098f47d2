import { existsSync, readFileSync } from "node:fs";

import { Command, InvalidArgumentError } from "commander";
import hre from "hardhat";
import {
  createPublicClient,
  http,
  isAddress,
  keccak256,
  stringToHex,
  zeroAddress,
  type Address,
  type Hex,
  type PublicClient,
} from "viem";
import { privateKeyToAddress } from "viem/accounts";
import { z } from "zod";

import { DEFAULT_ADMIN_DELAY } from "../deployments/modules/Keel.ts";
import { refuseInOneLine } from "../keeper/cli/refuseInOneLine.ts";
import { deploymentFile } from "../keeper/config/deployment.ts";
import { ConfigError, describeIssue, readJsonObject } from "../keeper/config/load.ts";
import { Secret, secretsOfUrl } from "../keeper/config/secret.ts";
import { describeError } from "../keeper/log/describeError.ts";
import {
  DEFAULT_LIMITS,
  DEPLOYMENT_STEPS,
  deployKeel,
  flatSurface,
  MAINNET_GROUND,
  sharedRole,
  writeDeployment,
  type KeelContracts,
} from "./deployKeel.ts";
import { firstBlock, followJournal, journalFolder } from "./ignitionJournal.ts";

/** Begins anew with every node, so that what one remembers of it says nothing of the next. */
const LOCAL_CHAIN_ID = 31337;

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
  /** Seconds the admin waits for each thing it does. */
  adminDelay: z
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(DEFAULT_ADMIN_DELAY),
  ground: z
    .strictObject({
      usdc: address,
      weth: address,
      pool: address,
      aavePool: address,
      ethUsd: address,
      usdcUsd: address,
    })
    .default(MAINNET_GROUND),
});

type Plan = z.infer<typeof plan>;

interface DeployFlags {
  readonly plan: string;
  readonly chainId: number;
  readonly deployment?: string;
}

const program = new Command("npm run deploy --")
  .description(
    "Deploys Keel on the chain behind KEEL_RPC_URL from the account of KEEL_DEPLOYER_KEY, and writes where it is to " +
      "deployments/<chainId>.json. An interrupted deployment is taken up where it stopped; repeating a finished one " +
      "changes nothing.",
  )
  .requiredOption(
    "--plan <file>",
    "JSON: roles (five addresses, none of them the deployer), volatility, adminDelay (seconds, default two days), ground",
  )
  .requiredOption("--chain-id <number>", "the chain it is meant for; anything else is refused", toChainId)
  .option("--deployment <file>", "where to write Keel's addresses (default: deployments/<chainId>.json)")
  .addHelpText(
    "after",
    '\nA plan:\n  { "roles": { "admin": "0x…", "keeper": "0x…", "quoter": "0x…", "guardian": "0x…", "surfacePoster": "0x…" },\n' +
      '    "volatility": 0.65, "adminDelay": 172800 }\n' +
      "\nExample:\n  KEEL_RPC_URL=https://… KEEL_DEPLOYER_KEY=0x… npm run deploy -- --plan plan.json --chain-id 1\n",
  );
refuseInOneLine(program).parse();

try {
  await deploy(program.opts<DeployFlags>());
} catch (error) {
  const isUsage = error instanceof ConfigError;
  // The library's own message names the endpoint, access token and all.
  const secrets = [
    ...secretsOfUrl(new Secret(process.env["KEEL_RPC_URL"] ?? "")),
    new Secret(process.env["KEEL_DEPLOYER_KEY"] ?? ""),
  ];
  const text = isUsage ? error.message : describeError(error);
  say(secrets.reduce((problem, secret) => secret.blot(problem), text));
  process.exit(isUsage ? 2 : 1);
}

async function deploy(flags: DeployFlags): Promise<void> {
  const { chainId, deployment = deploymentFile(chainId) } = flags;
  const { url, key } = readEnvironment();
  const { roles, volatility, adminDelay, ground } = readPlan(flags.plan);
  const deployer = privateKeyToAddress(key);
  refuseSharedRoles(flags.plan, roles, deployer);

  const client = createPublicClient({ transport: http(url) });
  const actual = await client.getChainId();
  if (actual !== chainId)
    throw new Error(`KEEL_RPC_URL serves chain ${String(actual)}, not ${String(chainId)}`);
  const connection = await hre.network.create({
    network: "localhost",
    override: { url, chainId, accounts: [key] },
  });

  const isLocal = chainId === LOCAL_CHAIN_ID;
  const deploymentId = isLocal
    ? await localDeploymentId(client, [deployer, roles, volatility, adminDelay, ground])
    : `chain-${String(chainId)}`;
  const journal = journalFolder(deploymentId);
  say(`deploying on chain ${String(chainId)} from ${deployer}, noting each step in ${journal}`);
  const stopFollowing = followJournal(journal, DEPLOYMENT_STEPS, say);
  const contracts = await deployKeel(connection, {
    ground,
    roles,
    limits: DEFAULT_LIMITS,
    surface: flatSurface(volatility),
    adminDelay,
    deploymentId,
    // Nothing is ever reorganised away there.
    ...(isLocal ? { confirmations: 1 } : {}),
  })
    .catch((error: unknown) => {
      throw inOneLine(error, journal);
    })
    .finally(stopFollowing);
  await expectCode(client, contracts, journal);

  announceReplacement(deployment, contracts);
  console.log(`written to ${writeDeployment(chainId, firstBlock(journal), contracts, ground, deployment)}`);
  for (const [name, at] of Object.entries(contracts)) console.log(`  ${at}  ${name}`);
}

/** What is not the result goes to standard error. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function toChainId(value: string): number {
  if (!/^[1-9]\d{0,14}$/.test(value)) throw new InvalidArgumentError("Not a chain id.");
  return Number(value);
}

function readEnvironment(): { readonly url: string; readonly key: Hex } {
  const { KEEL_RPC_URL: url = "", KEEL_DEPLOYER_KEY: given = "" } = process.env;
  const key: Hex = `0x${given.replace(/^0x/, "")}`;
  const problems = [];
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ""))
    problems.push(`KEEL_RPC_URL: ${url === "" ? "is not set" : "is not an http or https URL"}`);
  if (given === "") problems.push("KEEL_DEPLOYER_KEY: is not set");
  else if (!isPrivateKey(key)) problems.push("KEEL_DEPLOYER_KEY: is not a private key of 32 bytes in hex");
  if (problems.length > 0) throw new ConfigError(problems);
  return { url, key };
}

function isPrivateKey(key: Hex): boolean {
  try {
    return /^0x[0-9a-fA-F]{64}$/.test(key) && isAddress(privateKeyToAddress(key));
  } catch {
    return false; // zero, or beyond the order of the curve
  }
}

function readPlan(file: string): Plan {
  const result = plan.safeParse(readJsonObject(file));
  if (result.success) return result.data;
  throw new ConfigError(result.error.issues.flatMap(describeIssue).map((line) => `${file}: ${line}`));
}

function refuseSharedRoles(file: string, roles: Plan["roles"], deployer: Address): void {
  const shared = sharedRole(roles, deployer);
  if (shared === undefined) return;
  throw new ConfigError([`${file}: roles.${shared[0]}: must not be the account of ${shared[1]}`]);
}

/** One for each chain that began under the local id, and on it for each Keel: repeating one of them finds it again. */
async function localDeploymentId(client: PublicClient, particulars: unknown): Promise<string> {
  const { hash } = await client.getBlock({ blockNumber: 0n });
  const digest = keccak256(stringToHex(JSON.stringify([hash, particulars])));
  return `chain-${String(LOCAL_CHAIN_ID)}-${digest.slice(2, 18)}`;
}

/** Ignition lists every step that differs from what it remembers; one tells as much. */
function inOneLine(error: unknown, journal: string): unknown {
  if (!(error instanceof Error) || !error.message.includes("reconciliation errors")) return error;
  const [first, ...others] = error.message.split("\n").filter((line) => line.startsWith("  * "));
  return new Error(
    `${journal} remembers a deployment other than this one (${first?.slice(4) ?? ""}; ${String(others.length)} more): ` +
      "go on with its plan and its key, or move that folder away to deploy another Keel",
  );
}

/** A journal may be of a chain that is gone; then it is what was deployed there that Ignition answers with. */
async function expectCode(client: PublicClient, contracts: KeelContracts, journal: string): Promise<void> {
  for (const [name, address] of Object.entries(contracts) as [string, Address][]) {
    if ((await client.getCode({ address })) === undefined)
      throw new Error(
        `${journal} remembers a ${name} at ${address}, where this chain has no code: move that folder away to deploy anew`,
      );
  }
}

/** The keeper finds a Keel by its file: another one's is not overwritten in silence. */
function announceReplacement(file: string, contracts: KeelContracts): void {
  if (!existsSync(file)) return;
  const written = readFileSync(file, "utf8");
  if (written.includes(contracts.Vault)) return;
  const vault = /"Vault": *"(0x\w{40})"/.exec(written)?.[1];
  say(
    `replaces the deployment in ${file}${vault === undefined ? "" : `, of the vault ${vault}`}; --deployment names another file`,
  );
}
