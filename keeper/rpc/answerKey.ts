/**
 * Fields in which answers must agree. Clients add fields of their own to blocks and receipts and leave out others, so two
 * honest answers need not be equal whole.
 */
const BLOCK = [
  ...[
    "number",
    "hash",
    "parentHash",
    "timestamp",
    "baseFeePerGas",
    "gasUsed",
    "gasLimit",
    "miner",
    "mixHash",
  ],
  ...["stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "extraData", "nonce", "sha3Uncles"],
];
const RECEIPT = [
  ...["transactionHash", "blockHash", "blockNumber", "transactionIndex", "status", "from", "to", "gasUsed"],
  ...["cumulativeGasUsed", "effectiveGasPrice", "contractAddress"],
];
const LOG = ["address", "topics", "data", "blockHash", "blockNumber", "transactionHash", "logIndex"];
const TRANSACTION = ["hash", "nonce", "from", "to", "input", "value", "gas", "blockHash", "blockNumber"];

/** One text for all answers to a method that say the same, whatever node gave them. */
export function answerKey(method: string, result: unknown): string {
  switch (method) {
    case "eth_getBlockByNumber":
    case "eth_getBlockByHash":
      return canonical(pick(result, BLOCK));
    case "eth_getTransactionReceipt":
      return canonical(receiptOf(result));
    case "eth_getBlockReceipts":
      return canonical(Array.isArray(result) ? result.map(receiptOf) : result);
    case "eth_getLogs":
      return canonical(logsOf(result));
    case "eth_getTransactionByHash":
      return canonical(pick(result, TRANSACTION));
    case "eth_blockNumber":
    case "eth_chainId":
    case "eth_estimateGas":
    case "eth_getBalance":
    case "eth_getTransactionCount":
      return quantityOf(result)?.toString() ?? canonical(result);
    default:
      return canonical(result);
  }
}

/** JSON with sorted keys and hex in lower case. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each === "string") return normalHex(each);
    if (typeof each !== "object" || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function normalHex(text: string): string {
  return /^0x[0-9a-f]+$/i.test(text) ? text.toLowerCase() : text;
}

function pick(value: unknown, fields: readonly string[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  const object = value as Record<string, unknown>;
  return Object.fromEntries(fields.map((field) => [field, quantity(field, object[field] ?? null)]));
}

const QUANTITIES = new Set([
  ...["number", "timestamp", "baseFeePerGas", "gasUsed", "gasLimit", "blockNumber", "transactionIndex"],
  ...["status", "cumulativeGasUsed", "effectiveGasPrice", "logIndex", "value", "gas", "nonce"],
]);

/** Quantities compare as numbers. */
function quantity(field: string, value: unknown): unknown {
  if (!QUANTITIES.has(field) || typeof value !== "string") return value;
  return quantityOf(value)?.toString() ?? value;
}

function receiptOf(result: unknown): unknown {
  if (typeof result !== "object" || result === null) return result;
  const { logs } = result as { logs?: unknown };
  return { fields: pick(result, RECEIPT), logs: logsOf(logs) };
}

function logsOf(logs: unknown): unknown {
  return Array.isArray(logs) ? logs.map((log) => pick(log, LOG)) : (logs ?? null);
}

/** The number a node gives in hex; null for what is none. */
export function quantityOf(value: unknown): bigint | null {
  return typeof value === "string" && /^0x[0-9a-f]+$/i.test(value) ? BigInt(value) : null;
}
