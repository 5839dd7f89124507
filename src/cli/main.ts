#!/usr/bin/env node
// The command `trainscope`.
import { runCli } from "./run-cli.js";
import { processTerminal } from "./terminal.js";

// Not process.exit, because output to a pipe must still arrive.
process.exitCode = await runCli(process.argv.slice(2), { terminal: processTerminal() });
