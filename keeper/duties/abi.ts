import { parseAbi } from "viem";

/** What the duties read of the vault and call on it; anybody may. Units are those of contracts/interfaces/IVault.sol. */
export const vaultDutyAbi = parseAbi([
  "struct Limits { uint128 minDrift; uint128 ripcordDrift; uint64 maxSlippage; uint64 rescueSlippage; uint64 quoteEdge; uint64 shortMarginRatio; uint64 maxGamma; uint64 maxVega; uint64 ripcordReward; uint32 maxAge; }",
  "struct Queue { uint256 waiting; uint256 owed; uint256 oldestRequestAt; }",
  "function optionBook() view returns (address)",
  "function limits() view returns (Limits)",
  "function breachedAt() view returns (uint64)",
  "function queue() view returns (Queue)",
  "function settle(uint256 id) returns (uint256 received)",
  "function processQueue() returns (uint256 shares, uint256 assets)",
  "function recordBreach()",
  "function clearBreach()",
]);

/** Settlement in the option book. Prices are USD with 8 decimals, expiries unix seconds. */
export const optionBookAbi = parseAbi([
  "function feed() view returns (address)",
  "function settlementPrice(uint40 expiry) view returns (uint256)",
  "function settle(uint40 expiry, uint80 roundId, uint80[] lastRounds)",
  "function settleWithLastRound(uint40 expiry, uint80 roundId, uint80[] lastRounds)",
]);

/** Chainlink's `EACAggregatorProxy`, and the aggregator behind one of its phases. */
export const feedAbi = parseAbi([
  "function phaseId() view returns (uint16)",
  "function phaseAggregators(uint16 phase) view returns (address)",
  "function getRoundData(uint80 roundId) view returns (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)",
  "function latestRound() view returns (uint256)",
]);
