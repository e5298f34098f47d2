import type { Hex } from "viem";

/** Hardhat's accounts 2, the keeper of the fixture, and 1. Everybody knows them. */
export const KEEPER_KEY: Hex = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a";
export const OTHER_KEY: Hex = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
