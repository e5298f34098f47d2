/** Stress windows of ETH, UTC days: crashes, a depeg of the dollar, a flash crash, and the rallies after them. */
export const STRESS_WINDOWS = [
  ["2020-03-11", "2020-03-13"],
  ["2021-05-18", "2021-05-23"],
  ["2022-05-08", "2022-05-13"],
  ["2022-06-12", "2022-06-19"],
  ["2022-11-07", "2022-11-11"],
  ["2023-03-10", "2023-03-13"],
  ["2023-08-16", "2023-08-18"],
  ["2024-08-03", "2024-08-07"],
  ["2025-02-01", "2025-02-04"],
] as const;

export type StressWindow = (typeof STRESS_WINDOWS)[number];
