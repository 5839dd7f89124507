import { describe, expect, test } from "vitest";
import { memoryShelf, memoryStore } from "./memory-store.js";
import { testStoreContract } from "./store-contract.js";

describe("memory store", () => {
  testStoreContract({ test, expect }, async () => {
    const shelf = memoryShelf();
    const names = new Map();
    return {
      open: async () => {
        const store = memoryStore(shelf, `process ${names.size}`);
        names.set(store, `process ${names.size}`);
        return store;
      },
      kill: (store) => void shelf.dead.add(names.get(store)),
      dispose: async () => undefined,
    };
  });
});
