import { parseAbi } from "viem";

/** `Lens.snapshot`: all that one decision reads from the chain. Units are stated on {@link Snapshot}. */
export const lensAbi = parseAbi([
  "struct VenueState { address venue; int256 delta; int256 equity; uint256 liquidationDistance; uint256 marginTrigger; }",
  "struct Pillar { uint32 tenor; uint48 atmVol; int48 skew; int48 curvature; uint48 forwardRatio; }",
  "struct Greeks { int256 price; int256 delta; int256 gamma; int256 vega; int256 theta; }",
  "struct Snapshot { uint256 blockNumber; uint256 timestamp; uint256 price; uint256 ethUsd; uint256 priceUpdatedAt; bool fresh; bool open; bool paused; uint256 poolPrice; uint256 poolLiquidity; uint24 poolFee; uint64 rebalanceNonce; uint64 lastRebalanceAt; bool due; uint8 trigger; uint256 minDrift; uint256 maxAge; uint256 maxSlippage; uint256 maxLoss; int256 nav; uint256 totalSupply; uint256 cash; uint256 reserve; Greeks book; uint256[] legs; Pillar[] pillars; uint256 surfacePostedAt; VenueState[] venues; }",
  "function snapshot(address vault) view returns (Snapshot)",
]);

/** What the keeper calls on the vault, and what the vault says of it, and the option book where it refuses. */
export const vaultAbi = parseAbi([
  "struct HedgeLeg { uint8 venue; int256 dDelta; uint256 limitPrice; }",
  "function rebalance(HedgeLeg[] legs, uint64 rebalanceNonce, uint256 deadline, uint256 maxLoss)",
  "function authority() view returns (address)",
  "event Rebalanced(uint64 indexed rebalanceNonce, int256 driftBefore, int256 driftAfter, int256 navBefore, int256 navAfter, uint256 price)",
  "event LegExecuted(uint64 indexed rebalanceNonce, uint8 indexed venue, int256 requested, int256 filled, int256 cashDelta)",
  "event SeriesSettled(uint256 indexed seriesId, int256 quantity, uint256 received)",
  "event QueueProcessed(uint256 shares, uint256 assets)",
  "event BreachRecorded(int256 drift)",
  "event BreachEnded()",
  "error TooManyLegs()",
  "error WrongRebalanceNonce(uint64 expected)",
  "error DeadlinePassed(uint256 deadline)",
  "error OracleUnfit()",
  "error NothingDue()",
  "error Overfilled(int256 requested, int256 filled)",
  "error DriftNotReduced(int256 driftBefore, int256 driftAfter)",
  "error MarginWorsened(uint8 venue)",
  "error LossTooLarge(int256 loss, uint256 maxLoss)",
  "error BudgetExceeded(uint8 use, uint256 asked, uint256 left)",
  "error NoBreach()",
  "error AlreadyRecorded(uint256 at)",
  "error NotOpen()",
  "error NothingToProcess()",
  "error UnknownSeries(uint256 seriesId)",
  "error NotExpired(uint40 expiry)",
  "error AlreadySettled(uint40 expiry)",
  "error NotSettled(uint40 expiry)",
  "error InvalidRoundProof()",
  "error InsufficientGas(uint256 needed)",
  "error FallbackTooEarly(uint256 from)",
  "error BalanceOutOfRange()",
  "error OnlyVault()",
  "error OnlyPool()",
  "error AccessManagedUnauthorized(address caller)",
  "error AccessManagedRequiredDelay(address caller, uint32 delay)",
  "error EnforcedPause()",
  "error ReentrancyGuardReentrantCall()",
  "error SafeERC20FailedOperation(address token)",
]);

/** Whether an account may call a function of the vault. */
export const accessManagerAbi = parseAbi([
  "function canCall(address caller, address target, bytes4 selector) view returns (bool immediate, uint32 delay)",
]);
