// The contract of run stores as a test suite for every adapter. The test framework is passed in.
import { trialId } from "../../../train/spec/trial-spec.js";
import type { ContractTools, StoreContract, StoreWorld } from "./contract-case.js";
import { leaseContract } from "./lease-contract.js";
import { measurementContract } from "./measurement-contract.js";
import { runContract } from "./run-contract.js";
import { exampleRun, exampleTrial } from "./store-examples.js";

/** Registers the tests. `makeWorld` is called once per test. */
export function testStoreContract({ test, expect }: ContractTools, makeWorld: () => Promise<StoreWorld>): void {
  const contracts: readonly StoreContract[] = [runContract, leaseContract, measurementContract];
  for (const [name, body] of contracts.flatMap((contract) => Object.entries(contract))) {
    test(name, async () => {
      const world = await makeWorld();
      try {
        const store = await world.open();
        const run = await store.createRun(exampleRun);
        await store.addTrials(run.id, "main", [exampleTrial(0)]);
        await body({ world, store, run: run.id, id: trialId(exampleTrial(0).spec), expect });
      } finally {
        await world.dispose();
      }
    });
  }
}
