import { Command, Option } from "commander";
import { numberIn, wholeIn } from "./numberFlag.ts";

export interface FetchFlags {
  readonly from?: string;
  readonly to?: string;
  readonly out?: string;
  readonly source?: "binance" | "coinbase";
  readonly rpc?: string;
  readonly feed?: string;
  readonly binance?: string;
  readonly coinbase?: string;
  readonly deribit?: string;
  readonly rps?: number;
  readonly retries?: number;
  readonly check?: true;
}

const HELP = `
What there is, from sources that need no key. Files are CSV with a header, times in unix seconds (UTC):
  candles             ts, open, high, low, close, volume_eth, src: hourly, USD per ETH. Binance ETHUSDT, for hours that it
                      lacks, or where it cannot be reached at all, Coinbase ETH-USD. For --prices
  base-fees           ts, average_gwei, low_gwei, high_gwei, blocks: the median, least and greatest base fee of the blocks of
                      an hour, from a node of any chain (--rpc). For --gas. About four requests an hour of history
  implied-volatility  ts, open, high, low, close: Deribit's ETH DVOL, hourly, annualised per cent, since 2021-03. For --dvol
  chain               ts, expiry, strike, cp, bid, ask, mark, iv, delta, oi, vol24h, fut, idx: Deribit's ETH options as they
                      are now. The venue has no public history of them: each run adds a snapshot
  rounds              round_id, phase, agg_round, answer, price_usd, started_at, updated_at: Chainlink's ETH / USD feed on
                      mainnet, from a node (--rpc). One request a round

Where the file is there, it goes on where that ends, and --from is not looked at. The file is replaced as a whole every
few seconds, so what is there is always whole; bars that have not ended are never in it. Limits on requests are kept, and
a source that does not answer or asks to be left alone is asked again.

--check asks each source one small question and says whether its answer still fits its published schema; with a name, only
what that needs. Sources that need a node are not asked without --rpc.

Exit codes: 0 done, 1 a source has no usable answer (what came before is kept) or a check failed, 2 it cannot be begun.

Examples:
  $ npm run --silent keeper -- fetch candles --from 2018-01-01 --out eth_usd_1h.csv.gz
  $ npm run --silent keeper -- fetch base-fees --rpc https://ethereum-rpc.publicnode.com --from 2025-06-01 --out gas.csv.gz
  $ npm run --silent keeper -- fetch chain --out deribit_eth_chain.csv.gz
  $ npm run --silent keeper -- fetch --check --rpc https://ethereum-rpc.publicnode.com`;

/** `keeper fetch`: market history from public sources into files that the other commands read. */
export function fetchCommand(): Command {
  return new Command("fetch")
    .description("Fetch candles, base fees, implied volatility, option chains and oracle rounds into files.")
    .argument("[what]", "candles, base-fees, implied-volatility, chain or rounds")
    .option("--out <file>", "the file to write or to go on with; .csv or .csv.gz")
    .option(
      "--from <time>",
      "where to begin: a day YYYY-MM-DD or an ISO datetime; default 30 days before the end",
    )
    .option("--to <time>", "where to end, a day included; default now")
    .addOption(
      new Option("--source <name>", "of candles: this source alone").choices(["binance", "coinbase"]),
    )
    .option("--rpc <url>", "a node; default KEEL_RPC_URL, then RPC_URL")
    .option("--feed <address>", "of rounds: another Chainlink proxy of 8 decimals")
    .option(
      "--rps <n>",
      "requests a second; default what the source's limits leave room for",
      numberIn({ most: 1e6 }),
    )
    .option(
      "--retries <n>",
      "how often to ask again where that may help; default 6, with --check 1",
      wholeIn(0, 999),
    )
    .option("--binance <url>", "another address of Binance's spot API")
    .option("--coinbase <url>", "another address of Coinbase Exchange's API")
    .option("--deribit <url>", "another address of Deribit's API")
    .option("--check", "verify that the sources answer as their published schemas say; writes nothing")
    .addHelpText("after", HELP)
    .action(answer);
}

/** Loads what it needs only here, so that other commands and --help start without it. */
async function answer(what: string | undefined, flags: FetchFlags): Promise<void> {
  const { runFetch } = await import("./runFetch.ts");
  process.exitCode = await runFetch(what, flags, process);
}
