/**
 * Whether the contracts carry what counts coverage or switches mutants: their gas and size are not those deployed. The
 * commands that instrument them say so to the tests.
 */
export const IS_INSTRUMENTED = process.env["KEEL_INSTRUMENTED"] === "1";
