// Where the program keeps its files on this machine: results in the state folder, downloads in the cache folder.
import { homedir } from "node:os";
import { isAbsolute, join, posix, win32 } from "node:path";
import { InvalidInputError } from "../../core/errors.js";

export interface Paths {
  /** Results that must survive: the run store and its checkpoints. */
  readonly state: string;
  /** Files that can be downloaded or created again. */
  readonly cache: string;
  /** Downloaded data sets, one folder each: `<cache>/data`. */
  readonly data: string;
  /** The run store: `<state>/store.sqlite`. */
  readonly store: string;
  /** Checkpoints of trials: `<state>/checkpoints`. */
  readonly checkpoints: string;
  /** Data sets and other bytes that several processes open, by their SHA-256: `<state>/artifacts`. */
  readonly artifacts: string;
}

export interface PathsOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly platform?: string;
  /** Home folder of the user. */
  readonly userHome?: string;
}

/**
 * The folders of the current user. They are not created here.
 *
 * `TRAINSCOPE_HOME` overrides everything (state in it, cache in `<it>/cache`). Otherwise `XDG_STATE_HOME` and
 * `XDG_CACHE_HOME` apply if set, on every platform; then the platform's defaults: `~/.local/state` and `~/.cache` on
 * Linux, `~/Library/Application Support` and `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on Windows. Relative XDG
 * paths are ignored, as the XDG Base Directory Specification 0.8 requires.
 * @throws InvalidInputError if `TRAINSCOPE_HOME` is not an absolute path.
 */
export function trainscopePaths(options: PathsOptions = {}): Paths {
  const { environment = process.env, platform = process.platform, userHome = homedir() } = options;
  const path = options.platform === undefined ? { join, isAbsolute } : platform === "win32" ? win32 : posix;
  const { state, cache } = baseFolders(environment, platform, userHome, path);
  return {
    state,
    cache,
    data: path.join(cache, "data"),
    store: path.join(state, "store.sqlite"),
    checkpoints: path.join(state, "checkpoints"),
    artifacts: path.join(state, "artifacts"),
  };
}

/** The checkpoint of a trial: `<state>/checkpoints/<trial>.safetensors`. */
export function checkpointFile(paths: Paths, trial: string): string {
  // Trial names are hashes, but anyone may have edited the store file.
  if (!/^[0-9a-f]{8,64}$/.test(trial)) {
    throw new InvalidInputError("not the name of a trial", {
      where: paths.checkpoints,
      expected: "hexadecimal digits",
      received: trial,
    });
  }
  return join(paths.checkpoints, `${trial}.safetensors`);
}

function baseFolders(
  environment: Readonly<Record<string, string | undefined>>,
  platform: string,
  userHome: string,
  path: { join(...parts: string[]): string; isAbsolute(path: string): boolean },
): { state: string; cache: string } {
  const override = environment.TRAINSCOPE_HOME;
  if (override !== undefined && override !== "") {
    if (!path.isAbsolute(override)) {
      throw new InvalidInputError("not an absolute path", {
        where: "TRAINSCOPE_HOME",
        expected: "an absolute path",
        received: override,
      });
    }
    return { state: override, cache: path.join(override, "cache") };
  }
  const absolute = (value: string | undefined): string | undefined =>
    value !== undefined && path.isAbsolute(value) ? path.join(value, "trainscope") : undefined;
  const local = absolute(environment.LOCALAPPDATA) ?? path.join(userHome, "AppData", "Local", "trainscope");
  const library = path.join(userHome, "Library");
  const platformFolders =
    platform === "win32"
      ? { state: path.join(local, "state"), cache: path.join(local, "cache") }
      : platform === "darwin"
        ? {
            state: path.join(library, "Application Support", "trainscope"),
            cache: path.join(library, "Caches", "trainscope"),
          }
        : {
            state: path.join(userHome, ".local", "state", "trainscope"),
            cache: path.join(userHome, ".cache", "trainscope"),
          };
  return {
    state: absolute(environment.XDG_STATE_HOME) ?? platformFolders.state,
    cache: absolute(environment.XDG_CACHE_HOME) ?? platformFolders.cache,
  };
}
