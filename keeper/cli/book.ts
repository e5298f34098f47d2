import { Command, InvalidArgumentError } from "commander";

interface BookCommandOptions {
  readonly config?: string;
  readonly vault?: string;
  readonly all?: true;
  readonly horizon: number;
  readonly json?: true;
}

/** Seconds: about as long as an outage that somebody is called for. */
const HORIZON = 3600;
/** Seconds of a hundred years: more than any series lives. */
const LONGEST = 100 * 365 * 86_400;

const HELP = `
Reads each vault's snapshot at the newest block through its Lens; needs no key. Settings as for \`keeper run\`.

  NAV           USDC
  delta, gamma, vega, theta
                of the options at the oracle's marks: ETH, ETH per USD, USD per 1.00 of volatility, USD per year
  hedge, drift  what the venues hold, and delta plus hedge: ETH
  limit         |drift| at which the keeper acts whatever it costs, ETH
  margin        the part by which the price may move before a venue can be liquidated
  low, high     the nearest prices, USD per ETH, at which |drift| reaches the limit or a venue can be liquidated, if
                nobody rebalances: as the book is now, without the time that passes
  P(delta), P(margin), P(any)
                the probability that the price gets there within the horizon, at the volatility the surface gives it.
                For horizons short against the time to expiry: gamma that grows meanwhile is left out, which over one
                day of an at-the-money week makes it about a sixth too low

The last row is the fleet: sums, the smallest margin, and the probability that any vault breaches. All vaults hedge
the same ether, so that is the probability that the price leaves the intersection of their intervals, at the largest
volatility.

With --json: {at, horizon, vaults: [{name, chainId, vault, block, timestamp, price, sigma, nav, delta, gamma, vega,
theta, hedge, drift, limit, margin, breach: {delta, margin, any, low, high}}], fleet}. margin, low and high are null
where there is none. A vault that cannot be read is {name, error}; the fleet is then of the others, and null without
any.

Exit codes: 0 all read, 1 a vault could not be read, 2 bad settings.

Examples:
  $ npm run keeper -- book
  $ npm run keeper -- book --all --horizon 86400
  $ npm run --silent keeper -- book --all --json | jq .fleet.breach.any`;

/** `keeper book`: greeks, margin and breach probability of the vaults in the configuration. */
export function bookCommand(): Command {
  return new Command("book")
    .description("Greeks, margin and the probability of breaching a limit, of one vault or of all together.")
    .option("--config <file>", "configuration file; keeper.config.json when it is there")
    .option("--vault <name>", "the vault to read, where the configuration has several")
    .option("--all", "every vault on every chain of the configuration, and their sums")
    .option("--horizon <seconds>", "time within which a limit may be breached", seconds, HORIZON)
    .option("--json", "JSON instead of a table")
    .addHelpText("after", HELP)
    .action(show);
}

function seconds(text: string): number {
  const value = text.trim() === "" ? NaN : Number(text);
  if (!(value >= 0 && value <= LONGEST)) {
    throw new InvalidArgumentError(`It must be a number of seconds, at most ${String(LONGEST)}.`);
  }
  return value;
}

/** Loads what it needs only here, so that other commands and --help start without it. */
async function show(options: BookCommandOptions): Promise<void> {
  const { showBook } = await import("./showBook.ts");
  process.exitCode = await showBook({
    configFile: options.config,
    vault: options.vault,
    all: options.all === true,
    horizon: options.horizon,
    json: options.json === true,
    env: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
  });
}
