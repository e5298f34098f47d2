// Hardhat has Node load a compiler into each process that runs test files, by way of the environment. The commands that tests start run
// as a user's do, without it.
delete process.env["NODE_OPTIONS"];
