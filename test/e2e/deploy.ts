import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { createPublicClient, http, numberToHex, parseAbi, zeroAddress, type Address, type Hex } from "viem";
import { mnemonicToAccount } from "viem/accounts";

import { Command, killAll, run, ROOT } from "./support/command.ts";

const SCRIPT = "scripts/deploy.ts";
const MANAGER = parseAbi(["function hasRole(uint64 role, address account) view returns (bool, uint32)"]);
/** Ids of contracts/Roles.sol by the names of a plan. */
const ROLE_IDS = { admin: 0n, keeper: 1n, quoter: 2n, guardian: 3n, surfacePoster: 4n };
const HOT_ADMIN = 5n;
const DAY = 86_400;

/** Neither the node's deployer nor an actor of its. */
const deployer = mnemonicToAccount("test test test test test test test test test test test junk", {
  addressIndex: 15,
});
const DEPLOYER_KEY = `0x${Buffer.from(deployer.getHdKey().privateKey!).toString("hex")}`;

const roles = Object.fromEntries(
  Object.keys(ROLE_IDS).map((role, index) => [role, numberToHex(0xabc1 + index, { size: 20 })]),
) as Record<keyof typeof ROLE_IDS, Address>;

describe("npm run deploy", function () {
  this.timeout(120_000);
  const directory = mkdtempSync(join(tmpdir(), "keel-deploy-"));
  after(() => {
    killAll();
    rmSync(directory, { recursive: true, force: true });
  });

  const planFile = (text: string = JSON.stringify({ roles, volatility: 0.6 })) => {
    const file = join(directory, "plan.json");
    writeFileSync(file, text);
    return file;
  };

  describe("refuses", () => {
    const token = "0123456789abcdef0123456789abcdef";
    const env = { KEEL_RPC_URL: `http://127.0.0.1:9/v3/${token}`, KEEL_DEPLOYER_KEY: DEPLOYER_KEY };
    const changed = (changes: Record<string, string>) =>
      JSON.stringify({ roles: { ...roles, ...changes }, volatility: 0.6 });

    it("to show anything of the endpoint's token when the endpoint does not answer", async () => {
      const { code, stdout, stderr } = await run(SCRIPT, ["--plan", planFile(), "--chain-id", "1"], { env });
      expect([code, stdout]).to.deep.equal([1, ""]);
      expect(stderr).to.match(/^HTTP request failed\..*\n$/);
      expect(stderr).not.to.include(token);
    });

    for (const [what, { plan, chainId = "1", settings = {} }, line] of [
      [
        "a role of nobody: a vault without an admin is without one for ever",
        { plan: changed({ admin: zeroAddress }) },
        /^\/.*plan\.json: roles\.admin: is the zero address\n$/,
      ],
      [
        "a role of the deployer, who ends without any",
        { plan: changed({ quoter: deployer.address }) },
        /^\/.*plan\.json: roles\.quoter: must not be the account of the deployer\n$/,
      ],
      [
        "two roles of one account: the bounds on each key hold only while they are two",
        { plan: changed({ quoter: roles.keeper }) },
        /^\/.*plan\.json: roles\.quoter: must not be the account of roles\.keeper\n$/,
      ],
      [
        "a delay of the admin's that is no number of seconds",
        { plan: JSON.stringify({ roles, volatility: 0.6, adminDelay: "2 days" }) },
        /^\/.*plan\.json: adminDelay: .*\n$/,
      ],
      ["a plan that is not JSON", { plan: '{"roles":' }, /^\/.*plan\.json: is not valid JSON\n$/],
      ["a chain id that is no number", { chainId: "abc" }, /^error: option '--chain-id .* 'abc' .*\n$/],
      [
        "a deployer without a key",
        { settings: { KEEL_DEPLOYER_KEY: "" } },
        /^KEEL_DEPLOYER_KEY: is not set\n$/,
      ],
      [
        "a key cut short",
        { settings: { KEEL_DEPLOYER_KEY: DEPLOYER_KEY.slice(0, -1) } },
        /^KEEL_DEPLOYER_KEY: is not a private key of 32 bytes in hex\n$/,
      ],
      ["an endpoint that is none", { settings: { KEEL_RPC_URL: "nowhere" } }, /^KEEL_RPC_URL: is not .*\n$/],
    ] as [string, { plan?: string; chainId?: string; settings?: Record<string, string> }, RegExp][]) {
      it(`${what}, in one line`, async () => {
        const { code, stdout, stderr } = await run(
          SCRIPT,
          ["--plan", planFile(plan), "--chain-id", chainId],
          {
            env: { ...env, ...settings },
          },
        );
        expect([code, stdout], stderr).to.deep.equal([2, ""]);
        expect(stderr).to.match(line);
      });
    }
  });

  describe("beside npm run node", () => {
    const nodes = join(directory, "node.json");
    const file = join(directory, "second.json");
    let url: string;
    let journal: string | undefined;

    before(async () => {
      const flags = ["--port", "0", "--block-time", "1", "--still", "--deployment", nodes];
      const node = new Command(process.execPath, ["scripts/node.ts", ...flags]);
      url = (await node.said(/(http:\/\/127\.0\.0\.1:\d+), chain id 31337[^]*Ctrl-C stops/))[1]!;
    });

    after(() => {
      if (journal !== undefined) rmSync(join(ROOT, journal), { recursive: true, force: true });
    });

    const deploy = async (to: string) => {
      const outcome = await run(SCRIPT, ["--plan", planFile(), "--chain-id", "31337", "--deployment", to], {
        env: { KEEL_RPC_URL: url, KEEL_DEPLOYER_KEY: DEPLOYER_KEY },
      });
      journal ??= /ignition\/deployments\/chain-31337-\w+/.exec(outcome.stderr)?.[0];
      expect(outcome.code, outcome.stderr).to.equal(0);
      return { ...outcome, written: readDeployment(to) };
    };

    it("deploys a second Keel, whose roles are the plan's", async () => {
      const { stdout, stderr, written } = await deploy(file);
      const first = readDeployment(nodes);
      expect(stdout.split("\n")[0]).to.equal(`written to ${file}`);
      expect(stderr)
        .to.match(/^(\d+) of \1 done: LeaveAdmin$/m)
        .and.not.contain("replaces");

      const client = createPublicClient({ transport: http(url) });
      expect(Object.keys(written.contracts)).to.deep.equal(Object.keys(first.contracts)).and.have.length(10);
      for (const [name, address] of Object.entries(written.contracts)) {
        expect(stdout).to.contain(`${address}  ${name}`);
        expect(address).not.to.equal(first.contracts[name]);
        expect(await client.getCode({ address }), name).to.match(/^0x\w+/);
      }

      // A scan from the block on must meet the vault's creation.
      const vault = written.contracts["Vault"]!;
      const codeAt = (blockNumber: number): Promise<Hex | undefined> =>
        client.getCode({ address: vault, blockNumber: BigInt(blockNumber) });
      expect(written.block).to.be.greaterThan(first.block);
      expect(await codeAt(written.block - 1)).to.equal(undefined);

      const hasRole = async (role: bigint, account: Address) => {
        const address = written.contracts["AccessManager"]!;
        const call = { address, abi: MANAGER, functionName: "hasRole" } as const;
        return client.readContract({ ...call, args: [role, account] });
      };
      for (const [other, account] of Object.entries({ ...roles, deployer: deployer.address })) {
        for (const [name, role] of Object.entries(ROLE_IDS)) {
          const delay = name === "admin" && other === name ? 2 * DAY : 0;
          expect(await hasRole(role, account), `${other} as ${name}`).to.deep.equal([other === name, delay]);
        }
        const isAdmin = other === "admin";
        expect(await hasRole(HOT_ADMIN, account), other).to.deep.equal([isAdmin, isAdmin ? 2 * DAY : 0]);
      }
      expect(await hasRole(HOT_ADMIN, written.contracts["HotKeyRevoker"]!)).to.deep.equal([true, 0]);
    });

    it("changes nothing when it is repeated, and says what another file's Keel is replaced by", async () => {
      const before = readFileSync(file, "utf8");
      const { stderr } = await deploy(file);
      expect(readFileSync(file, "utf8")).to.equal(before);
      expect(stderr).not.to.contain("replaces");

      const replaced = readDeployment(nodes).contracts["Vault"]!;
      const { stderr: warning, written } = await deploy(nodes);
      expect(warning).to.contain(`replaces the deployment in ${nodes}, of the vault ${replaced}`);
      expect(written).to.deep.equal(readDeployment(file));
      expect(existsSync(join(ROOT, journal!))).to.equal(true);
    });
  });
});

function readDeployment(file: string): {
  readonly block: number;
  readonly contracts: Record<string, Address>;
} {
  return JSON.parse(readFileSync(file, "utf8")) as ReturnType<typeof readDeployment>;
}
