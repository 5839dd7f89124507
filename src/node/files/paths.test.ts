import { describe, expect, test } from "vitest";
import { checkpointFile, trainscopePaths } from "./paths.js";

const on = (platform: string, environment: Record<string, string> = {}, userHome = "/home/ada") =>
  trainscopePaths({ platform, environment, userHome });

describe("folders", () => {
  test("follow the conventions of each platform", () => {
    expect(on("linux")).toEqual({
      state: "/home/ada/.local/state/trainscope",
      cache: "/home/ada/.cache/trainscope",
      data: "/home/ada/.cache/trainscope/data",
      store: "/home/ada/.local/state/trainscope/store.sqlite",
      checkpoints: "/home/ada/.local/state/trainscope/checkpoints",
      artifacts: "/home/ada/.local/state/trainscope/artifacts",
    });
    expect(on("darwin", {}, "/Users/ada")).toMatchObject({
      state: "/Users/ada/Library/Application Support/trainscope",
      cache: "/Users/ada/Library/Caches/trainscope",
    });
    const windows = on("win32", { LOCALAPPDATA: "D:\\Local" }, "C:\\Users\\ada");
    expect(windows).toMatchObject({
      state: "D:\\Local\\trainscope\\state",
      data: "D:\\Local\\trainscope\\cache\\data",
    });
  });

  test("are the XDG folders if those are set and absolute, on macOS too", () => {
    const environment = { XDG_STATE_HOME: "/big/state", XDG_CACHE_HOME: "relative/cache" };
    expect(on("darwin", environment)).toMatchObject({
      state: "/big/state/trainscope",
      cache: "/home/ada/Library/Caches/trainscope",
    });
  });

  test("are all inside TRAINSCOPE_HOME if it is set, which must be absolute", () => {
    const environment = { TRAINSCOPE_HOME: "/lab", XDG_STATE_HOME: "/big", XDG_CACHE_HOME: "/big" };
    expect(on("linux", environment)).toMatchObject({ store: "/lab/store.sqlite", data: "/lab/cache/data" });
    expect(() => on("linux", { TRAINSCOPE_HOME: "lab" })).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: TRAINSCOPE_HOME: not an absolute path: expected an absolute path, received lab]`,
    );
  });
});

test("a checkpoint is named after its trial, and no trial can name a file outside the folder", () => {
  const paths = on("linux", { TRAINSCOPE_HOME: "/lab" });
  expect(checkpointFile(paths, "0123456789abcdef")).toBe("/lab/checkpoints/0123456789abcdef.safetensors");
  expect(() => checkpointFile(paths, "../../etc/passwd")).toThrow("not the name of a trial");
});
