// Operators with random attributes, shapes and values: derivatives against central differences, and ONNX Runtime against
// the reference, unchanged, simplified and inside a Loop. TRAINSCOPE_FUZZ_SEED and TRAINSCOPE_FUZZ_FACTOR change the draws.
import { describe, expect, it } from "vitest";
import { findOp, type OpName, ops } from "../../src/graph/ops/index.js";
import { seed as firstSeed, runs, timeout } from "../fuzz/series.js";
import { arithmeticCases } from "./arithmetic.js";
import { faultOf } from "./check.js";
import { dice } from "./dice.js";
import { movementCases } from "./movement.js";
import { windowCases } from "./windows.js";

const drawn = { ...arithmeticCases, ...movementCases, ...windowCases };

/** Differentiable operators whose forms are all tested elsewhere. */
const elsewhere = ["Cast", "CastLike", "Col2Im", "EyeLike", "GlobalLpPool", "Identity"];

describe("random operators", () => {
  it("include every differentiable operator", () => {
    const differentiable = (Object.keys(ops) as OpName[]).filter((name) => ops[name].vjp !== "none");
    expect(differentiable.filter((name) => !(name in drawn)).sort()).toEqual(elsewhere);
  });

  it.each(Object.entries(drawn))("%s", { timeout }, async (name, draw) => {
    const faults: string[] = [];
    for (let i = 0; i < runs(6); i++) {
      const made = draw(dice(firstSeed + i, name));
      const text = JSON.stringify({ inputs: made.inputs.map((given) => given?.shape), attrs: made.attrs });
      const fault = await faultOf(findOp(name)!, { name: `random ${i}`, ...made });
      if (fault !== undefined) faults.push(`seed ${firstSeed + i}, ${text}: ${fault}`);
    }
    expect(faults).toEqual([]);
  });
});
