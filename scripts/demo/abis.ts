import { parseAbi } from "viem";

/** What the demo's wallets call on Keel. */
export const VAULT = parseAbi([
  "function deposit(uint256 assets, address receiver) returns (uint256)",
  "function redeem(uint256 shares, address receiver, address owner) returns (uint256)",
  "function maxRedeem(address owner) view returns (uint256)",
  "function balanceOf(address owner) view returns (uint256)",
  "function convertToAssets(uint256 shares) view returns (uint256)",
  "function nav() view returns (int256)",
  "function legs() view returns (uint256[])",
  "function settle(uint256 id) returns (uint256)",
]);

export const OPTION_BOOK = parseAbi([
  "struct Quote { address maker; address taker; bool makerSells; uint256 seriesId; uint256 quantity; uint256 premium; uint256 nonce; uint256 deadline; }",
  "function fill(Quote quote, bytes signature, uint256 quantity) returns (uint256)",
  "function settle(uint40 expiry, uint80 roundId, uint80[] lastRounds)",
  "function settlementPrice(uint40 expiry) view returns (uint256)",
  "function claim(uint256 id, address holder) returns (uint256)",
  "function balanceOf(address account, uint256 id) view returns (uint256)",
]);

export const RISK_ENGINE = parseAbi([
  "struct Pillar { uint32 tenor; uint48 atmVol; int48 skew; int48 curvature; uint48 forwardRatio; }",
  "struct Surface { Pillar[] pillars; }",
  "struct Greeks { int256 price; int256 delta; int256 gamma; int256 vega; int256 theta; }",
  "function value(uint256 id, uint256 spot, uint256 timestamp, Surface surface) pure returns (Greeks)",
]);

export const VOLATILITY_ORACLE = parseAbi([
  "struct Pillar { uint32 tenor; uint48 atmVol; int48 skew; int48 curvature; uint48 forwardRatio; }",
  "struct Surface { Pillar[] pillars; }",
  "function surface() view returns (Surface)",
  "function post(Pillar[] pillars)",
]);

/** The EIP-712 type a maker signs. */
export const QUOTE_TYPES = {
  Quote: [
    { name: "maker", type: "address" },
    { name: "taker", type: "address" },
    { name: "makerSells", type: "bool" },
    { name: "seriesId", type: "uint256" },
    { name: "quantity", type: "uint256" },
    { name: "premium", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
} as const;
