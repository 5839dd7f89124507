import { describe, expect, test } from "vitest";
import { testStoreContract } from "../../src/study/store/contract/store-contract.js";
import type { RunStore } from "../../src/study/store/store.js";
import { memoryShelf, memoryStore } from "./memory-store.js";

describe("memory store", () => {
  testStoreContract({ test, expect }, async () => {
    const shelf = memoryShelf();
    const names = new Map<RunStore, string>();
    return {
      open: async () => {
        const name = `process ${names.size}`;
        const store = memoryStore(shelf, name);
        names.set(store, name);
        return store;
      },
      kill: (store) => void shelf.dead.add(names.get(store) ?? ""),
      dispose: async () => undefined,
    };
  });
});
